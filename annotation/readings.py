"""The bundled corpus' readings as tables: what its authors and second readers hold of each transcript."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import dataframely as dy
import polars as pl

from feint.annotation.indicator import indicators
from feint.corpus.contrast import family
from feint.corpus.contrast.family import Quote, Reading
from feint.corpus.errors import CorpusError
from feint.corpus.tables import LEVELS, Judgements, Marks, Verdicts
from feint.corpus.transcript import Transcript

AUTHOR = "author"
"""The annotator's name for whoever wrote a transcript."""


class Readings(NamedTuple):
    """What readers said, in three tables."""

    judgements: dy.DataFrame[Judgements]
    verdicts: dy.DataFrame[Verdicts]
    marks: dy.DataFrame[Marks]


def readings(families: Path = family.HERE / "families", second: Path = family.HERE / "second") -> Readings:
    """Every reading in the two folders, the author's called "author", a second reader's as its file says.

    An indicator without a mark is judged absent; one with marks has the strongest marked level, `unclear` only where
    no mark says more. CorpusError for an unknown indicator, a reading of an unknown transcript, a name or words that
    come twice, and marked words that do not stand exactly once.
    """
    told = list(_told(families, second))
    judgements = pl.DataFrame(
        [row for reader, of, reading in told for row in _judgements(reader, of, reading)],
        Judgements.column_names(), orient="row",
    )  # fmt: skip
    verdicts = pl.DataFrame(
        [(of.digest, reader, v.verdict, v.confidence, v.note) for reader, of, one in told for v in one.verdict],
        Verdicts.column_names(), orient="row",
    )  # fmt: skip
    marks = pl.DataFrame(
        [row for reader, of, reading in told for row in _marks(reader, of, reading)],
        Marks.column_names(), orient="row",
    )  # fmt: skip
    return Readings(
        Judgements.validate(judgements, cast=True),
        Verdicts.validate(verdicts, cast=True),
        Marks.validate(marks, cast=True),
    )


def _told(families: Path, second: Path) -> Iterator[tuple[str, Transcript, Reading]]:
    """Reader, transcript and reading, authors first."""
    by_id: dict[str, Transcript] = {}
    names: dict[str, str] = {}
    for one in family.families(families):
        for entry in one.transcript:
            transcript = family.transcript(one, entry)
            if entry.id in by_id:
                raise CorpusError(f"two transcripts are called {entry.id}; give each its own number")
            if transcript.digest in names:
                raise CorpusError(f"{entry.id} has the words of {names[transcript.digest]}; write one of them anew")
            by_id[entry.id], names[transcript.digest] = transcript, entry.id
            yield AUTHOR, transcript, entry
    yield from _second(second, by_id)


def _second(folder: Path, by_id: Mapping[str, Transcript]) -> Iterator[tuple[str, Transcript, Reading]]:
    read: set[tuple[str, str]] = set()
    for one in family.second_readings(folder):
        if one.reader == AUTHOR:
            raise CorpusError(
                f"second/{one.family}.toml: a second reader cannot be called {AUTHOR!r}; name them otherwise"
            )
        for reading in one.transcript:
            if reading.id not in by_id:
                raise CorpusError(
                    f"second/{one.family}.toml reads {reading.id!r}, which no family has; expected the id of a transcript"
                )
            if (one.reader, reading.id) in read:
                raise CorpusError(f"{one.reader} reads {reading.id} twice; keep one reading")
            read.add((one.reader, reading.id))
            yield one.reader, by_id[reading.id], reading


def _judgements(reader: str, of: Transcript, reading: Reading) -> Iterator[tuple[str, str, str, str]]:
    known = [indicator.slug for indicator in indicators()]
    strongest = dict.fromkeys(known, "absent")
    for mark in reading.mark:
        if mark.indicator not in strongest:
            raise CorpusError(
                f"{of.id}: {reader} marks {mark.indicator!r}, which is no indicator; there are: {', '.join(known)}"
            )
        strongest[mark.indicator] = max(strongest[mark.indicator], mark.level, key=_strength)
    return ((of.digest, reader, slug, level) for slug, level in strongest.items())


def _strength(level: str) -> int:
    """Rank among marks; `unclear` is more than absent and gives way to every other."""
    return ("absent", "unclear", *LEVELS[1:4]).index(level)


def _marks(reader: str, of: Transcript, reading: Reading) -> Iterator[tuple[Any, ...]]:
    seen: dict[tuple[str, Any], Quote] = {}
    for mark in reading.mark:
        span = family.find(mark, of)
        if (mark.indicator, span) in seen:
            raise CorpusError(
                f"{of.id}: {reader} marks the same words twice as {mark.indicator}: {mark.quote!r}; keep one"
            )
        seen[mark.indicator, span] = mark
        yield of.digest, reader, mark.indicator, span.message, span.field, span.start, span.end, mark.level, mark.quote
