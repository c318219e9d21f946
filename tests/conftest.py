"""What the tests of several rooms share: two dozen labelled transcripts, a detector fitted on them, the real command."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import httpx
import hypothesis
import pytest

from feint.annotation import server
from feint.annotation.answer import Answer
from feint.annotation.server import Server
from feint.annotation.studio import Studio
from feint.annotation.tasks import result
from feint.corpus.transcript import Transcript
from feint.models import Detector
from feint.models import encoders as encoders_
from feint.models.encoders.minilm import MiniLM
from feint.pipeline import config
from feint.pipeline.store import Store
from feint.pipeline.train import train_on

FEW = Path(__file__).parent / "few.jsonl"
os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TOKENIZERS_PARALLELISM": "false"}
hypothesis.settings.register_profile("house", deadline=None)  # a slow machine is no fault of the code
hypothesis.settings.load_profile("house")

Feint = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def few() -> Path:
    """12 pairs of a faking transcript and one that is not; the first six pairs have marked spans."""
    return FEW


@pytest.fixture(scope="session")
def rows() -> list[dict[str, Any]]:
    """The same, parsed."""
    return [json.loads(line) for line in FEW.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="session")
def encoder() -> MiniLM:
    """The embedded encoder in float32."""
    found = encoders_.load(precision="float32")
    assert isinstance(found, MiniLM)
    return found


@pytest.fixture(scope="session")
def detector_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector fitted from scratch on the few, as a folder."""
    root = tmp_path_factory.mktemp("detector")
    train_on([FEW], "scratch", root / "small", config.load(), Store(root / "store"))
    return root / "small"


@pytest.fixture(scope="session")
def detector(detector_folder: Path) -> Detector:
    """The same, loaded, in float32."""
    return Detector.load(detector_folder, precision="float32")


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]) -> Iterator[Server]:
    """The real Label Studio, one for the whole run; a test makes a project of its own on it."""
    with server.start(tmp_path_factory.mktemp("studio"), free_port(), loopback_models=True) as running:
        yield running


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """Gives a port of the loopback that nothing listens on."""

    def find() -> int:
        with socket.socket() as asking:
            asking.bind((server.LOOPBACK, 0))
            return int(asking.getsockname()[1])

    return find


@pytest.fixture
def there(studio: Server, request: pytest.FixtureRequest) -> Iterator[Studio]:
    """A connection to an empty project of the test's own on that server."""
    with Studio(studio.url, studio.account.token, patience=10) as connection:
        connection.make(f"{request.node.name[:36]} {next(_projects)}")
        yield connection


_projects = count(1)


@pytest.fixture(scope="session")
def annotators(studio: Server) -> dict[str, int]:
    """Two people who have signed up by invitation: their e-mail addresses, and their numbers on the server."""
    with Studio(studio.url, studio.account.token) as owner:
        for email in ("ann@example.org", "bea@example.org"):
            with httpx.Client(follow_redirects=True, headers={"Referer": studio.url}) as browser:
                page = owner.invitation()
                browser.get(page)
                form = {
                    "email": email,
                    "password": "a long password",
                    "csrfmiddlewaretoken": browser.cookies["csrftoken"],
                }
                assert browser.post(page, data=form).is_success
        known = {email: number for number, email in owner.annotators().items()}
    return {email: known[email] for email in ("ann@example.org", "bea@example.org")}


Annotate = Callable[..., int]


@pytest.fixture
def annotate(studio: Server, annotators: dict[str, int]) -> Annotate:
    """Saves an answer on a task as the page does, for whoever the answer is by; the annotation's number."""

    def save(task: int, transcript: Transcript, answer: Answer, number: int | None = None, **fields: Any) -> int:
        sent = {"result": result(transcript, answer), "completed_by": annotators[answer.annotator], **fields}
        url = f"{studio.url}/api/annotations/{number}/" if number else f"{studio.url}/api/tasks/{task}/annotations/"
        sending = httpx.patch if number else httpx.post
        done = sending(url, json=sent, headers={"Authorization": f"Token {studio.account.token}"}, timeout=30)
        assert done.is_success, done.text
        return int(done.json()["id"])

    return save


@pytest.fixture
def command() -> tuple[str, ...]:
    """How the real command line is started."""
    return (sys.executable, "-W", "error", "-m", "feint.pipeline.cli")


@pytest.fixture
def feint(tmp_path: Path, command: tuple[str, ...]) -> Feint:
    """Runs the real command line in an empty folder."""

    def run(*arguments: Any, stdin: str | bytes = "", env: dict[str, str] | None = None) -> Any:
        return subprocess.run(
            [*command, *map(str, arguments)],
            cwd=tmp_path,
            input=stdin if isinstance(stdin, bytes) else stdin.encode(),
            capture_output=True,
            env=os.environ | (env or {}),
            timeout=120,
            check=False,
        )

    def said(*arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        done = run(*arguments, **options)
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return said


@dataclass(frozen=True)
class Served:
    """A running hub of tests/hub_server.py."""

    address: str

    def environment(self, home: Path, token: str | None = "hf_owner") -> dict[str, str]:
        """For a process that is to see this hub and no cache but its own."""
        told = {"HF_ENDPOINT": self.address, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_TOKEN")}
        return kept | told | ({"HF_TOKEN": token} if token else {})

    def asked(self) -> list[str]:
        """What it was asked for since the last `told`."""
        with urlopen(f"{self.address}/_test") as answer:
            found: list[str] = json.load(answer)
        return found

    def told(self, **faults: int) -> None:
        """Forget what was asked for; make something go wrong."""
        urlopen(Request(f"{self.address}/_test", data=json.dumps(faults).encode(), method="POST")).close()

    def python(self, script: str, *arguments: Any, home: Path, token: str | None = "hf_owner") -> Any:
        """What a script prints as JSON; in a process of its own, since the clients read their settings once."""
        done = subprocess.run(
            [sys.executable, "-c", script, *map(str, arguments)],
            cwd=home, env=self.environment(home, token), capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def hub() -> Iterator[Served]:
    """An empty hub for everybody: each test takes names of its own."""
    command = [sys.executable, str(Path(__file__).with_name("hub_server.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout
        yield Served(server.stdout.readline().strip())
        server.terminate()
