"""Span agreement: figures worked by hand."""

import polars as pl
import pytest

from feint.annotation.span_agreement import span_agreement
from feint.corpus.tables import Marks


def marked(*rows):
    """(transcript, annotator, start, end, level) of `concealment` in the content of message 1."""
    full = [
        (t, who, "concealment", 1, "content", start, end, level, "x" * (end - start))
        for t, who, start, end, level in rows
    ]
    return Marks.validate(pl.DataFrame(full, Marks.column_names(), orient="row"), cast=True)


@pytest.fixture
def both(judge):
    """Four transcripts judged by two."""
    return judge({t: {who: {"concealment": "absent"} for who in ("ann", "ben")} for t in "abcd"})


def _of(table, measure):
    return table.filter(pl.col("measure") == measure).select("value", "pairs", "marks").row(0)


def test_characters_spans_and_places_by_hand(both) -> None:
    marks = marked(
        ("a", "ann", 0, 10, "endorsed"), ("a", "ben", 5, 15, "considered"),  # 5 of 10 and 10: half, a match
        ("b", "ann", 0, 10, "endorsed"), ("b", "ben", 6, 20, "endorsed"),  # 4 of 10 and 14: no match
        ("c", "ann", 0, 6, "endorsed"),  # ben sees nothing
        ("d", "ann", 0, 9, "mentioned"),  # does not count
    )  # fmt: skip
    found = span_agreement(both, marks, draws=50)
    assert _of(found, "characters") == (pytest.approx(2 * 9 / (20 + 24 + 6)), 3, 5)
    assert _of(found, "spans") == (pytest.approx(2 * 1 / 5), 3, 5)
    assert _of(found, "placed") == (pytest.approx(2 * 9 / 44), 2, 4)


def test_one_long_mark_matches_the_two_short_ones_in_it(both) -> None:
    marks = marked(("a", "ann", 0, 100, "endorsed"), ("a", "ben", 0, 10, "endorsed"), ("a", "ben", 50, 60, "endorsed"))
    found = span_agreement(both, marks, draws=50)
    assert _of(found, "spans") == (1.0, 1, 3)
    assert _of(found, "characters") == (pytest.approx(2 * 20 / 120), 1, 3)


def test_marks_of_one_annotator_that_overlap_count_once(both) -> None:
    marks = marked(("a", "ann", 0, 10, "endorsed"), ("a", "ann", 5, 12, "endorsed"), ("a", "ben", 0, 12, "endorsed"))
    assert _of(span_agreement(both, marks, draws=50), "characters") == (1.0, 1, 3)


def test_only_transcripts_that_both_judged_are_compared(judge) -> None:
    judged = judge({"a": {"ann": {"concealment": "endorsed"}}, "b": {"ben": {"concealment": "endorsed"}}})
    found = span_agreement(judged, marked(("a", "ann", 0, 5, "endorsed"), ("b", "ben", 0, 5, "endorsed")), draws=50)
    assert _of(found, "characters") == (None, 0, 0)


def test_who_is_held_against_whom_makes_no_difference_and_intervals_hold_the_value(both) -> None:
    rows = [("a", 0, 10, 5, 15), ("b", 0, 10, 0, 10), ("c", 0, 10, 20, 30), ("d", 3, 9, 0, 12)]
    one = marked(
        *(row for t, s, e, u, v in rows for row in ((t, "ann", s, e, "endorsed"), (t, "ben", u, v, "endorsed")))
    )
    two = marked(
        *(row for t, s, e, u, v in rows for row in ((t, "ben", s, e, "endorsed"), (t, "ann", u, v, "endorsed")))
    )
    found = span_agreement(both, one, draws=200)
    assert found.equals(span_agreement(both, two, draws=200))
    assert all(low <= value <= high for value, low, high in found.select("value", "low", "high").rows())
