"""Faults: whatever happens between here and the real Label Studio, a push and a pull later both agree and nothing is gone."""

import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import polars as pl
import pytest

from feint.annotation import server
from feint.annotation.answer import Answer, Mark
from feint.annotation.interface import interface
from feint.annotation.ledger import LEDGER, Ledger
from feint.annotation.server import Server
from feint.annotation.studio import Studio
from feint.annotation.tasks import result
from feint.corpus.errors import StudioError
from feint.corpus.span import Span
from feint.corpus.transcript import Transcript
from feint.pipeline import pull as pulling
from feint.pipeline import push as pushing
from feint.pipeline.config import Config
from feint.pipeline.gather import gather, transcripts
from feint.pipeline.judged import judged
from feint.pipeline.pull import of_project, pull
from feint.pipeline.push import push
from feint.pipeline.store import Artifact, Store

ANN, BEA = "ann@example.org", "bea@example.org"
Reply = tuple[int, list[tuple[str, str]], bytes]
Act = Callable[[Callable[[], Reply]], Reply | None]
"""What is done about a request: it may forward it, and gives the reply, or none to cut the connection."""


@dataclass
class Fault:
    """An act for the first requests of a method and a path, once `after` of them have passed."""

    method: str
    path: str
    act: Act
    times: int = 1
    after: int = 0


@dataclass
class Wire:
    """A proxy before the real server, on which things can go wrong."""

    behind: str
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def fault(self, method: str, path: str) -> Fault | None:
        """The next fault for a request."""
        for one in self.faults:
            if one.method == method and re.search(one.path, path) and one.times:
                if one.after:
                    one.after -= 1
                    return None
                one.times -= 1
                return one
        return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wire: Wire

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.wire.asked.append(f"{self.command} {urlsplit(self.path).path}")
        fault = self.wire.fault(self.command, self.path)

        def forward() -> Reply:
            there = http.client.HTTPConnection(urlsplit(self.wire.behind).netloc, timeout=60)
            try:
                headers = {key: value for key, value in self.headers.items() if key.lower() not in ("connection",)}
                there.request(self.command, self.path, body or None, headers)
                answer = there.getresponse()
                kept = [(k, v) for k, v in answer.getheaders() if k.lower() in ("content-type", "retry-after")]
                return answer.status, kept, answer.read()
            finally:
                there.close()

        try:
            reply = fault.act(forward) if fault else forward()
        except OSError:
            reply = None
        if reply is None:
            self.close_connection = True
            return
        status, headers, content = reply
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name == "Content-Length" for name, _ in headers):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815  http.server's names

    def log_message(self, *_: Any) -> None:
        pass


def says(status: int, **headers: str) -> Act:
    """Answers without passing it on."""
    given = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return lambda forward: (status, given, b'{"detail": "made to fail"}')


def says_after(status: int) -> Act:
    """Passes it on, and answers something else."""
    return lambda forward: (forward()[0] and status, [], b'{"detail": "made to fail"}')


def cut(forward: Callable[[], Reply]) -> None:
    """Cuts the connection without passing it on."""


def cut_after(forward: Callable[[], Reply]) -> None:
    """Passes it on, and cuts the connection before the answer."""
    forward()


def cut_short(forward: Callable[[], Reply]) -> Reply:
    """Passes it on, and cuts the connection in the middle of the answer."""
    status, headers, content = forward()
    return (
        status,
        [*headers, ("Content-Length", str(len(content))), ("Connection", "close")],
        content[: len(content) // 2],
    )


def then(do: Callable[[], object]) -> Act:
    """Passes it on, and does something before the answer is given."""

    def act(forward: Callable[[], Reply]) -> Reply:
        reply = forward()
        do()
        return reply

    return act


@pytest.fixture
def wired() -> Iterator[Callable[[str], Wire]]:
    """Puts a wire before a server."""
    running = []

    def make(behind: str) -> Wire:
        wire = Wire(behind)
        proxy = ThreadingHTTPServer((server.LOOPBACK, 0), type("Wired", (Handler,), {"wire": wire}))
        proxy.daemon_threads = True
        threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True).start()
        wire.url = f"http://{server.LOOPBACK}:{proxy.server_address[1]}"
        running.append(proxy)
        return wire

    yield make
    for proxy in running:
        proxy.shutdown()
        proxy.server_close()


@dataclass
class Place:
    """A project of a dozen transcripts on a server behind a wire, and where they were gathered."""

    wire: Wire
    studio: Studio
    gathered: Artifact
    config: Config
    store: Store
    waited: list[float]
    token: str

    def transcripts(self) -> list[Transcript]:
        return list(transcripts(self.gathered.path))

    def tasks(self) -> dict[str | None, int]:
        return {held.transcript_id: held.task for held in self.studio.held()}

    def push(self, **options: bool) -> pushing.Pushed:
        return push(self.studio, self.gathered, **options)

    def pull(self, **options: bool) -> pulling.Pulled:
        with Ledger(of_project(self.store, self.studio) / LEDGER) as ledger:
            return pull(self.studio, ledger, **options)

    def on_the_server(self) -> set[tuple[str, int, str]]:
        """Who gave which transcript which verdict, read task by task around everything that is tested here."""
        found = set()
        for held in self.studio.held():
            url = f"{self.wire.behind}/api/tasks/{held.task}/annotations/"
            for one in httpx.get(url, headers={"Authorization": f"Token {self.token}"}).json():
                if not one["was_cancelled"]:
                    verdict = next(item for item in one["result"] if item["from_name"] == "verdict")
                    found.add((held.transcript_id, one["completed_by"], verdict["value"]["choices"][0]))
        return found

    def agrees(self) -> None:
        """A push and a pull later: every transcript has one task, and the tables hold what the server holds."""
        self.wire.faults.clear()
        self.push()
        self.pull()
        shown = [held.transcript_id for held in self.studio.held()]
        assert sorted(map(str, shown)) == sorted(one.digest for one in self.transcripts())
        found = judged(self.config, self.store)
        numbers = {name: number for number, name in self.studio.annotators().items()}
        rows = pl.read_parquet(found / "verdicts.parquet").select("transcript_id", "annotator", "verdict").iter_rows()
        assert {(words, numbers[who], verdict) for words, who, verdict in rows} == self.on_the_server()
        again = self.pull()
        assert (again.read, again.dropped) == (0, 0)


@pytest.fixture
def lines(tmp_path: Path, rows: list[dict[str, Any]]) -> Path:
    """A dozen transcripts without labels."""
    path = tmp_path / "dozen.jsonl"
    kept = [{key: row[key] for key in ("id", "messages")} for row in rows[:12]]
    path.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
    return path


@pytest.fixture
def place(studio: Server, there: Studio, wired, settings, lines: Path, store: Store, monkeypatch) -> Iterator[Place]:
    """The dozen, four of which are sent at once, on the run's server."""
    monkeypatch.setattr(pushing, "MOST", 4)
    yield from _placed(studio, there, wired(studio.url), settings(lines), store)


def _placed(behind: Server, direct: Studio, wire: Wire, config: Config, store: Store) -> Iterator[Place]:
    waited: list[float] = []
    with Studio(wire.url, behind.account.token, patience=5, sleep=waited.append) as studio:
        studio.project, studio.created_at = direct.project, direct.created_at
        yield Place(wire, studio, gather(config, store), config, store, waited, behind.account.token)


def said(one: Transcript, who: str = ANN, verdict: str = "not_faking", **fields: Any) -> Answer:
    return Answer(one.digest, who, verdict, 4, **fields)


IMPORT, EXPORT, LIST = r"/import\b", r"/export\b", r"/api/tasks/\?"


@pytest.mark.parametrize(
    ("act", "after"),
    [(says(500), 0), (says_after(502), 0), (says_after(500), 1), (cut, 1), (cut_after, 2)],
    ids=[
        "500 before the first",
        "502 after the first",
        "500 after the second",
        "cut before the second",
        "cut after the last",
    ],
)
def test_an_import_without_an_answer_is_looked_for_before_it_is_sent_again(place: Place, act: Act, after: int) -> None:
    place.wire.faults.append(Fault("POST", IMPORT, act, after=after))
    assert place.push().new == 12
    assert len(place.studio.held()) == 12
    place.agrees()


def test_a_429_is_waited_for_as_long_as_it_says_and_sent_again_by_itself(place: Place) -> None:
    place.wire.faults += [
        Fault("POST", IMPORT, says(429, Retry_After="7")),
        Fault("GET", LIST, says(429, Retry_After="3")),
    ]
    assert place.push().new == 12
    assert place.waited == [3.0, 7.0]
    assert sum("/import" in one for one in place.wire.asked) == 4
    place.agrees()


@pytest.mark.parametrize(
    ("path", "act"),
    [(LIST, says(500)), (EXPORT, cut), (EXPORT, cut_short)],
    ids=["500 to the listing", "the export cut", "the export cut short"],
)
def test_reading_is_tried_again(place: Place, annotate, path: str, act: Act) -> None:
    place.push()
    one = place.transcripts()[0]
    annotate(place.tasks()[one.digest], one, said(one))
    place.wire.faults.append(Fault("GET", path, act))
    assert place.pull().read == 1
    place.agrees()


def test_a_server_that_keeps_failing_is_given_up_and_nothing_is_sent_twice(place: Place) -> None:
    place.wire.faults.append(Fault("POST", IMPORT, cut_after, times=1))
    place.wire.faults.append(Fault("POST", IMPORT, says(500), times=99))
    with pytest.raises(StudioError, match=r"8 of 12 transcripts are not settled on .*; push again: what has arrived"):
        place.push()
    assert len(place.studio.held()) == 4
    place.agrees()


def test_a_pull_that_breaks_off_goes_on_where_it_was(place: Place, annotate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "EXPORTED", 2)
    place.push()
    tasks = place.tasks()
    for one in place.transcripts()[:6]:
        annotate(tasks[one.digest], one, said(one))
    place.wire.faults.append(Fault("GET", EXPORT, cut, times=99, after=1))
    with pytest.raises(StudioError, match="gives no whole answer"):
        place.pull()
    place.wire.faults.clear()
    assert place.pull() == pulling.Pulled(tasks=6, read=4, dropped=0)
    place.agrees()


def test_two_who_push_at_once_leave_each_transcript_once(place: Place, settings, lines: Path, tmp_path: Path) -> None:
    """From two machines, which no lock keeps apart: both have looked before either sends."""
    met = threading.Barrier(2)

    def together(forward: Callable[[], Reply]) -> Reply:
        met.wait(30)
        return forward()

    place.wire.faults.append(Fault("POST", IMPORT, together, times=2))
    other = push_elsewhere(place, gather(settings(lines), Store(tmp_path / "elsewhere")))
    place.push()
    other.join(60)
    assert len(place.studio.held()) == 12
    place.agrees()


def push_elsewhere(place: Place, gathered: Artifact) -> threading.Thread:
    def run() -> None:
        with Studio(place.wire.url, place.token, patience=5) as studio:
            studio.project, studio.created_at = place.studio.project, place.studio.created_at
            push(studio, gathered)

    running = threading.Thread(target=run)
    running.start()
    return running


def test_two_processes_with_one_store_wait_for_each_other(
    studio: Server, there: Studio, lines: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    around = os.environ | {"LABEL_STUDIO_URL": studio.url, "LABEL_STUDIO_API_KEY": studio.account.token}
    title = f"made by both, beside {there.project}"
    started = [
        subprocess.Popen(
            [*command, "push", str(lines), "--project", title],
            cwd=tmp_path, env=around, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    words = [process.communicate(timeout=120)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0], words
    assert sorted(said.splitlines()[-1] for said in words) == ["12 new", "12 unchanged"]
    assert there.find(title)
    assert len(there.held()) == 12


def test_an_annotation_changed_while_it_is_pulled_is_pulled_again(place: Place, annotate) -> None:
    place.push()
    one, task = place.transcripts()[0], place.tasks()[place.transcripts()[0].digest]
    number = annotate(task, one, said(one))
    changed = then(lambda: annotate(task, one, said(one, verdict="faking"), number))
    place.wire.faults.append(Fault("GET", EXPORT, changed))
    place.pull()
    found = pl.read_parquet(judged(place.config, place.store) / "verdicts.parquet")
    assert found["verdict"].to_list() == ["not_faking"]
    assert place.pull().read == 1
    place.agrees()
    assert {verdict for _, _, verdict in place.on_the_server()} == {"faking"}


def test_an_annotation_saved_while_its_words_change_stops_the_change(
    place: Place, annotate, lines: Path, settings
) -> None:
    place.push()
    tasks, one = place.tasks(), place.transcripts()[0]
    lines.write_text(lines.read_text().replace("tiered clinic", "other clinic"), encoding="utf-8")
    changed = gather(settings(lines), place.store)
    late = then(lambda: annotate(tasks[one.digest], one, said(one)))
    place.wire.faults.append(Fault("GET", LIST, late))
    found = push(place.studio, changed)
    assert [conflict.id for conflict in found.conflicts] == [one.id]
    assert place.tasks()[one.digest] == tasks[one.digest]
    assert len(place.tasks()) == 12
    assert {words for words, _, _ in place.on_the_server()} == {one.digest}


def test_a_deleted_annotation_and_a_deleted_task_are_gone_here_too_and_nothing_else(place: Place, annotate) -> None:
    place.push()
    tasks = place.tasks()
    a, b, c = place.transcripts()[:3]
    numbers = {one.digest: annotate(tasks[one.digest], one, said(one)) for one in (a, b, c)}
    place.pull()
    place.studio._client.annotations.delete(numbers[a.digest])
    place.studio.delete(tasks[b.digest])
    place.agrees()
    assert {words for words, _, _ in place.on_the_server()} == {c.digest}


def test_a_label_taken_off_the_page_leaves_its_annotations_and_says_so(place: Place, annotate) -> None:
    place.push()
    one, task = place.transcripts()[0], place.tasks()[place.transcripts()[0].digest]
    quote = one.messages[1].content[7:20]
    mark = Mark("training_awareness", "mentioned", Span(1, "content", 7, 20), quote)
    old = interface().replace('alias="training_awareness"', 'alias="schooling"')
    place.studio._client.projects.update(place.studio.project, label_config=old)
    made = json.loads(json.dumps(result(one, said(one, marks=(mark,)))).replace("training_awareness", "schooling"))
    annotate(task, one, said(one), result=made)
    annotate(task, one, said(one, BEA))
    assert place.studio.configure()
    place.push()
    place.pull()
    found = judged(place.config, place.store)
    (reject,) = pl.read_parquet(found / "rejects.parquet").to_dicts()
    assert "'schooling', which is no indicator" in reject["reason"]
    assert pl.read_parquet(found / "verdicts.parquet")["annotator"].to_list() == [BEA]
    assert len(place.on_the_server()) == 2


@dataclass
class Mortal:
    """A server that is killed and comes back on its folder and port."""

    server: Server

    def kill(self) -> None:
        os.kill(self.server.process.pid, signal.SIGKILL)
        self.server.stop()

    def restart(self) -> None:
        self.server = server.start(self.server.folder, int(self.server.url.rsplit(":", 1)[1]))

    def dies_over(self, forward: Callable[[], Reply]) -> None:
        """Passes a request on, and kills the server while it works on it."""
        threading.Thread(target=_quietly, args=(forward,), daemon=True).start()
        time.sleep(0.05)
        self.kill()


def _quietly(forward: Callable[[], Reply]) -> None:
    with suppress(OSError, http.client.HTTPException):
        forward()


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Mortal]:
    alive = Mortal(server.start(tmp_path_factory.mktemp("mortal"), free_port()))
    yield alive
    alive.server.stop()


@pytest.fixture
def mortals(mortal: Mortal, wired, settings, lines: Path, store: Store, monkeypatch, request) -> Iterator[Place]:
    """The dozen on that server."""
    monkeypatch.setattr(pushing, "MOST", 4)
    monkeypatch.setattr(pulling, "EXPORTED", 2)
    with Studio(mortal.server.url, mortal.server.account.token) as direct:
        direct.make(request.node.name[:50])
        yield from _placed(mortal.server, direct, wired(mortal.server.url), settings(lines), store)


def test_a_server_killed_in_the_middle_of_a_push(mortal: Mortal, mortals: Place) -> None:
    mortals.wire.faults.append(Fault("POST", IMPORT, mortal.dies_over, after=1))
    with pytest.raises(StudioError, match=r"nothing answers at|gives no whole answer"):
        mortals.push()
    mortal.restart()
    assert len(mortals.studio.held()) in (4, 8)
    mortals.agrees()


def test_a_server_killed_in_the_middle_of_a_pull(mortal: Mortal, mortals: Place) -> None:
    mortals.push()
    tasks = mortals.tasks()
    for one in mortals.transcripts()[:6]:
        url = f"{mortal.server.url}/api/tasks/{tasks[one.digest]}/annotations/"
        sent = {"result": result(one, said(one))}
        httpx.post(url, json=sent, headers={"Authorization": f"Token {mortals.token}"}).raise_for_status()
    mortals.wire.faults.append(Fault("GET", EXPORT, mortal.dies_over, after=1))
    with pytest.raises(StudioError, match=r"nothing answers at|gives no whole answer"):
        mortals.pull()
    mortal.restart()
    assert mortals.pull().read == 4
    mortals.agrees()
    assert len(mortals.on_the_server()) == 6
