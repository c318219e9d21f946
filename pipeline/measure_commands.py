"""The command `feint measure`."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from feint.pipeline.command import Settings, Switch, opened, say


def measure(
    *paths: Annotated[str, Parameter(allow_leading_hyphen=True)],  # '-' gets a sentence of its own
    labels: Annotated[list[Path] | None, Parameter(negative="")] = None,
    errors: Annotated[str | None, Parameter(name=["--errors"])] = None,
    by: Annotated[str | None, Parameter(name=["--by"])] = None,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    strict: Switch = False,
    config: Settings = None,
) -> int:
    """Say how often a model fakes, how surely, since when, and whether training still reaches what it does unobserved.

    Example: `feint measure runs/ --labels judged.jsonl --by model,stage -o measures`

    Parameters
    ----------
    paths
        Transcripts in any known format; the configured sources with their settled labels without it.
    labels
        Lines of `feint scan`, or transcripts with `"label": true|false`; may be given several times. Labels that transcripts carry count anyway.
    errors
        How a detector erred where it was evaluated, to correct its flags by: flagged/faking,passed/others, as in 17/42,126/130; without it, from answers that people labelled too.
    by
        What to report apart, with commas between: model, checkpoint, stage, scenario; the configured ones without it.
    out
        Folder to write the measures to as parquet, CSV and JSON; without it they stay in the store.
    strict
        Exit with 1 if anything was rejected.
    config
        Settings to put over the defaults; ./feint.toml without it.

    """
    if unknown := [path for path in paths if path.startswith("-") and path != "-"]:
        say(f"feint measure: unknown option: {unknown[0]}\ntry: feint measure --help")
        return 2
    import polars as pl

    from feint.pipeline import measure as verb
    from feint.pipeline.measures.errors import parse
    from feint.pipeline.measures_tables import measures_tables
    from feint.pipeline.tables import show

    settings, store = opened(config)
    known = parse(errors) if errors else None
    parts = [part.strip() for part in by.split(",")] if by else None
    found = verb.measure(settings, store, paths, labels or [], parts, known)
    rejects = pl.read_parquet(found / "rejects.parquet")
    for table in measures_tables(pl.read_parquet(found / verb.MEASURES)):
        show(table)
    for path, place, name, reason in rejects.head(5).iter_rows():
        say(f"  {place or name or path}: {reason}")
    if len(rejects) > 5:
        say(f"  … {len(rejects)} rejects in all: {found / 'rejects.parquet'}")
    for note in json.loads((found / verb.NOTES).read_text(encoding="utf-8")):
        say(note)
    if out is not None:
        verb.save(found, out)
    print(out or found.path)
    return int(strict and len(rejects) > 0)
