"""The command line: one command a verb, thin."""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter

from feint.corpus.drafts import write
from feint.corpus.errors import FeintError
from feint.pipeline.assist_commands import serve_annotator
from feint.pipeline.command import Settings, Switch, opened, own, say
from feint.pipeline.config import load
from feint.pipeline.elicit_commands import compliance, elicit
from feint.pipeline.measure_commands import measure
from feint.pipeline.quality_commands import audit, validate
from feint.pipeline.queue_commands import queue
from feint.pipeline.release_commands import export, publish
from feint.pipeline.serve_commands import serve
from feint.pipeline.studio_commands import pull, push, studio

app = App(
    name="feint",
    help="Find, label and measure alignment-faking reasoning in language-model transcripts.",
    help_format="markdown",
    suppress_keyboard_interrupt=False,  # we say what became of the work
)
app.register_install_completion_command(add_to_startup=False)
for verb in (
    studio, push, pull, queue, validate, audit, export, publish, elicit, compliance, measure, serve_annotator, serve,
):  # fmt: skip
    app.command(verb)


@app.command
def scan(
    *paths: Annotated[str, Parameter(allow_leading_hyphen=True)],  # '-' is standard input
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    detector: str | None = None,
    revision: str | None = None,
    point: str | None = None,
    write_scout: Path | None = None,
    strict: Switch = False,
    config: Settings = None,
) -> int:
    """Judge transcripts, one JSON line each.

    Example: `feint scan logs/ -o judged.jsonl`

    Parameters
    ----------
    paths
        Files and folders in any known format, hub data sets (`hf://datasets/ORG/NAME`), or `-` for JSON lines from standard input.
    out
        File to write; standard output without it.
    detector
        A folder written by `feint train`, or a Hugging Face id; the bundled detector without it.
    revision
        Branch, tag or commit of a detector on the hub.
    point
        Operating point from which a transcript is flagged: specific or sensitive; the configured one without it.
    write_scout
        A new folder for transcripts and results as Inspect Scout keeps them.
    strict
        Exit with 1 if any transcript could not be judged.
    config
        Settings to put over the defaults; ./feint.toml without it.

    """
    if not paths:
        say("feint scan: found no path; expected files or folders of transcripts, or '-' for standard input")
        return 2
    if unknown := [path for path in paths if path.startswith("-") and path != "-"]:
        say(f"feint scan: unknown option: {unknown[0]}\ntry: feint scan --help")
        return 2
    settings = load(config)
    from feint.models.detector import Detector
    from feint.pipeline.scan import scan as run

    precision = None if settings.scan.precision == "auto" else settings.scan.precision
    judge = Detector.load(detector, revision=revision, precision=precision, point=point or settings.scan.point)
    summary = run(paths, judge, out, write_scout)
    say(summary.sentence(judge.threshold))
    if write_scout:
        say(f"try: scout view -T {write_scout}/transcripts --scans {write_scout}/scans")
    return int(strict and summary.failed > 0)


@app.command
def gather(
    *sources: str,
    validation: Annotated[list[Path] | None, Parameter(negative="")] = None,
    strict: Switch = False,
    config: Settings = None,
) -> int:
    """Read transcripts into the store, with the labels that came along.

    Example: `feint gather logs/ more.jsonl bundled`

    Parameters
    ----------
    sources
        What to read: paths, hub data sets, `bundled`; the configured sources without it.
    validation
        A validation set of Inspect Scout that labels some of them, a CSV file; may be given several times.
    strict
        Exit with 1 if anything was rejected.
    config
        Settings to put over the defaults; ./feint.toml without it.

    """
    settings, store = opened(config)
    import polars as pl

    from feint.pipeline.gather import gather as run

    given = {"sources": sources, "validation": tuple(validation or ())}
    told = {key: value for key, value in given.items() if value}
    settings = settings.model_copy(update={"gather": settings.gather.model_copy(update=told)})
    found = run(settings, store)
    count = pl.scan_parquet(found / "transcripts-*.parquet").select(pl.len()).collect().item()
    rejects = pl.read_parquet(found / "rejects.parquet")
    say(
        f"{count} transcripts, {len(rejects)} rejects" + (f" (see {found / 'rejects.parquet'})" if len(rejects) else "")
    )
    for path, place, _, reason in rejects.head(5).iter_rows():
        say(f"  {path} {place}: {reason}")
    if "sources" in told:
        listed = ", ".join(f'"{source}"' for source in sources)
        say(
            f"gold, train, export and report go by feint.toml; to have them use these, write there: gather.sources = [{listed}]"
        )
    print(found.path)
    return int(strict and len(rejects) > 0)


@app.command
def gold(
    *,
    validation: Path | None = None,
    indicators: Switch = False,
    config: Settings = None,
) -> int:
    """Settle what annotators said into one answer each, with agreement.

    Example: `feint gold`

    Parameters
    ----------
    validation
        A CSV file to write the settled labels to, as a validation set of Inspect Scout.
    indicators
        With --validation: a column for every indicator in place of one for faking.
    config
        Settings to put over the defaults; ./feint.toml without it.

    """
    settings, store = own(config)
    from feint.pipeline.annotators import annotator_tables
    from feint.pipeline.gather import gather as gathered
    from feint.pipeline.gold import cases
    from feint.pipeline.gold import gold as run
    from feint.pipeline.tables import agreement_table, show

    found, read = run(settings, store), gathered(settings, store)
    for table in (agreement_table(found), *annotator_tables(read, found)):
        show(table)
    if validation:
        from feint.corpus.validation_csv import write

        count, left_out = write(validation, cases(read, found, indicators=indicators))
        say(f"{count} labels in {validation}" + (f", {len(left_out)} left out" if left_out else ""))
        for one in left_out[:5]:
            say(f"  {one.id}: {one.reason}")
    print(found.path)
    return 0


@app.command
def train(
    *,
    labels: Annotated[list[Path] | None, Parameter(negative="")] = None,
    base: Annotated[Literal["bundled", "scratch"], Parameter(name=["--from"])] = "bundled",
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    measured: Annotated[list[Path] | None, Parameter(negative="")] = None,
    explain: Switch = False,
    strict: Switch = False,
    config: Settings = None,
) -> int:
    """Fit a detector: on the gathered and settled labels, or on labels of your own.

    Example: `feint train --labels mine.jsonl --from bundled -o detector`

    Parameters
    ----------
    labels
        JSON lines of transcripts with `"label": true|false`, and `"labels"` or `"spans"` where you have them.
    base
        With --labels: move the bundled detector towards them, or start from scratch.
    out
        Folder to write the detector to.
    measured
        With --out: Markdown files on what you measured of it elsewhere, for its card.
    explain
        Print what it goes by, and why it gave a few of its flags, false alarms and misses.
    strict
        Exit with 1 if any line was rejected.
    config
        Settings to put over the defaults; ./feint.toml without it.

    """
    settings, store = opened(config) if labels else own(config)
    from feint.pipeline import explain as why
    from feint.pipeline import train as verb
    from feint.pipeline.tables import agreement_rows, evaluation_table, show

    if labels:
        if out is None:
            say("feint train --labels: found no folder to write to; add '-o FOLDER'")
            return 2
        detector, learnt, rejects = verb.train_on(labels, base, out, settings, store)
        for one in rejects:
            say(f"  {one.path} {one.place or one.id}: {one.reason}")
        say(
            f"learnt from {learnt} transcripts"
            + (f", {len(rejects)} lines rejected" if rejects else "")
            + f"; try: feint scan PATH --detector {out}"
        )
        if explain:
            for table in why.explain_on(labels, detector, store).tables():
                show(table)
        print(out)
        return int(strict and len(rejects) > 0)
    from feint.pipeline import audit as audits
    from feint.pipeline import validate as validations
    from feint.pipeline.gold import gold as settle

    found = verb.train(settings, store)
    show(evaluation_table(found))
    if explain:
        for table in why.explain(found, settings, store).tables():
            show(table)
    if out is not None:
        agreed = agreement_rows(settle(settings, store))
        verb.save(found, out, validations.latest(store, found), audits.latest(store, found), agreed, measured or ())
    print(out or found / verb.DETECTOR)
    return 0


@app.command
def report(
    *paths: str,
    scanned: Annotated[Path | None, Parameter(name=["--scanned"])] = None,
    measures: Annotated[Path | None, Parameter(name=["--measures"])] = None,
    out: Annotated[Path, Parameter(name=["--out", "-o"])] = Path("report.html"),
    config: Settings = None,
) -> int:
    """Write one HTML page that opens offline: what was measured, every transcript, the detector's quality, agreement.

    Example: `feint report logs/ --measures measures --scanned judged.jsonl -o report.html`

    Parameters
    ----------
    paths
        Transcripts to show, in any known format; the gathered ones without it.
    scanned
        Lines written by `feint scan`: what is flagged, and the evidence highlighted in place.
    measures
        A folder written by `feint measure`: the answers and their figures.
    out
        File to write.
    config
        Settings to put over the defaults; ./feint.toml without it.

    """
    settings, store = opened(config) if paths else own(config)
    from feint.pipeline.report import report as run

    run(settings, store, scanned, out, paths=paths, measures=measures)
    print(out)
    return 0


@app.command
def status(*, config: Settings = None) -> int:
    """Print the settings in force and the finished stages.

    Example: `feint status`

    Parameters
    ----------
    config
        Settings to put over the defaults; ./feint.toml without it.

    """
    settings, store = opened(config)
    from feint.pipeline.status import status as lines

    for line in lines(settings, store):
        print(line)
    return 0


@app.command
def codebook(*, out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None) -> int:
    """Print the annotators' guide, made from the indicator files.

    Example: `feint codebook -o codebook.md`

    Parameters
    ----------
    out
        File to write; standard output without it.

    """
    from feint.annotation.codebook import codebook as text

    if out is None:
        print(text())
    else:
        write(out, text())
        print(out)
    return 0


@app.command
def demo(*, out: Annotated[Path, Parameter(name=["--out", "-o"])] = Path("demo")) -> int:
    """Run the whole loop on the bundled corpus, offline, into a folder.

    Example: `feint demo`

    Parameters
    ----------
    out
        Folder for everything the demo makes.

    """
    from feint.pipeline.demo import demo as run

    run(out)
    return 0


def main() -> None:
    """Run a command; an error of ours is one sentence and exit code 1, wrong usage is 2."""
    logging.getLogger("huggingface_hub.utils._http").setLevel(logging.ERROR)  # retries; we say what came of them
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    try:
        result = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError as error:
        say(f"feint: {str(error).strip()}\ntry: feint --help")
        return 2
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more while flushing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except FeintError as error:
        say(f"feint: {error}")
        return 1
    except OSError as error:
        say(f"feint: {error.filename or 'writing'}: {error.strerror or error}")
        return 1
    except KeyboardInterrupt:
        say("feint: interrupted; finished stages are kept, nothing is half-written")
        return 130
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    main()
