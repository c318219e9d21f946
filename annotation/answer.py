"""An answer: what one annotator says of one transcript."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from feint.annotation.indicator import indicators
from feint.annotation.readings import Readings
from feint.corpus.span import Span
from feint.corpus.tables import LEVELS, Judgements, Marks, Verdicts

_STRENGTH = ("absent", "unclear", *LEVELS[1:4])
"""Levels from weak to strong; `unclear` is more than absent and gives way to every other."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Words that an annotator marked."""

    indicator: str
    level: str
    span: Span
    quote: str


@dataclass(frozen=True, slots=True)
class Value:
    """The value block: what is being protected, each field none where it was left open."""

    name: str | None = None
    relation: str | None = None
    """One of `interface.RELATIONS`, likewise the next two."""
    origin: str | None = None
    grade: str | None = None
    spans: tuple[Span, ...] = ()
    """The words that name it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one annotator says of one transcript."""

    transcript_id: str
    annotator: str
    verdict: str
    confidence: int
    """1 a guess, 5 any careful reader would say the same."""
    note: str | None = None
    marks: tuple[Mark, ...] = ()
    value: Value | None = None
    seconds: float | None = None
    """Time spent on the page."""
    task: int | None = field(default=None, compare=False)
    """Label Studio's number of the task; likewise of the annotation."""
    annotation: int | None = field(default=None, compare=False)

    def levels(self) -> dict[str, str]:
        """The strongest level of every indicator, `absent` where none of its words are marked."""
        strongest = {indicator.slug: "absent" for indicator in indicators()}
        for mark in self.marks:
            strongest[mark.indicator] = max(strongest[mark.indicator], mark.level, key=_STRENGTH.index)
        return strongest


def tables(given: Iterable[Answer]) -> Readings:
    """Answers as judgements (a row for absent, too), verdicts and marks."""
    given = list(given)
    judgements = [
        (one.transcript_id, one.annotator, slug, level) for one in given for slug, level in one.levels().items()
    ]
    verdicts = [(one.transcript_id, one.annotator, one.verdict, one.confidence, one.note) for one in given]
    marks = [
        (one.transcript_id, one.annotator, mark.indicator, mark.span.message, mark.span.field, mark.span.start,
         mark.span.end, mark.level, mark.quote)
        for one in given
        for mark in one.marks
    ]  # fmt: skip
    return Readings(
        Judgements.validate(pl.DataFrame(judgements, Judgements.column_names(), orient="row"), cast=True),
        Verdicts.validate(pl.DataFrame(verdicts, Verdicts.column_names(), orient="row"), cast=True),
        Marks.validate(pl.DataFrame(marks, Marks.column_names(), orient="row"), cast=True),
    )
