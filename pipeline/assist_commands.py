"""The command of live pre-annotation, and the assistant that `feint studio --assist` starts."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from feint.pipeline.command import Settings, opened, say
from feint.pipeline.config import Config
from feint.pipeline.listening import LOOPBACK
from feint.pipeline.store import Store

if TYPE_CHECKING:
    from feint.annotation.studio import Studio
    from feint.pipeline.assist.assistant import Assistant

TOKEN = "FEINT_ANNOTATOR_TOKEN"  # noqa: S105  the variable's name
"""Variable with the token that Label Studio must send; arguments can be read by other users of a machine."""


def serve_annotator(
    *,
    detector: str | None = None,
    point: str | None = None,
    host: str = LOOPBACK,
    port: Annotated[int, Parameter(validator=Number(gte=0, lte=65535))] = 9090,
    known_as: str | None = None,
    project: str | None = None,
    url: str | None = None,
    token: str | None = None,
    config: Settings = None,
) -> int:
    """Predict tasks in Label Studio as they are opened, and learn from annotations, until it is interrupted.

    It connects itself to the project. FEINT_ANNOTATOR_TOKEN is a token that Label Studio must send, needed where it
    can be reached from other machines.

    Example: `feint serve-annotator --detector bundled`

    Parameters
    ----------
    detector
        A folder written by `feint train`, a Hugging Face id, or `bundled`, which it is without it.
    point
        Operating point from which its verdict is faking; the configured one without it.
    host
        Interface to listen on.
    port
        Port to listen on. A taken port is an error.
    known_as
        The address at which Label Studio reaches it, where that is not http://HOST:PORT.
    project
        Title of the project; the configured one without it.
    url
        The server; without it LABEL_STUDIO_URL, the configured one, or the one that `feint studio --assist` could run here.
    token
        A personal or legacy token for it. Other users of this machine can read arguments: LABEL_STUDIO_API_KEY is safer.
    config
        Settings to put over the defaults; ./feint.toml without it.

    """
    from feint.corpus.errors import StudioError
    from feint.pipeline.assist.serving import assisting
    from feint.pipeline.studio import connected, ended_like_interrupted

    settings, store = opened(config)
    wanted = project or settings.studio.project
    with ended_like_interrupted(), connected(settings.studio, url, token) as there:
        if not there.find(wanted):
            raise StudioError(f"{there.url} has no project called {wanted!r}; 'feint push' makes it")
        helper = assistant(settings, store, detector, point)
        with assisting(
            there, helper, host=host, port=port, known_as=known_as, token=os.environ.get(TOKEN),
            method=settings.gold.method, told=say,
        ) as address:  # fmt: skip
            say(f"{helper.version} predicts and learns in {there.url}/projects/{there.project}\nCtrl-C stops it")
            print(address, flush=True)
            with suppress(KeyboardInterrupt):
                while True:
                    time.sleep(0.5)
    say("stopped")
    return 0


@contextmanager
def assisted(there: "Studio", settings: Config, store: Store, detector: str | None, point: str | None) -> Iterator[str]:
    """Live pre-annotation in the project that is open, on the loopback; the address of the assistant."""
    from feint.pipeline.assist.serving import assisting

    helper = assistant(settings, store, detector, point)
    with assisting(there, helper, method=settings.gold.method, told=say) as address:
        say(f"{helper.version} predicts each task as it is opened, and learns from annotations")
        yield address


def assistant(settings: Config, store: Store, detector: str | None, point: str | None) -> "Assistant":
    """A detector that can serve and learn, with the store's vectors."""
    from feint.models.detector import Detector
    from feint.models.vectors import VectorCache
    from feint.pipeline.assist.assistant import Assistant
    from feint.pipeline.preannotation import model
    from feint.pipeline.train import settings as fitting

    precision = None if settings.scan.precision == "auto" else settings.scan.precision
    where = None if detector == "bundled" else detector
    by = model(Detector.load(where, precision=precision, point=point or settings.scan.point))
    return Assistant(by, partial(VectorCache(store.root / "vectors.sqlite").encode, chunk=16), fitting(settings))
