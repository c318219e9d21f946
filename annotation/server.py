"""The annotation server: Label Studio on a folder of its own, started, waited for and stopped."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import httpx
from filelock import FileLock, Timeout

from feint.annotation import label_studio
from feint.corpus.errors import StudioError

LOOPBACK = "127.0.0.1"
ACCOUNT = "account.json"
PATIENCE = 600.0
"""Seconds to wait for a server to come up; with a database to migrate, PostgreSQL's, it takes a minute or more."""
_STEP = 0.2
_GRACE = 20.0
"""Seconds it has to end."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who may do everything on a server; the secrets stay out of its representation, and so out of logs."""

    email: str
    password: str = field(repr=False)
    token: str = field(repr=False)


@dataclass(slots=True)
class Server:
    """A running Label Studio; leaving the context stops it."""

    url: str
    account: Account
    folder: Path
    """Its database, its log and the account."""
    process: subprocess.Popen[bytes] = field(repr=False)
    lock: FileLock = field(repr=False)

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End it; what it had not finished writing is as if it had not begun. Nothing happens where it has ended."""
        if self.running:
            self.process.terminate()
            try:
                self.process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        self.lock.release()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def start(
    folder: Path, port: int = 8080, *, loopback_models: bool = False, told: Callable[[str], None] = lambda _: None
) -> Server:
    """Label Studio on 127.0.0.1 with everything it knows in `folder`, up and answering.

    The first start installs it, makes the folder (readable by its owner only, ignored by git) and an account with a
    password and a token that nobody chose. The folder holds people's work: it is for backing up. `loopback_models` lets
    it call a model served on this machine. With `DJANGO_DB=default` and `POSTGRE_HOST`, `POSTGRE_PORT`, `POSTGRE_NAME`,
    `POSTGRE_USER`, `POSTGRE_PASSWORD` in the environment the tables are in PostgreSQL instead.

    StudioError where the port or the folder is taken, it cannot be installed, or it does not come up.
    """
    url = f"http://{LOOPBACK}:{port}"
    _check_free(port, url)
    command = label_studio.installed(told)
    lock = _prepared(folder)
    try:
        who = account(folder)
        told("starting Label Studio")
        process = _launched(command, folder, port, who, loopback_models=loopback_models)
    except BaseException:
        lock.release()
        raise
    server = Server(url, who, folder, process, lock)
    try:
        _wait(server)
    except BaseException:
        server.stop()
        raise
    return server


def account(folder: Path) -> Account:
    """The account of a server's folder, made where there is none; its file is for its owner only."""
    path = folder / ACCOUNT
    if not path.exists():
        made = {
            "email": "feint@localhost.local",
            "password": secrets.token_urlsafe(15),
            "token": secrets.token_hex(20),
        }
        draft = path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(made, file, indent=1)
        draft.replace(path)
    try:
        return Account(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise StudioError(f"{path} holds no account; expected email, password and token: restore it") from error


def _check_free(port: int, url: str) -> None:
    """Label Studio would move to the next port and say so in a log; people and scripts would talk to somebody else."""
    with socket.socket() as asking:
        if asking.connect_ex((LOOPBACK, port)):
            return
    try:
        health = httpx.get(f"{url}/health", timeout=2)
        who = "a Label Studio" if health.is_success and "status" in health.text else "another program"
    except httpx.HTTPError:
        who = "another program"
    raise StudioError(
        f"port {port} is taken by {who}; stop that, choose another with --port, or use it with --url {url}"
    )


def _prepared(folder: Path) -> FileLock:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(folder / "lock", thread_local=False)  # whoever stops the server lets go of it
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StudioError(f"{folder} is in use by another 'feint studio'; stop that, or use it with --url") from error
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    if not (folder / label_studio.DATABASE).exists() and not label_studio.in_postgres():
        draft = folder / f"{label_studio.DATABASE}.draft"
        shutil.copyfile(label_studio.home() / label_studio.DATABASE, draft)
        draft.chmod(0o600)
        draft.replace(folder / label_studio.DATABASE)
    return lock


def _launched(
    command: Path, folder: Path, port: int, who: Account, *, loopback_models: bool
) -> subprocess.Popen[bytes]:
    around = label_studio.environment(
        LABEL_STUDIO_BASE_DATA_DIR=str(folder.absolute()),
        LABEL_STUDIO_USERNAME=who.email,
        LABEL_STUDIO_PASSWORD=who.password,
        LABEL_STUDIO_USER_TOKEN=who.token,
        LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN="true",  # noqa: S106  a switch
        LABEL_STUDIO_HOST="",
        LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK="true",
        **label_studio.guard(loopback=loopback_models),
    )
    arguments = ["start", "--no-browser", "--enable-legacy-api-token", "--log-level", "WARNING"]
    log = os.open(folder / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            [command, *arguments, "--internal-host", LOOPBACK, "--port", str(port)],
            env=around, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,  # an interrupt at the terminal is ours to pass on
        )  # fmt: skip
    finally:
        os.close(log)


def _wait(server: Server) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if not server.running:
            log = server.folder / "server.log"
            raise StudioError(f"Label Studio ended while starting: {label_studio.last_words(log)} (all of it: {log})")
        try:
            if httpx.get(f"{server.url}/health", timeout=5).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(_STEP)
    raise StudioError(
        f"Label Studio does not answer on {server.url} after {PATIENCE:.0f} s; see {server.folder / 'server.log'}"
    )
