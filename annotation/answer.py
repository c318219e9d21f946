"""An answer: what one annotator says of one transcript."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import dataframely as dy
import polars as pl

from feint.annotation.indicator import indicators
from feint.corpus.span import Span
from feint.corpus.tables import LEVELS, Judgements, Marks, Sittings, ValueMarks, Values, Verdicts

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
    """Where the words stand that name it."""
    quotes: tuple[str, ...] = field(default=(), compare=False)
    """The words themselves, in the same order."""


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
    updated_at: str | None = field(default=None, compare=False)
    """When it was last changed, ISO 8601."""
    task: int | None = field(default=None, compare=False)
    """Label Studio's number of the task; likewise of the annotation."""
    annotation: int | None = field(default=None, compare=False)

    def levels(self) -> dict[str, str]:
        """The strongest level of every indicator, `absent` where none of its words are marked."""
        strongest = {indicator.slug: "absent" for indicator in indicators()}
        for mark in self.marks:
            strongest[mark.indicator] = max(strongest[mark.indicator], mark.level, key=_STRENGTH.index)
        return strongest


class Answers(NamedTuple):
    """What annotators said, in tables."""

    judgements: dy.DataFrame[Judgements]
    verdicts: dy.DataFrame[Verdicts]
    marks: dy.DataFrame[Marks]
    values: dy.DataFrame[Values]
    value_marks: dy.DataFrame[ValueMarks]
    sittings: dy.DataFrame[Sittings]


def tables(given: Iterable[Answer]) -> Answers:
    """Answers as tables; a judgement of absent is a row, too."""
    said = [(one, (one.transcript_id, one.annotator)) for one in given]
    return Answers(
        _frame(Judgements, [(*who, slug, level) for one, who in said for slug, level in one.levels().items()]),
        _frame(Verdicts, [(*who, one.verdict, one.confidence, one.note) for one, who in said]),
        _frame(
            Marks,
            [
                (*who, mark.indicator, *_place(mark.span), mark.level, mark.quote)
                for one, who in said
                for mark in one.marks
            ],
        ),
        _frame(Values, [(*who, v.name, v.relation, v.origin, v.grade) for one, who in said if (v := one.value)]),
        _frame(
            ValueMarks,
            [
                (*who, *_place(span), quote)
                for one, who in said
                if one.value
                for span, quote in zip(one.value.spans, one.value.quotes, strict=True)
            ],
        ),
        _frame(Sittings, [(*who, one.seconds, one.updated_at) for one, who in said]),
    )


def _place(span: Span) -> tuple[Any, ...]:
    return span.message, span.field, span.start, span.end


def _frame(schema: Any, rows: Sequence[tuple[Any, ...]]) -> Any:
    frame = pl.DataFrame(rows, schema.column_names(), orient="row", infer_schema_length=None)
    return schema.validate(frame, cast=True)
