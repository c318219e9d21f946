"""What was said of each transcript: people's labels and marks, a detector's lines, joined to the words by their digest."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from feint.corpus.attempts import answered
from feint.corpus.errors import InputError
from feint.corpus.labelled import labels
from feint.corpus.reading import read
from feint.corpus.span import Span
from feint.corpus.transcript import Message, Transcript
from feint.pipeline.gather import transcripts
from feint.pipeline.reporting.reader import Entry, Mark
from feint.pipeline.store import Artifact

Line = Mapping[str, Any]


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of `feint scan`; InputError for anything else."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise InputError(f"{path} line {number} is not JSON; expected lines written by 'feint scan'") from error
            if not isinstance(row, dict) or not ("faking" in row or "error" in row):
                raise InputError(
                    f"{path} line {number} has neither 'faking' nor 'error'; expected lines of 'feint scan'"
                )
            yield row


def named(paths: Sequence[str], scanned: Sequence[Line]) -> Iterator[Entry]:
    """Transcripts under the paths, with the labels they carry and what a scan says of them; then lines whose words are not there."""
    found = (one for one in answered(read(paths)) if isinstance(one, Transcript)) if paths else ()
    yield from _joined(((one, *_given(one)) for one in found), scanned)


def gathered(artifact: Artifact, judged: Artifact, settled: Artifact, scanned: Sequence[Line]) -> Iterator[Entry]:
    """The gathered transcripts with people's settled labels and marks, and what a scan says of them; then lines of others."""
    answers = pl.read_parquet(settled / "gold.parquet").filter(pl.col("indicator") == "faking")
    label = dict(answers.select("transcript_id", "present").iter_rows())
    marks: dict[str, dict[tuple[str, Span], str]] = {}
    for row in pl.read_parquet(judged / "marks.parquet").iter_rows(named=True):
        place = Span(row["message"], row["field"], row["start"], row["end"])
        marks.setdefault(row["transcript_id"], {}).setdefault((row["indicator"], place), row["level"])
    people = (
        (
            one,
            label.get(one.digest),
            tuple(Mark(i, at, "people", level) for (i, at), level in marks.get(one.digest, {}).items()),
        )
        for one in transcripts(artifact.path)
    )
    yield from _joined(people, scanned)


def _given(one: Transcript) -> tuple[bool | None, tuple[Mark, ...]]:
    try:
        said = labels(one)
    except InputError:
        return None, ()
    return said.label, tuple(Mark(mark.indicator, mark.span, "people", mark.level) for mark in said.spans or ())


def _joined(
    people: Iterable[tuple[Transcript, bool | None, tuple[Mark, ...]]], scanned: Sequence[Line]
) -> Iterator[Entry]:
    of = {line["transcript_id"]: line for line in scanned if line.get("transcript_id")}
    met = set()
    for one, label, marks in people:
        line = of.get(one.digest)
        met.add(one.digest)
        if line is None or "faking" not in line:
            yield Entry(one, marks, label)
        else:
            yield Entry(one, (*marks, *_evidence(line, one)), label, line["faking"], line.get("flagged"))
    yield from (_alone(line) for line in scanned if line.get("flagged") and line.get("transcript_id") not in met)


def _evidence(line: Line, one: Transcript) -> Iterator[Mark]:
    """The line's evidence, as far as its quotes stand where it says."""
    for piece in line.get("evidence", ()):
        span = Span(piece["message"], piece["field"], piece["start"], piece["end"])
        if span.message < len(one.messages) and span.quote(one) == piece["quote"]:
            yield Mark(piece["indicator"], span, "detector", f"{piece['probability']:.2f}")


def _alone(line: Line) -> Entry:
    """A flagged line whose transcript is not at hand: its quotes."""
    messages: list[Message] = []
    marks: list[Mark] = []
    for piece in line.get("evidence", ()):
        span = Span(len(messages), "content", 0, len(piece["quote"]))
        messages.append(Message(role="assistant", content=piece["quote"]))
        marks.append(Mark(piece["indicator"], span, "detector", f"{piece['probability']:.2f}"))
    one = Transcript(
        id=str(line.get("id")), messages=tuple(messages) or (Message(role="assistant"),), source=line.get("source")
    )
    note = "Only the quotes: the transcript was not among the paths of this report."
    return Entry(one, tuple(marks), None, line["faking"], True, note)
