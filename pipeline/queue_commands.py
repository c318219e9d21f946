"""The command `feint queue`."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from cyclopts.validators import Number

from feint.corpus.errors import ConfigError
from feint.pipeline.config import load
from feint.pipeline.store import Store

TOKEN = "LABEL_STUDIO_API_KEY"  # noqa: S105  the name of a variable
URL = "LABEL_STUDIO_URL"


def register(app: App) -> None:
    """Add the command."""
    app.command(queue)


def queue(
    *,
    size: Annotated[int | None, Parameter(name=["--size", "-n"], validator=Number(gte=1))] = None,
    detector: str | None = None,
    url: str | None = None,
    project: str = "feint",
    config: Annotated[Path | None, Parameter(name=["--config"])] = None,
) -> int:
    """Say what to label next, and have Label Studio serve it.

    Every draw's probability is kept, so that the share of faking among all transcripts can be told from the labels of a
    few. Without a server, the queue is printed; with one, its tasks are served in this order. The token is read from LABEL_STUDIO_API_KEY.

    Example: `feint queue --size 10`

    Parameters
    ----------
    size
        How many transcripts the queue holds; the configured number without it.
    detector
        A folder written by `feint train`, or a Hugging Face id; the detector trained last, or the bundled one, without it.
    url
        Address of a Label Studio; LABEL_STUDIO_URL without it.
    project
        Title of the project on it.
    config
        Settings to put over the defaults; ./feint.toml without it.

    """
    settings = load(config)
    from feint.pipeline.annotators import queue_table
    from feint.pipeline.queue import queue as run
    from feint.pipeline.tables import show

    found = run(settings, Store(settings.store.path), size or settings.queue.size, detector)
    for table in queue_table(found):
        show(table)
    if address := url or os.environ.get(URL):
        token = os.environ.get(TOKEN)
        if not token:
            raise ConfigError(f"no token for {address}; put it into {TOKEN}: it is on its page 'Account & Settings'")
        _serve(address, token, project, found.waiting)
    print(f"what each label stands for: {found.weights}", file=sys.stderr)
    for name in found.waiting["transcript_id"]:
        print(f"{name}\t{found.ids[name]}")
    return 0


def _serve(url: str, token: str, title: str, waiting: Any) -> None:
    from feint.annotation.api import Api
    from feint.annotation.order import arrange

    with Api(url, token) as api:
        done = arrange(api, api.project(title), waiting)
    print(f"{len(done.tasks)} tasks are served next", file=sys.stderr)
    if done.missing:
        print(f"{len(done.missing)} are not on the server; 'feint push' sends them", file=sys.stderr)
