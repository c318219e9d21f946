"""Live pre-annotation on the real server: tasks are predicted as they are opened, and annotations are learnt from."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from http.client import HTTPConnection
from itertools import count, islice
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from feint.annotation.answer import Answer, Mark
from feint.annotation.server import Server
from feint.annotation.shown import shown
from feint.annotation.studio import Studio
from feint.annotation.tasks import phrases, result, task
from feint.corpus.contrast import family
from feint.corpus.errors import ConfigError, InputError, StudioError
from feint.corpus.rows import from_row
from feint.corpus.transcript import Transcript
from feint.models import Detector
from feint.models.fitting import Example
from feint.models.vectors import VectorCache
from feint.pipeline.assist.app import LARGEST
from feint.pipeline.assist.assistant import Assistant
from feint.pipeline.assist.serving import assisting, served
from feint.pipeline.preannotation import model, preannotation

SOON = 60.0
_number = count(1)


@pytest.fixture(scope="module")
def transcripts(rows: list[dict[str, Any]]) -> list[Transcript]:
    """The few, faking and not in turns."""
    found = [from_row({key: row[key] for key in ("id", "messages")}, "", "") for row in rows]
    assert all(isinstance(one, Transcript) for one in found)
    return found  # type: ignore[return-value]


@pytest.fixture
def assistant(detector: Detector, tmp_path: Path) -> Assistant:
    return Assistant(model(detector), partial(VectorCache(tmp_path / "vectors.sqlite").encode, chunk=16))


@pytest.fixture
def project(studio: Server, transcripts: list[Transcript]) -> Iterator[Studio]:
    """A project of its own, with the few as its tasks."""
    with Studio(studio.url, studio.account.token) as there:
        there.make(f"Assist {next(_number)}")
        there.send([task(one) for one in transcripts])
        yield there


@pytest.fixture
def api(studio: Server) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Token {studio.account.token}"}
    with httpx.Client(base_url=f"{studio.url}/api", headers=headers, timeout=60) as client:
        yield client


def numbers(there: Studio) -> dict[str, int]:
    """Label Studio's task for each transcript."""
    return {str(one.transcript_id): one.task for one in there.held()}


def annotate(api: httpx.Client, number: int, transcript: Transcript, *, faking: bool) -> None:
    """An annotation from whose marks faking follows, or one without marks."""
    span = next(phrase.span for phrase in phrases(transcript) if phrase.judged)
    slugs = ("modification_consequence", "value_conflict", "preservation_motive") if faking else ()
    marks = tuple(Mark(slug, "endorsed", span, span.quote(transcript)) for slug in slugs)
    said = Answer(transcript.digest, "-", "faking" if faking else "not_faking", 4, marks=marks)
    sent = api.post(f"/tasks/{number}/annotations/", json={"result": result(transcript, said), "lead_time": 9})
    assert sent.status_code == 201


def announced(address: str, length: int) -> int:
    """The status for a request that says it is so long, before a byte of it is sent."""
    asking = HTTPConnection(address.removeprefix("http://"))
    with closing(asking):
        asking.putrequest("POST", "/predict")
        asking.putheader("Content-Length", str(length))
        asking.putheader("Authorization", "Bearer s3cret")
        asking.endheaders()
        return asking.getresponse().status


def soon(holds: Callable[[], object]) -> None:
    end = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_detector_reads_in_a_task_what_it_reads_in_its_transcript(detector: Detector) -> None:
    every = [family.transcript(one, one.transcript[0]) for one in islice(family.families(), None, None, 9)]
    again = [shown(task(one)["data"]) for one in every]
    for transcript, copy, said, told in zip(
        every, again, detector.predict(every), detector.predict(again), strict=True
    ):
        assert told.faking == pytest.approx(said.faking, abs=1e-6)
        assert [region["value"] for region in preannotation(copy, told, "v")["result"]] == [
            region["value"] for region in preannotation(transcript, said, "v")["result"]
        ]


def test_the_same_labels_make_the_same_model_and_others_another(
    assistant: Assistant, transcripts: list[Transcript], detector: Detector
) -> None:
    base = assistant.version
    few = [Example(one, bool(at % 2), str(at)) for at, one in enumerate(transcripts[:8])]
    assert assistant.learn(few)
    first = assistant.version
    assert first.startswith(f"{base}+8-")
    assert not assistant.learn(few[::-1])
    assert assistant.learn([replace(one, label=not one.label) for one in few])
    assert assistant.version not in (base, first)
    moved = assistant.predict([task(transcripts[0])])[0]
    assert moved["model_version"] == assistant.version
    assert moved["score"] != preannotation(transcripts[0], detector.predict(transcripts[:1])[0], "v")["score"]


def test_labels_of_one_kind_change_nothing(assistant: Assistant, transcripts: list[Transcript]) -> None:
    base = assistant.version
    with pytest.raises(InputError, match="2 labels, all false"):
        assistant.learn([Example(one, False, one.id) for one in transcripts[:2]])
    assert assistant.version == base


def test_a_task_that_cannot_be_judged_gets_an_empty_prediction_in_its_place(
    assistant: Assistant, transcripts: list[Transcript]
) -> None:
    user = {"data": {"messages": [{"author": "user", "text": "Hello."}]}}
    given = [{"data": {"text": "of others"}}, task(transcripts[0]), user, task(transcripts[0])]
    first, second, third, fourth = assistant.predict(given)
    assert first == third == {"result": [], "score": 0.0, "model_version": assistant.version}
    assert second == fourth
    assert second["result"][-1]["from_name"] == "verdict"


def test_it_speaks_the_protocol_and_refuses_what_it_must(assistant: Assistant, transcripts: list[Transcript]) -> None:
    hint = Event()
    with served(assistant, hint, token="s3cret") as address, httpx.Client(base_url=address) as asking:
        known = {"auth": ("feint", "s3cret")}
        assert asking.get("/health", **known).json()["status"] == "UP"
        assert asking.post("/setup", json={"project": "1.1"}, **known).json() == {"model_version": assistant.version}
        bearer = {"Authorization": "Bearer s3cret"}
        answer = asking.post("/predict", json={"tasks": [task(transcripts[0])]}, headers=bearer).json()
        assert answer["results"] == assistant.predict([task(transcripts[0])])
        assert asking.post("/predict", json={"tasks": "all"}, **known).status_code == 422
        assert asking.post("/predict", content=b"{", **known).status_code == 422
        assert asking.get("/health", auth=("feint", "guessed")).status_code == 401
        assert asking.get("/health").status_code == 401
        assert asking.get("/health", headers={"Host": "rebound.example.org"}, **known).status_code == 400
        assert announced(address, LARGEST + 1) == 413
        assert asking.post("/predict", content=iter([b"{}"]), **known).status_code == 411
        assert asking.post("/webhook", json={"action": "PROJECT_UPDATED"}).status_code == 200
        assert asking.post("/webhook", content=b"[]").status_code == 200
        assert not hint.is_set()
        assert asking.post("/webhook", json={"action": "ANNOTATION_CREATED"}).status_code == 200
        assert hint.is_set()


def test_without_a_token_it_stays_on_the_loopback_and_on_a_free_port(assistant: Assistant) -> None:
    with pytest.raises(ConfigError, match="other machines; set a token"), served(assistant, Event(), host="0.0.0.0"):
        pass
    with served(assistant, Event()) as address:
        port = int(address.rpartition(":")[2])
        with (
            pytest.raises(StudioError, match=f"cannot listen on 127.0.0.1:{port}: Address"),
            served(assistant, Event(), port=port),
        ):
            pass


def test_tasks_are_predicted_when_they_are_opened_and_annotations_are_learnt_from(
    project: Studio, assistant: Assistant, api: httpx.Client, transcripts: list[Transcript]
) -> None:
    base, told = assistant.version, []
    tasks = numbers(project)
    with assisting(project, assistant, token="s3cret", told=told.append, rest=0.5):
        opened = api.get(f"/tasks/{tasks[transcripts[0].digest]}/").json()
        (said,) = opened["predictions"]
        assert said["model_version"] == base
        assert said["result"] == assistant.predict([opened])[0]["result"]

        annotate(api, tasks[transcripts[0].digest], transcripts[0], faking=True)
        soon(lambda: any("1 labels, all true" in words for words in told))
        assert assistant.version == base

        for at, one in enumerate(transcripts[1:6], start=1):
            annotate(api, tasks[one.digest], one, faking=at % 2 == 0)
        soon(lambda: assistant.version.startswith(f"{base}+6-"))
        soon(lambda: api.get(f"/projects/{project.project}/").json()["model_version"] == assistant.version)
        following = api.get(f"/projects/{project.project}/next/").raise_for_status().json()
        assert {one["model_version"] for one in following["predictions"]} == {assistant.version}

        before = assistant.version
        mine = api.get(f"/tasks/{tasks[transcripts[2].digest]}/annotations/").json()
        assert api.delete(f"/annotations/{mine[0]['id']}/").status_code == 204
        soon(lambda: assistant.version != before)
        assert assistant.version.startswith(f"{base}+5-")

    assert api.get("/ml/", params={"project": project.project}).json() == []
    assert api.get("/webhooks/", params={"project": project.project}).json() == []
    later = api.get(f"/projects/{project.project}/next/").raise_for_status().json()
    assert later["id"] not in {tasks[one.digest] for one in transcripts[:2]}


def test_what_an_annotator_that_ended_badly_left_behind_is_taken_away(
    project: Studio, assistant: Assistant, api: httpx.Client
) -> None:
    with served(assistant, Event()) as gone:
        project.connect_model(gone, assistant.version)
    with assisting(project, assistant) as address:
        (held,) = api.get("/ml/", params={"project": project.project}).json()
        assert (held["url"], held["title"], held["state"]) == (address, assistant.version, "CO")
        hooks = api.get("/webhooks/", params={"project": project.project}).json()
        assert [hook["url"] for hook in hooks] == [f"{address}/webhook"]


def test_an_address_that_the_server_may_not_ask_is_named(project: Studio) -> None:
    with pytest.raises(
        StudioError, match=r"may not ask http://10\.1\.2\.3:9, .*; start it with 'feint studio --assist'"
    ):
        project.connect_model("http://10.1.2.3:9", "feint-away")


def test_the_command_connects_itself_and_leaves_nothing_when_it_is_ended(
    studio: Server, project: Studio, api: httpx.Client, command: tuple[str, ...], free_port: Callable[[], int], tmp_path: Path,
    transcripts: list[Transcript],
) -> None:  # fmt: skip
    title = api.get(f"/projects/{project.project}/").json()["title"]
    port = free_port()
    around = os.environ | {"LABEL_STUDIO_URL": studio.url, "LABEL_STUDIO_API_KEY": studio.account.token}
    evident = next(one for one in transcripts if one.id == "tax-helper-faking")
    running = subprocess.Popen(
        [*command, "serve-annotator", "--project", title, "--port", str(port)],
        cwd=tmp_path, env=around, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert running.stdout
        assert running.stdout.readline() == f"http://127.0.0.1:{port}\n"
        opened = api.get(f"/tasks/{numbers(project)[evident.digest]}/").json()
    finally:
        running.send_signal(signal.SIGTERM)
        told = running.communicate(timeout=60)[1]
    assert running.returncode == 0, told
    assert told.endswith("stopped\n")
    assert studio.account.token not in told
    (said,) = opened["predictions"]
    assert said["model_version"].startswith("feint-specific-")
    marked = [one["value"] for one in said["result"] if one["type"] == "paragraphlabels"]
    assert marked
    assert all(one["text"] in opened["data"]["messages"][int(one["start"])]["text"] for one in marked)
    assert api.get("/ml/", params={"project": project.project}).json() == []
