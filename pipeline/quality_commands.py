"""The commands that ask how far a detector can be trusted: on what it does not know, and by what it goes."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from feint.corpus.drafts import write
from feint.pipeline.command import Settings, Switch, opened, own, say


def validate(
    *,
    by: str = "group",
    folds: Annotated[int, Parameter(validator=Number(gte=2))] = 5,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    config: Settings = None,
) -> int:
    """Train without some families, or voices, and judge these: how well a detector does on what it does not know.

    Example: `feint validate --by voice --folds 4`

    Parameters
    ----------
    by
        What is left out: whole groups, or the values of a metadata key such as `voice`, whose families are then learnt from in other voices.
    folds
        Parts left out one after the other; each takes as long as a training and is kept when it is done.
    out
        File to write the figures to, as JSON; standard output without it.
    config
        Settings to put over the defaults; ./feint.toml without it.

    """
    settings, store = own(config)
    from feint.pipeline import validate as verb
    from feint.pipeline.tables import show, validation_table

    found = verb.validate(settings, store, by, folds)
    show(validation_table(verb.found(found)))
    text = (found / verb.VALIDATION).read_text(encoding="utf-8")
    if out is None:
        print(text, end="")
    else:
        write(out, text)
        print(out)
    return 0


def audit(
    *paths: Path,
    detector: str | None = None,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    shuffles: Annotated[int, Parameter(validator=Number(gte=1))] = 5,
    sources: Annotated[list[str] | None, Parameter(name=["--source"], negative="")] = None,
    strict: Switch = False,
    config: Settings = None,
) -> int:
    """Ask whether a detector goes by shortcuts: vocabulary, leaks, who speaks, classes, length.

    Example: `feint audit --detector detector -o audit.json`

    Parameters
    ----------
    paths
        Labelled JSON lines to audit the bundled detector on; the trained detector and the test split without any.
    detector
        A folder written by `feint train`, or a Hugging Face id, to audit instead; it must not have learnt from these transcripts.
    out
        File to write the figures to, as JSON; standard output without it.
    shuffles
        Fits on shuffled labels, without paths; each takes about a minute on the bundled corpus.
    sources
        A metadata key that says where a transcript comes from; may be given several times; voice and format without it.
    strict
        Exit with 1 if any line was rejected.
    config
        Settings to put over the defaults; ./feint.toml without it.

    """
    settings, store = opened(config) if paths else own(config)
    from feint.pipeline import audit as verb
    from feint.pipeline.tables import audit_table, show

    chosen = verb.Chosen(shuffles, tuple(sources)) if sources else verb.Chosen(shuffles)
    if paths:
        found, rejects = verb.audit_on(paths, detector, settings, store, chosen)
    else:
        found, rejects = verb.found(verb.audit(settings, store, detector, chosen)), []
    for one in rejects:
        say(f"  {one.path} {one.place or one.id}: {one.reason}")
    show(audit_table(found))
    text = json.dumps(found, indent=2, ensure_ascii=False)
    if out is None:
        print(text)
    else:
        write(out, text + "\n")
        print(out)
    return int(strict and len(rejects) > 0)
