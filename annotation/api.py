"""Label Studio's API over HTTP, as the queue speaks to it."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from feint.corpus.errors import MissingExtra, StudioError

TIMEOUT = 60.0
"""Seconds to wait for an answer."""


class Api:
    """A connection to one server; `token` is a legacy token or a personal access token."""

    def __init__(self, url: str, token: str) -> None:
        try:
            import httpx
        except ImportError as error:
            raise MissingExtra("annotate", "talking to Label Studio") from error
        self.url = url.rstrip("/")
        host = urlsplit(self.url).hostname or ""
        # A proxy set for the outside world does not lead to this machine.
        outside = host not in ("127.0.0.1", "localhost", "::1")
        self._http = httpx.Client(base_url=f"{self.url}/api/", timeout=TIMEOUT, trust_env=outside)
        self._broken = httpx.HTTPError
        self._authorize(token)

    def __enter__(self) -> "Api":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def get(self, path: str, **parameters: Any) -> Any:
        """What the server holds at a path."""
        return self._asked("GET", path, params=parameters)

    def post(self, path: str, body: Mapping[str, Any] | Sequence[Any]) -> Any:
        """Make something."""
        return self._asked("POST", path, json=body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Change something."""
        return self._asked("PATCH", path, json=body)

    def project(self, title: str) -> int:
        """Number of the project of that title; StudioError unless there is exactly one."""
        found = [one for one in self.get("projects/", title=title, page_size=100)["results"] if one["title"] == title]
        if len(found) != 1:
            raise StudioError(
                f"{self.url} has {len(found)} projects called {title!r}; expected one: 'feint push' makes it"
            )
        return int(found[0]["id"])

    def _authorize(self, token: str) -> None:
        """Personal access tokens (three parts) are exchanged for one that holds some minutes."""
        if token.count(".") == 2:
            access = self._asked("POST", "token/refresh", json={"refresh": token})["access"]
            self._http.headers["Authorization"] = f"Bearer {access}"
        else:
            self._http.headers["Authorization"] = f"Token {token}"

    def _asked(self, method: str, path: str, **what: Any) -> Any:
        try:
            answer = self._http.request(method, path, **what)
        except self._broken as error:
            raise StudioError(
                f"nothing answers at {self.url} ({error or type(error).__name__}); start it with 'feint studio', or "
                "name a server with --url"
            ) from error
        if answer.status_code in (401, 403):
            raise StudioError(
                f"{self.url} refuses the token ({answer.status_code}); give one that holds in LABEL_STUDIO_API_KEY: it is on "
                "its page 'Account & Settings'"
            )
        if answer.is_error:
            raise StudioError(f"{self.url} answers {answer.status_code} to {method} {path}: {answer.text[:200]}")
        return answer.json() if answer.content else None
