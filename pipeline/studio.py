"""Studio: the annotation server of a project, started here or somewhere else, and the way to it."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from feint.annotation import server
from feint.annotation.server import LOOPBACK, Server
from feint.annotation.studio import Studio, sdk
from feint.corpus.drafts import write
from feint.corpus.errors import ConfigError, StudioError
from feint.pipeline.config import StudioConfig

RUNNING = "running.json"
"""In the server's folder while it runs: its address."""
URL, TOKEN = "LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"
Told = Callable[[str], None]


@contextmanager
def served(config: StudioConfig, told: Told = lambda _: None, *, loopback_models: bool = False) -> Iterator[Server]:
    """The project's own server while the context lasts; other commands find it by its folder.

    A closed terminal and a request to end are taken as an interruption, so that the server never outlives this process.
    """
    sdk()  # what is missing is said now, not after an installation of minutes
    with (
        ended_like_interrupted(),
        server.start(config.path, config.port, loopback_models=loopback_models, told=told) as running,
    ):
        note = config.path / RUNNING
        write(note, json.dumps({"url": running.url}) + "\n")
        try:
            yield running
        finally:
            note.unlink(missing_ok=True)


def wait(running: Server) -> None:
    """Until somebody interrupts or ends this process; StudioError where the server ends by itself."""
    with suppress(KeyboardInterrupt):
        while running.running:
            time.sleep(0.5)
        raise StudioError(f"Label Studio has ended by itself; its log: {running.folder / 'server.log'}")


@contextmanager
def ended_like_interrupted() -> Iterator[None]:
    """Let whoever ends this process, or closes its terminal, interrupt it, so that it cleans up."""
    known = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    heeded = [number for number in known if signal.getsignal(number) != signal.SIG_IGN]  # as under nohup
    before = {number: signal.signal(number, signal.default_int_handler) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def connected(
    config: StudioConfig, url: str | None = None, token: str | None = None, told: Told = lambda _: None
) -> Iterator[Studio]:
    """A connection to the server that is named, else the environment's, the configured one, or the one running here."""
    here = _here(config.path)
    address = url or os.environ.get(URL) or config.url or here
    if not address:
        raise StudioError(
            f"found no Label Studio: none runs in {config.path}, and none is named; start one with 'feint studio', "
            f"or give --url and {TOKEN}"
        )
    if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname:
        raise ConfigError(f"{address!r} is no address of a server; expected something like https://labels.example.org")
    elsewhere = None if address == here else os.environ.get(TOKEN)
    with Studio(address, token or elsewhere or _own_token(config.path, address, here), told=told) as studio:
        yield studio


def _here(folder: Path) -> str:
    """The address of the server that runs in a folder; empty where none does."""
    try:
        return str(json.loads((folder / RUNNING).read_text(encoding="utf-8"))["url"])
    except (OSError, ValueError, KeyError):
        return ""


def _own_token(folder: Path, address: str, here: str) -> str:
    """The token of the server in the folder, where it is that server that is spoken to."""
    asked, own = urlsplit(address), urlsplit(here)
    same = asked.hostname in (LOOPBACK, "localhost") and bool(here) and asked.port == own.port
    if not (same and (folder / server.ACCOUNT).exists()):
        raise ConfigError(f"found no token for {address}; expected one in {TOKEN} or --token")
    return server.account(folder).token
