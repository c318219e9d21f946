"""The command `feint queue`."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from feint.pipeline.command import Settings, Switch, own, say
from feint.pipeline.studio_commands import at_project


def queue(
    *,
    size: Annotated[int | None, Parameter(name=["--size", "-n"], validator=Number(gte=1))] = None,
    detector: str | None = None,
    serve: Switch = False,
    project: str | None = None,
    url: str | None = None,
    token: str | None = None,
    config: Settings = None,
) -> int:
    """Say what to label next, and have Label Studio serve it.

    Every draw's probability is kept, so that the share of faking among all transcripts can be told from the labels of a
    few.

    Example: `feint queue --size 10 --serve`

    Parameters
    ----------
    size
        How many transcripts the queue holds; the configured number without it.
    detector
        A folder written by `feint train`, or a Hugging Face id; the detector trained last, or the bundled one, without it.
    serve
        Have Label Studio serve these tasks, and nothing else while they last.
    project
        Title of the project; the configured one without it.
    url
        The server; without it LABEL_STUDIO_URL, the configured one, or the one that `feint studio` runs here.
    token
        A personal or legacy token for it. Other users of this machine can read arguments: LABEL_STUDIO_API_KEY is safer.
    config
        Settings to put over the defaults; ./feint.toml without it.

    """
    settings, store = own(config)
    from feint.pipeline.annotators import queue_tables
    from feint.pipeline.queue import queue as run
    from feint.pipeline.tables import show

    found = run(settings, store, size or settings.queue.size, detector)
    for table in queue_tables(found):
        show(table)
    if serve:
        from feint.annotation.order import arrange

        with at_project(settings, project, url, token, needed=True) as there:
            done = arrange(there, found.waiting)
        say(f"{len(done.tasks)} tasks are served next")
        if done.missing:
            say(f"{len(done.missing)} are not on the server; 'feint push' sends them")
    say(f"what each label stands for: {found.weights}")
    for name in found.waiting["transcript_id"]:
        print(f"{name}\t{found.ids[name]}")
    return 0
