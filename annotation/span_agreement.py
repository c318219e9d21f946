"""Span agreement: how far two annotators who judged one transcript mark the same words."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import dataframely as dy
import numpy as np
import polars as pl

from feint.annotation.agreement import clusters
from feint.annotation.resampling import ratio
from feint.corpus.tables import Judgements, Marks, SpanAgreement

LEVELS = ("considered", "endorsed")
"""Levels whose marks are compared: annotators mark every place of these, and of mere mentions the first only."""
ENOUGH = 0.5
"""Share of the shorter of two spans that they have in common from which they match."""

Place = tuple[int, str]
"""Message and field."""
Spans = Sequence[tuple[Place, int, int]]


def span_agreement(
    judgements: dy.DataFrame[Judgements],
    marks: dy.DataFrame[Marks],
    groups: pl.DataFrame | None = None,
    *,
    draws: int = 1000,
    seed: int = 0,
) -> dy.DataFrame[SpanAgreement]:
    """F1 of the marked words, per indicator, over all pairs of annotators who judged it in the same transcript.

    F1 is 2 x shared / (marked by one + marked by the other), pooled over pairs: which of two annotators is held
    against which makes no difference, and where most words are marked by nobody it is near to kappa (Hripcsak and
    Rothschild 2005). What is shared:

    - `characters`: code points that both marked.
    - `spans`: marks that match one of the other's, which is to have at least half of the shorter's characters in common (a soft
      match, as Wiebe, Wilson and Cardie 2005 have it: annotators agree on the expression and not on its ends).
    - `placed`: characters again, only where both marked something. It tells apart where they disagree: on whether it is there,
      which the other two count as well, or on where.

    Marks at the levels considered and endorsed count. Intervals are percentile bootstrap over groups, as in `agreement`.
    """
    judged = judgements.select("transcript_id", "annotator", "indicator")
    spans: dict[tuple[str, str, str], list[tuple[Place, int, int]]] = {}
    for row in marks.filter(pl.col("level").is_in(LEVELS)).sort(Marks.primary_key()).iter_rows(named=True):
        reading = (row["indicator"], row["transcript_id"], row["annotator"])
        spans.setdefault(reading, []).append(((row["message"], row["field"]), row["start"], row["end"]))
    rows = []
    for (slug,), of in judged.sort("indicator", "transcript_id", "annotator").group_by(
        "indicator", maintain_order=True
    ):
        pairs = list(_pairs(str(slug), of, spans))
        for measure, counted in zip(("characters", "spans", "placed"), _counts(pairs), strict=True):
            names = pl.Series([name for name, *_ in counted], dtype=pl.String)
            shared, marked = (np.array([float(one[at]) for one in counted]) for at in (1, 2))
            figures = ratio(2 * shared, marked, clusters(names, groups), draws, seed)
            rows.append((slug, measure, *figures, len(counted), sum(one[3] for one in counted)))
    return SpanAgreement.validate(pl.DataFrame(rows, SpanAgreement.column_names(), orient="row"), cast=True)


def overlap(one: Spans, two: Spans) -> int:
    """Code points that both hold; spans of one side must not overlap each other.

    >>> overlap([((0, "content"), 0, 5)], [((0, "content"), 3, 9), ((1, "content"), 0, 9)])
    2
    """
    return sum(max(0, min(a[2], b[2]) - max(a[1], b[1])) for a in one for b in two if a[0] == b[0])


def matching(one: Spans, two: Spans) -> int:
    """How many of the first match one of the second.

    >>> matching([((0, "content"), 0, 10), ((0, "content"), 20, 30)], [((0, "content"), 6, 10)])
    1
    """
    return sum(any(overlap([a], [b]) >= ENOUGH * min(a[2] - a[1], b[2] - b[1]) for b in two) for a in one)


def _pairs(
    slug: str, judged: pl.DataFrame, spans: Mapping[tuple[str, str, str], Spans]
) -> Iterator[tuple[str, Spans, Spans]]:
    """Every pair of readings of a transcript of which one at least marks the indicator."""
    for (name,), of in judged.group_by("transcript_id", maintain_order=True):
        for one, two in combinations(of["annotator"], 2):
            first, second = (spans.get((slug, str(name), who), ()) for who in (one, two))
            if first or second:
                yield str(name), first, second


def _counts(pairs: Sequence[tuple[str, Spans, Spans]]) -> Iterator[list[tuple[str, float, int, int]]]:
    """For each measure and pair: the transcript, what is shared, what is marked, and how many marks there are."""
    whole = [(name, _merged(one), _merged(two), len(one) + len(two)) for name, one, two in pairs]
    yield [(name, overlap(one, two), _length(one) + _length(two), marks) for name, one, two, marks in whole]
    yield [
        (name, (matching(one, two) + matching(two, one)) / 2, len(one) + len(two), len(one) + len(two))
        for name, one, two in pairs
    ]
    yield [
        (name, overlap(one, two), _length(one) + _length(two), marks) for name, one, two, marks in whole if one and two
    ]


def _merged(spans: Spans) -> Spans:
    """The same characters, each once."""
    found: list[tuple[Place, int, int]] = []
    for place, start, end in sorted(spans):
        if found and found[-1][0] == place and start <= found[-1][2]:
            found[-1] = (place, found[-1][1], max(end, found[-1][2]))
        else:
            found.append((place, start, end))
    return found


def _length(spans: Spans) -> int:
    return sum(end - start for _, start, end in spans)
