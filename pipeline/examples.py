"""Examples to learn from: gathered transcripts with their settled labels, or lines that carry their own."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from feint.corpus.errors import InputError
from feint.corpus.groups import groups
from feint.corpus.labelled import labels
from feint.corpus.reading import read
from feint.corpus.reasoning import stretches
from feint.corpus.reject import Reject
from feint.corpus.span import Span
from feint.models.fitting import PRESENT, Example, Mark
from feint.pipeline.gather import transcripts
from feint.pipeline.store import Artifact


def settled(gathered: Artifact, said: Artifact, gold: Artifact) -> list[tuple[Example, str]]:
    """Every transcript whose headline is settled, and the split it is in.

    A mark counts where the settled label of its indicator agrees that the indicator is there, whoever made it.
    """
    answers = pl.read_parquet(gold / "gold.parquet").filter(pl.col("present").is_not_null())
    headline = dict(answers.filter(pl.col("indicator") == "faking").select("transcript_id", "present").iter_rows())
    present = set(answers.filter("present").select("transcript_id", "indicator").iter_rows())
    known: dict[str, dict[str, bool]] = {}
    for name, indicator, holds in answers.select("transcript_id", "indicator", "present").iter_rows():
        known.setdefault(name, {})[indicator] = holds
    marks: dict[str, list[Mark]] = {}
    for row in pl.read_parquet(said / "marks.parquet").iter_rows(named=True):
        if (row["transcript_id"], row["indicator"]) in present and row["level"] in PRESENT:
            span = Span(row["message"], row["field"], row["start"], row["end"])
            marks.setdefault(row["transcript_id"], []).append(Mark(row["indicator"], row["level"], span))
    judged = set(pl.read_parquet(said / "marks.parquet")["transcript_id"].unique())
    judged |= set(pl.read_parquet(said / "verdicts.parquet")["transcript_id"].unique())
    splits = {name: (group, part) for name, group, part in pl.read_parquet(gathered / "splits.parquet").iter_rows()}
    found = []
    for one in transcripts(gathered.path):
        if one.digest in headline:
            group, part = splits[one.digest]
            marked = tuple(marks.get(one.digest, ())) if one.digest in judged else None
            found.append((Example(one, headline[one.digest], group, marked, known[one.digest]), part))
    return found


def given(paths: Iterable[Path]) -> tuple[list[Example], list[Reject]]:
    """Examples from lines that carry a label, and the rejects; InputError where no line has one."""
    taken, rejects = [], []
    for one in read(paths):
        if isinstance(one, Reject):
            rejects.append(one)
            continue
        try:
            said = labels(one)
        except InputError as error:
            rejects.append(Reject(one.source or "", "", str(error), one.id))
            continue
        if said.label is None:
            reason = "no label; expected 'label': true or false, or 'faking' among 'labels'"
            rejects.append(Reject(one.source or "", "", reason, one.id))
        elif not stretches(one):
            rejects.append(Reject(one.source or "", "", "no words of an assistant to learn from", one.id))
        else:
            taken.append((one, said))
    if not taken:
        reason = f"; the first reject: {rejects[0].place or rejects[0].id}: {rejects[0].reason}" if rejects else ""
        raise InputError(f"no labelled transcript in {', '.join(map(str, paths))}{reason}")
    of = groups(one for one, _ in taken)
    examples = [
        Example(
            one, bool(said.label), of[one.digest],
            None if said.spans is None else tuple(Mark(s.indicator, s.level, s.span) for s in said.spans),
            said.indicators,
        )
        for one, said in taken
    ]  # fmt: skip
    return examples, rejects


def indicators(examples: Sequence[Example]) -> list[str]:
    """Indicators that some example marks or labels, sorted; derived headlines are none."""
    named = {mark.indicator for example in examples for mark in example.marks or ()}
    named |= {name for example in examples if example.marks is None for name in example.labels}
    return sorted(name for name in named if not name.startswith("faking"))
