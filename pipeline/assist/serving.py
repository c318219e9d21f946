"""Serving: the assistant on a port of its own, known to a project, and learning from it, while a context lasts."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from socket import socket
from threading import Event, Thread

from feint.annotation.gold import Method
from feint.annotation.studio import Studio
from feint.corpus.errors import ConfigError, MissingExtra, StudioError
from feint.pipeline.assist.assistant import Assistant
from feint.pipeline.assist.learning import learn_on
from feint.pipeline.listening import LOOPBACK, NAMES, bound, local, server, url

PATIENCE = 60.0
"""Seconds to wait for the port to answer, and for a prediction or a fit under way to end."""


@contextmanager
def served(
    assistant: Assistant, hint: Event, *, host: str = LOOPBACK, port: int = 0, token: str | None = None
) -> Iterator[str]:
    """The assistant behind an address, which is given; port 0 takes any that is free.

    ConfigError for another interface than the loopback without a token, StudioError where the port is taken.
    """
    hosts = (*NAMES, host) if local(host) else ("*",)
    try:
        from feint.pipeline.assist.app import app

        running = server(app(assistant, hint, token=token, hosts=hosts), lifespan="off")
    except ImportError as error:
        raise MissingExtra("annotate", "live pre-annotation") from error
    if not local(host) and not token:
        raise ConfigError(
            f"{host} can be reached from other machines; set a token in FEINT_ANNOTATOR_TOKEN, or use {LOOPBACK}"
        )
    listening = _bound(host, port)
    thread = Thread(target=partial(running.run, sockets=[listening]), name="annotator", daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + PATIENCE
        while not running.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise StudioError(f"the annotator did not come up on {host}:{port}")
            time.sleep(0.01)
        yield url(host, listening.getsockname()[1])
    finally:
        running.should_exit = True
        thread.join(PATIENCE)
        listening.close()


def _bound(host: str, port: int) -> socket:
    try:
        return bound(host, port, dualstack=True)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0]  # Python names the address once more
        raise StudioError(f"cannot listen on {host}:{port}: {reason}; choose another port") from error


@contextmanager
def assisting(
    there: Studio,
    assistant: Assistant,
    *,
    host: str = LOOPBACK,
    port: int = 0,
    known_as: str | None = None,
    token: str | None = None,
    method: Method = "majority",
    told: Callable[[str], None] = lambda _: None,
    rest: float = 10.0,
) -> Iterator[str]:
    """The assistant, serving the open project and learning from it; its address, `known_as` where Label Studio has
    another way to it.

    Afterwards the project is without it again: Label Studio would ask an address that answers no more, and fail.
    """
    hint, stop = Event(), Event()
    with (
        tempfile.TemporaryDirectory(prefix="feint-assist-") as folder,
        served(assistant, hint, host=host, port=port, token=token) as address,
    ):
        reached = known_as or address
        there.connect_model(reached, assistant.version, token)
        learning = Thread(
            target=partial(
                learn_on, assistant, there, Path(folder), hint=hint, stop=stop, method=method, told=told, rest=rest,
                changed=lambda version: there.connect_model(reached, version, token),
            ),
            name="learner", daemon=True,
        )  # fmt: skip
        learning.start()
        try:
            yield reached
        finally:
            stop.set()
            hint.set()
            learning.join(PATIENCE)
            there.disconnect_model(reached, assistant.version)
