"""A project on a Label Studio, spoken to through its SDK: read again and again if need be, written never twice."""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from feint.annotation import codebook
from feint.annotation.interface import interface
from feint.annotation.sync import Held
from feint.corpus.errors import MissingExtra, StudioError

PAGE = 1000
"""Tasks listed in one request."""
EXPORTED = 200
"""Tasks exported in one request: their numbers stand in the address, which proxies cut at 8 kB."""
NAMED = 20
"""Transcripts asked for in one request: their names stand in the address, too."""
WAIT = 60.0
"""Most seconds to wait before asking again, whatever the server says."""
_TRANSIENT = {408, 409, 425, 429, 500, 502, 503, 504}

Answer = TypeVar("Answer")


class Unsure(StudioError):
    """Something was sent and no answer came: it may have been carried out or not. Look before sending again."""


class Studio:
    """One project of a Label Studio.

    What only reads, or does the same when it is done twice, is asked again after a dropped connection, a 429 or a 5xx,
    for as long as `patience` seconds, and `told` hears of it; a `Retry-After` is kept to. What creates is sent once, and `Unsure` is raised
    where nobody knows what became of it.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        patience: float = 60.0,
        told: Callable[[str], None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        client, self._refused = sdk()
        self.url = url.rstrip("/")
        self._patience = patience
        self._told = told
        self._sleep = sleep
        host = urlsplit(self.url).hostname or ""
        # A proxy set for the outside world does not lead to this machine.
        self._http = httpx.Client(
            timeout=httpx.Timeout(300, connect=10), trust_env=host not in ("127.0.0.1", "localhost", "::1")
        )
        try:
            # The SDK would repeat a POST that may have been carried out: when to ask again is decided here.
            self._client: Any = client(base_url=self.url, api_key=token, httpx_client=self._http, max_retries=0)
        except self._refused as error:
            raise self._said(error) from error
        self.project = 0
        """Number of the project, once it is found or made; 0 before."""
        self.created_at = ""

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def __enter__(self) -> "Studio":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def find(self, title: str) -> bool:
        """Look for the project of that title; whether it is there.

        StudioError where the server is down, refuses the token, or has two projects of that title.
        """
        self._asked(lambda: self._client.users.whoami(), "whoami", patience=0)
        found = self._asked(lambda: list(self._client.projects.list(title=title, page_size=100)), "projects")
        same = [one for one in found if one.title == title]
        if len(same) > 1:
            raise StudioError(f"{self.url} has {len(same)} projects called {title!r}; rename all but one")
        if same:
            self.project, self.created_at = int(same[0].id or 0), str(same[0].created_at)
        return bool(same)

    def make(self, title: str) -> None:
        """Make a project of that title, with the labelling page and the codebook."""
        made = self._sent(lambda: self._client.projects.create(title=title, **self._settings()), "the project")
        self.project, self.created_at = int(made.id or 0), str(made.created_at)

    def configure(self) -> bool:
        """Give the project this version's labelling page and codebook, where it has others; whether it had.

        StudioError where annotations answer questions that this version does not ask; the server keeps the page.
        """
        now = self._asked(lambda: self._client.projects.get(self.project), "project")
        wanted = self._settings()
        if all(getattr(now, key) == value for key, value in wanted.items()):
            return False
        self._asked(lambda: self._client.projects.update(self.project, **wanted), "labelling page")
        return True

    @staticmethod
    def _settings() -> dict[str, Any]:
        return {
            "label_config": interface(),
            "expert_instruction": codebook.html(),
            "show_instruction": True,
            "enable_empty_annotation": False,
        }

    def held(self, *, versions: bool = False) -> list[Held]:
        """Every task without its words, by number; with `versions`, which models have predicted it, at three times the cost.

        Each page begins after the last number of the one before, so that nothing is missed while others add and delete.
        Without a project there is none.
        """
        include = "id,updated_at,meta,total_annotations,cancelled_annotations"
        also = {"fields": "all"} if versions else {}
        include += ",draft_exists,predictions_model_versions" if versions else ""
        found: list[Held] = []
        full = bool(self.project)
        while full:
            after = found[-1].task if found else 0
            rows = self._page(after, include, **also)
            foreign = any("feint" not in (row.get("meta") or {}) for row in rows)
            words = self._words(after) if foreign else {}
            found += [_held(row, words.get(row["id"])) for row in rows]
            full = len(rows) == PAGE
        return found

    def _words(self, after: int) -> dict[int, str]:
        """Which transcripts a page of tasks shows, read from their data: for those that others have imported."""
        named = {row["id"]: (row.get("data") or {}).get("transcript_id") for row in self._page(after, "id,data")}
        return {number: name for number, name in named.items() if isinstance(name, str)}

    def _page(self, after: int, include: str, **also: str) -> list[dict[str, Any]]:
        """The tasks after a number. The SDK's models take four times as long to read them."""
        later = {"filter": "filter:tasks:id", "operator": "greater", "type": "Number", "value": after}
        query = {"filters": {"conjunction": "and", "items": [later]}, "ordering": ["tasks:id"]}
        params = {"project": self.project, "page_size": PAGE, "include": include, "query": json.dumps(query), **also}
        rows: list[dict[str, Any]] = self._read("api/tasks/", params)["tasks"]
        return rows

    def exported(self, tasks: Sequence[int], *, unannotated: bool = False) -> Iterator[dict[str, Any]]:
        """Tasks with their words and annotations, some at a time; those that nobody has annotated only where asked for.

        The SDK's own export cannot choose tasks and holds all of them.
        """
        for start in range(0, len(tasks), EXPORTED):
            params = {
                "exportType": "JSON",
                "download_all_tasks": str(unannotated).lower(),
                "ids[]": list(tasks[start : start + EXPORTED]),
            }
            yield from self._read(f"api/projects/{self.project}/export", params)

    def showing(self, transcripts: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The tasks that show these transcripts, whole, by transcript; of two for one, the older."""
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(transcripts), NAMED):
            items = [
                {"filter": "filter:tasks:data.transcript_id", "operator": "equal", "type": "String", "value": name}
                for name in transcripts[start : start + NAMED]
            ]
            query = json.dumps({"filters": {"conjunction": "or", "items": items}, "ordering": ["-tasks:id"]})
            params = {"project": self.project, "page": 1, "page_size": PAGE, "fields": "all", "query": query}
            found |= {task["data"]["transcript_id"]: task for task in self._read("api/tasks/", params)["tasks"]}
        return found

    def settings(self) -> dict[str, Any]:
        """All that the project is set to."""
        found: dict[str, Any] = self._read(f"api/projects/{self.project}/", {})
        return found

    def set(self, **settings: Any) -> None:
        """Change what the project is set to."""
        self._patch(f"api/projects/{self.project}/", settings)

    def rescore(self, prediction: int, score: float) -> None:
        """Give a prediction another score."""
        self._patch(f"api/predictions/{prediction}/", {"score": score})

    def want(self, task: int, readers: int, *, done: bool) -> None:
        """Have a task served until so many have annotated it; Label Studio does not open a finished one by itself."""
        self._patch(f"api/tasks/{task}/", {"overlap": readers, "is_labeled": done})

    def worked_on(self, task: int) -> bool:
        """Whether anybody has annotated, skipped or begun a task, asked of the server now; also where it is gone."""
        found = self._read(f"api/tasks/{task}/", {}, missing=True)
        return found is None or bool(_work(found))

    def annotators(self) -> dict[int, str]:
        """E-mail addresses by number."""
        users = self._asked(lambda: self._client.users.list(), "users")
        return {int(user.id): str(user.email) for user in users}

    def invitation(self) -> str:
        """The address at which other annotators sign up."""
        return f"{self.url}{self._read('api/invite', {})['invite_url']}"

    def send(self, tasks: Sequence[Mapping[str, Any]]) -> None:
        """Import tasks; all of them or none. Unsure where no answer came."""
        self._sent(
            lambda: self._client.projects.import_tasks(self.project, request=tasks),
            f"{len(tasks)} tasks",
        )

    def predict(self, predictions: Sequence[Mapping[str, Any]]) -> None:
        """Add predictions to tasks that are there, each with its `task`; all of them or none. Unsure where no answer came."""
        self._sent(
            lambda: self._client.projects.import_predictions(self.project, request=predictions),
            f"{len(predictions)} predictions",
        )

    def show_version(self, version: str) -> None:
        """Let annotators see the predictions of one model."""
        self._asked(lambda: self._client.projects.update(self.project, model_version=version), "model")

    def connect_model(self, address: str, version: str, token: str | None = None) -> None:
        """Let Label Studio ask the model behind the address about each task that is opened, as the model of this version.

        Its title is its version: by that name Label Studio finds the predictions to show and to order tasks by. What an
        annotator at another address has left behind, which ended without saying so, is taken away. StudioError where the
        server does not reach the address, or may not.
        """
        wanted: dict[str, Any] = {"project": self.project, "url": address, "title": version, "auth_method": "NONE"}
        if token:
            wanted |= {"auth_method": "BASIC_AUTH", "basic_auth_user": "feint", "basic_auth_pass": token}
        held = self._models()
        for one in held:
            if one.url != address and str(one.title).startswith("feint-"):
                self._forget_model(one)
        same = [int(one.id) for one in held if one.url == address]
        if same:
            self._asked(lambda: self._client.ml.update(same[0], **wanted), "the model")
        else:
            try:
                self._sent(lambda: self._client.ml.create(**wanted), "the model")
            except StudioError as error:
                if "reserved network" not in str(error):
                    raise
                raise StudioError(
                    f"{self.url} may not ask {address}, which its guard against requests to inner networks says; start it "
                    "with 'feint studio --assist', or take that network off the ones it bans"
                ) from error
        self.show_version(version)

    def disconnect_model(self, address: str, version: str) -> None:
        """Ask that model no more; what it has predicted is shown as before."""
        for one in self._models():
            if one.url == address:
                self._forget_model(one)
        try:
            self.show_version(version)
        except StudioError as error:
            if getattr(error.__cause__, "status_code", None) != 400:  # which says that it has predicted nothing
                raise

    def _forget_model(self, model: Any) -> None:
        """The model, and the webhook that Label Studio made with it and would leave behind."""
        self._gone_is_fine(partial(self._client.ml.delete, int(model.id)))
        for hook in self._asked(lambda: self._client.webhooks.list(project=str(self.project)), "webhooks"):
            if str(hook.url) == f"{model.url}/webhook":
                self._gone_is_fine(partial(self._client.webhooks.delete, int(hook.id)))

    def _models(self) -> list[Any]:
        return list(self._asked(lambda: self._client.ml.list(project=self.project), "models"))

    def change(self, task: int, data: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
        """Give a task other words; predictions that were for the earlier ones go."""
        held = self._read(f"api/tasks/{task}/", {}, missing=True) or {}
        for prediction in held.get("predictions", ()):
            number = int(prediction["id"])
            self._gone_is_fine(partial(self._client.predictions.delete, number))
        self._asked(
            lambda: self._client.tasks.update(str(task), data=dict(data), meta=dict(meta)),
            f"task {task}",
        )

    def delete(self, task: int) -> None:
        """Delete a task; one that is gone is gone."""
        self._gone_is_fine(lambda: self._client.tasks.delete(str(task)))

    def _gone_is_fine(self, ask: Callable[[], Answer]) -> None:
        try:
            self._asked(ask, "delete")
        except StudioError as error:
            if getattr(error.__cause__, "status_code", None) != 404:
                raise

    def _read(self, path: str, params: Mapping[str, Any], *, missing: bool = False) -> Any:
        """What a GET by the SDK's connection and token gives; none for a 404 where that may be."""
        return self._asked(lambda: self._raw("GET", path, missing=missing, params=params), path)

    def _patch(self, path: str, body: Mapping[str, Any]) -> None:
        """Change something to the same whether it is done once or twice, past the SDK, which knows not every field."""
        self._asked(lambda: self._raw("PATCH", path, json=body), path)

    def _raw(self, method: str, path: str, *, missing: bool = False, **what: Any) -> Any:
        answer: httpx.Response = self._client._client_wrapper.httpx_client.request(path, method=method, **what)
        if missing and answer.status_code == 404:
            return None
        if answer.is_error:
            raise self._refused(status_code=answer.status_code, headers=dict(answer.headers), body=_body(answer))  # type: ignore[call-arg]
        return _body(answer, strict=True)

    def _sent(self, send: Callable[[], Answer], what: str) -> Answer:
        """Send what creates something, once; again only after a 429, which says that it was not looked at."""
        waited, attempt = 0.0, 0
        while True:
            try:
                return send()
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                raise Unsure(f"nothing answers at {self.url} ({what} not sent)") from error
            except httpx.HTTPError as error:
                raise Unsure(f"{self.url} took {what} and gave no answer: {error or type(error).__name__}") from error
            except self._refused as error:
                status = getattr(error, "status_code", None)
                if status != 429 or waited >= self._patience:
                    said = self._said(error)
                    raise (Unsure(str(said)) if status in _TRANSIENT else said) from error
                waited += self._waits(error, attempt)
                attempt += 1

    def _asked(self, ask: Callable[[], Answer], what: str, patience: float | None = None) -> Answer:
        """Ask for what can be asked twice, until it is answered or the patience is at its end."""
        waited, attempt = 0.0, 0
        patience = self._patience if patience is None else patience
        while True:
            try:
                return ask()
            except httpx.HTTPError as error:
                if waited >= patience:
                    raise self._unreached(error) from error
                waited += self._waits(None, attempt)
            except self._refused as error:
                if getattr(error, "status_code", None) not in _TRANSIENT or waited >= patience:
                    raise self._said(error, what) from error
                waited += self._waits(error, attempt)
            attempt += 1

    def _waits(self, error: Exception | None, attempt: int) -> float:
        """Wait as long as the server asks for, else a little longer every time; how long it was."""
        headers = {key.lower(): value for key, value in (getattr(error, "headers", None) or {}).items()}
        seconds = _retry_after(headers.get("retry-after"), time.time())
        if seconds is None:
            seconds = 0.5 * 2**attempt * random.uniform(0.8, 1.2)  # noqa: S311  so that two who wait do not meet again
        seconds = min(seconds, WAIT)
        if seconds >= 1:
            self._told(f"{self.url} gives no answer; asking again in {seconds:.0f} s")
        self._sleep(seconds)
        return max(seconds, 0.1)

    def _unreached(self, error: httpx.HTTPError) -> StudioError:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return StudioError(
                f"nothing answers at {self.url}; start it with 'feint studio', or name a server with --url"
            )
        return StudioError(f"{self.url} gives no whole answer: {error or type(error).__name__}; try again")

    def _said(self, error: Exception, what: str = "") -> StudioError:
        """What the server said, without its headers, in which a token may stand."""
        status, body = getattr(error, "status_code", None), getattr(error, "body", None)
        words = _words_of(body)
        if status in (401, 403):
            return StudioError(
                f"{self.url} refuses the token ({status}: {words}); give one that holds with --token or "
                "LABEL_STUDIO_API_KEY: on its page 'Account & Settings'"
            )
        return StudioError(f"{self.url} answers {status}{f' to {what}' if what else ''}: {words}")


def sdk() -> tuple[Callable[..., Any], type[Exception]]:
    """The SDK's client and its error; MissingExtra where it is not installed."""
    try:
        from label_studio_sdk.client import LabelStudio
        from label_studio_sdk.core.api_error import ApiError
    except ImportError as error:
        raise MissingExtra("annotate", "talking to Label Studio") from error
    return LabelStudio, ApiError


def _held(row: Mapping[str, Any], words: str | None) -> Held:
    ours = (row.get("meta") or {}).get("feint") or {}
    predicted = (part.strip() for part in str(row.get("predictions_model_versions") or "").split(","))
    return Held(
        row["id"], ours.get("transcript") or words, str(row["updated_at"]), ours.get("name"), ours.get("form"),
        _work(row), frozenset(filter(None, predicted)),
    )  # fmt: skip


def _work(row: Mapping[str, Any]) -> int:
    """Annotations, skips and drafts; drafts are told where everything is asked for."""
    return (
        int(row.get("total_annotations") or 0)
        + int(row.get("cancelled_annotations") or 0)
        + bool(row.get("draft_exists"))
    )


def _retry_after(given: str | None, now: float) -> float | None:
    """Seconds from a Retry-After, which is a number or a date.

    >>> _retry_after("7", 0), _retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 50.0), _retry_after("soon", 0)
    (7.0, 10.0, None)
    """
    try:
        return max(float(given or ""), 0.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(given or "").timestamp() - now, 0.0)
    except ValueError:
        return None


def _body(answer: httpx.Response, *, strict: bool = False) -> Any:
    """What an answer holds, as JSON; other words as they are, or StudioError for them."""
    try:
        return answer.json()
    except ValueError as error:
        if strict:
            raise StudioError(
                f"{answer.url.copy_with(query=None)} answers {answer.text!r:.60}, which is no JSON; is it a Label Studio?"
            ) from error
        return answer.text


def _words_of(body: Any) -> str:
    """What an answer says, in a line."""
    if isinstance(body, dict):
        said = body.get("validation_errors") or body.get("detail") or body
        body = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    text = " ".join(str(body).split())
    return text if len(text) <= 300 else f"{text[:300]} …"
