"""The commands around Label Studio: its server, what goes to it, what comes from it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from feint.corpus.errors import ConfigError
from feint.corpus.reject import Reject
from feint.pipeline.command import Settings, Switch, opened, own, say
from feint.pipeline.config import Config

if TYPE_CHECKING:
    from filelock import FileLock

    from feint.annotation.studio import Studio
    from feint.pipeline.pull import Pulled
    from feint.pipeline.push import Pushed

SHOWN = 5
"""Rejects shown; all of them are in the file that is named."""


def studio(
    *,
    port: Annotated[int | None, Parameter(validator=Number(gte=1, lte=65535))] = None,
    project: str | None = None,
    url: str | None = None,
    token: str | None = None,
    invite: Switch = False,
    assist: Switch = False,
    detector: str | None = None,
    point: str | None = None,
    config: Settings = None,
) -> int:
    """Start the annotation server here, or set up the project on another, until it is interrupted.

    The first start installs Label Studio into an environment of its own. Set DJANGO_DB=default and POSTGRE_HOST,
    POSTGRE_PORT, POSTGRE_NAME, POSTGRE_USER and POSTGRE_PASSWORD to keep its tables in PostgreSQL.

    Example: `feint studio --port 8081`

    Parameters
    ----------
    port
        Port on 127.0.0.1; the configured one without it. A taken port is an error.
    project
        Title of the project; the configured one without it.
    url
        A server that runs already, to set the project up on; LABEL_STUDIO_URL without it.
    token
        A personal or legacy token for it. Other users of this machine can read arguments: LABEL_STUDIO_API_KEY is safer.
    invite
        Print the link by which other annotators sign up, too.
    assist
        Predict each task as it is opened, and learn from annotations; for another server, `feint serve-annotator` does.
    detector
        With --assist: a folder written by `feint train`, a Hugging Face id, or `bundled`, which it is without it.
    point
        With --assist: the operating point from which its verdict is faking; the configured one without it.
    config
        Settings to put over the defaults; ./feint.toml without it.

    """
    import os

    from feint.pipeline import studio as verb
    from feint.pipeline.progress import console

    whole, store = opened(config)
    settings = whole.studio
    settings = settings.model_copy(update={"port": port or settings.port, "project": project or settings.project})
    if url or os.environ.get(verb.URL) or settings.url:
        if assist:
            raise ConfigError(
                "--assist is for the server that is started here; for another, run 'feint serve-annotator'"
            )
        with verb.connected(settings, url, token) as there:
            _set_up(there, settings.project, invite=invite)
        return 0
    with (
        console().status("starting") as shown,
        verb.served(settings, shown.update, loopback_models=assist) as running,
        verb.connected(settings, running.url, running.account.token) as there,
        ExitStack() as helping,
    ):
        _set_up(there, settings.project, invite=invite)
        shown.stop()
        if assist:
            from feint.pipeline.assist_commands import assisted

            helping.enter_context(assisted(there, whole, store, detector, point))
        say(
            f"log in as {running.account.email} with the password in {running.folder / 'account.json'}; "
            f"the work of annotators is in {running.folder}: back it up\nCtrl-C stops the server"
        )
        verb.wait(running)
        say("stopped")
    return 0


def push(
    *sources: str,
    detector: str | None = None,
    point: str | None = None,
    dry_run: Switch = False,
    anew: Switch = False,
    project: str | None = None,
    url: str | None = None,
    token: str | None = None,
    strict: Switch = False,
    config: Settings = None,
) -> int:
    """Bring transcripts to the annotators, each once; safe to repeat, and after an interruption.

    Example: `feint push logs/ --detector bundled`

    Parameters
    ----------
    sources
        What to push: paths, hub data sets, `bundled`; what `feint gather` reads without it.
    detector
        Pre-annotate with the detector in this folder, of this Hugging Face id, or `bundled`.
    point
        Operating point from which its verdict is faking; the configured one without it.
    dry_run
        Say what would be done, and do nothing.
    anew
        Push changed transcripts whose earlier words are annotated already as new ones, instead of reporting them.
    project
        Title of the project; the configured one without it.
    url
        The server; without it LABEL_STUDIO_URL, the configured one, or the one that `feint studio` runs here.
    token
        A personal or legacy token for it. Other users of this machine can read arguments: LABEL_STUDIO_API_KEY is safer.
    strict
        Exit with 1 if anything was rejected or in conflict.
    config
        Settings to put over the defaults; ./feint.toml without it.

    """
    from feint.models.detector import Detector
    from feint.pipeline import push as verb
    from feint.pipeline.gather import gather
    from feint.pipeline.judged import PROJECTS
    from feint.pipeline.preannotation import model
    from feint.pipeline.pull import of_project

    settings, store = opened(config) if sources else own(config)
    if sources:
        settings = settings.model_copy(update={"gather": settings.gather.model_copy(update={"sources": sources})})
    with at_project(settings, project, url, token, needed=False) as there:
        gathered = gather(settings, store)
        where = None if detector == "bundled" else detector
        by = model(Detector.load(where, point=point or settings.scan.point)) if detector else None
        title = project or settings.studio.project
        if not there.project and not dry_run:
            with _alone(store.root / PROJECTS, "push"):
                if not there.find(title):  # nobody else has made it since
                    there.make(title)
        place = of_project(store, there)
        with _alone(place, "push"):
            if there.project and not dry_run and there.configure():
                say("the project has the labelling page of this version now")
            found = verb.push(there, gathered, by, anew=anew, dry_run=dry_run)
    _say_pushed(found, dry_run=dry_run)
    _written([*found.conflicts, *found.rejects], place / "push-rejects.parquet")
    return int(strict and bool(found.conflicts or found.rejects))


def pull(
    *exports: Path,
    accept_deletions: Switch = False,
    project: str | None = None,
    url: str | None = None,
    token: str | None = None,
    strict: Switch = False,
    config: Settings = None,
) -> int:
    """Bring what annotators did into the store, where `feint gold` settles it; only what changed is read again.

    Example: `feint pull`

    Parameters
    ----------
    exports
        JSON files that a Label Studio exported, to be read instead of asking a server.
    accept_deletions
        Go on where most of what was pulled before is gone from the server.
    project
        Title of the project; the configured one without it.
    url
        The server; without it LABEL_STUDIO_URL, the configured one, or the one that `feint studio` runs here.
    token
        A personal or legacy token for it. Other users of this machine can read arguments: LABEL_STUDIO_API_KEY is safer.
    strict
        Exit with 1 if any annotation was rejected.
    config
        Settings to put over the defaults; ./feint.toml without it.

    """
    import polars as pl

    from feint.annotation.ledger import LEDGER, Ledger
    from feint.pipeline import pull as verb
    from feint.pipeline.judged import judged

    settings, store = opened(config)
    for path in exports:
        place = verb.place(store, path.name, [str(path.absolute())])
        with _alone(place, "pull"), Ledger(place / LEDGER) as kept:
            _say_pulled(verb.pull_file(path, kept))
    if not exports:
        with at_project(settings, project, url, token, needed=True) as there:
            place = verb.of_project(store, there)
            with _alone(place, "pull"), Ledger(place / LEDGER) as kept:
                _say_pulled(verb.pull(there, kept, accept_deletions=accept_deletions))
    found = judged(settings, store)
    sittings = pl.read_parquet(found / "sittings.parquet")
    say(
        f"{len(sittings)} annotations of {sittings['transcript_id'].n_unique()} transcripts by "
        f"{sittings['annotator'].n_unique()} annotators; 'feint gold' settles them"
    )
    rejects = pl.read_parquet(found / "rejects.parquet")
    _show(
        [Reject(path, where, reason, name) for path, where, name, reason in rejects.iter_rows()],
        found / "rejects.parquet",
    )
    print(found.path)
    return int(strict and len(rejects) > 0)


def _set_up(there: "Studio", title: str, *, invite: bool) -> None:
    """Find the project, or make it, and print its address."""
    if not there.find(title):
        there.make(title)
    elif there.configure():
        say("the project has the labelling page of this version now")
    print(f"{there.url}/projects/{there.project}/data", flush=True)
    if invite:
        print(there.invitation(), flush=True)


@contextmanager
def at_project(
    settings: Config, title: str | None, url: str | None, token: str | None, *, needed: bool
) -> "Iterator[Studio]":
    """A connection to the project; an error where it must be there and is not."""
    from feint.corpus.errors import StudioError
    from feint.pipeline.studio import connected

    wanted = title or settings.studio.project
    with connected(settings.studio, url, token, say) as there:
        if not there.find(wanted) and needed:
            raise StudioError(f"{there.url} has no project called {wanted!r}; 'feint push' makes it")
        yield there


@contextmanager
def _alone(folder: Path, what: str) -> "Iterator[FileLock]":
    """Nobody else pushes to, or pulls from, the project by this store at the same time."""
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{what}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"another {what} of this project is under way; waiting for it")
        lock.acquire()
    try:
        yield lock
    finally:
        lock.release()


def _say_pushed(found: "Pushed", *, dry_run: bool) -> None:
    counts = [
        (found.new, "new"),
        (found.changed, "changed"),
        (found.unchanged, "unchanged"),
        (found.predicted, "with a new prediction"),
        (found.removed, "removed that were there twice"),
        (found.others, "other tasks left as they are"),
        (len(found.conflicts), "in conflict"),
        (len(found.rejects), "rejects"),
    ]
    said = ", ".join(f"{count} {what}" for count, what in counts if count) or "nothing to push"
    say(f"would be: {said}" if dry_run else said)


def _say_pulled(found: "Pulled") -> None:
    say(f"{found.tasks} annotated tasks: {found.read} read, {found.dropped} dropped")


def _written(rejects: Sequence[Reject], path: Path) -> None:
    """Write down what was not pushed, in the place of what an earlier push wrote, and show the first."""
    import polars as pl

    from feint.corpus.tables import Rejects

    rows = [(one.path, one.place, one.id, one.reason) for one in rejects]
    frame = pl.DataFrame(rows, Rejects.column_names(), orient="row", infer_schema_length=None)
    Rejects.validate(frame, cast=True).write_parquet(path)
    _show(rejects, path)


def _show(rejects: Sequence[Reject], path: Path) -> None:
    for one in rejects[:SHOWN]:
        where = " ".join(part for part in (one.id or one.path, one.place) if part)
        say(f"  {one.reason}" if one.reason.startswith(str(one.id)) else f"  {where}: {one.reason}")
    if len(rejects) > SHOWN:
        say(f"  … and {len(rejects) - SHOWN} more in {path}")
