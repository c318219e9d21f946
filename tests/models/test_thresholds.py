"""Thresholds: never more false alarms than asked for, and never a higher bar than that needs."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feint.models.thresholds import at_false_positive_rate, wilson

JUDGED = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("rate", "threshold"),
    # negatives 0.7, 0.5, 0.3, 0.1; positives 0.9, 0.6: below 25 % none may be flagged, from 25 % one, from 50 % two
    [(0.01, 0.8), (0.24, 0.8), (0.25, 0.55), (0.5, 0.4), (1.0, 0.0)],
)
def test_thresholds_worked_by_hand(rate: float, threshold: float) -> None:
    probabilities = np.array([0.9, 0.7, 0.6, 0.5, 0.3, 0.1])
    labels = np.array([True, False, True, False, False, False])
    assert at_false_positive_rate(probabilities, labels, rate) == pytest.approx(threshold)


@given(JUDGED, st.floats(0.001, 0.999))
@example([(0.5, False), (float(np.nextafter(0.5, 1)), True)], 0.01)
@example([(1.0, False), (1.0, True)], 0.01)
def test_a_threshold_flags_at_most_the_rate_and_every_positive_above_it(
    judged: list[tuple[float, bool]], rate: float
) -> None:
    probabilities = np.array([probability for probability, _ in judged])
    labels = np.array([label for _, label in judged])
    flags = probabilities >= (threshold := at_false_positive_rate(probabilities, labels, rate))
    negatives = (~labels).sum()
    assert flags[~labels].sum() <= rate * negatives
    refused = probabilities[~labels & ~flags]
    if len(refused):
        assert flags[probabilities > refused.max()].all()
        assert threshold > refused.max()


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    # p = 0: the upper end is z²/(n + z²) = 3.8415 / 13.8415; p = 1 mirrors it; 5 of 10 is symmetrical
    [(0, 10, 0, 0.2775), (10, 10, 0.7225, 1), (5, 10, 0.2366, 0.7634), (0, 0, 0, 1)],
)
def test_wilson_intervals_worked_by_hand(count: int, total: int, low: float, high: float) -> None:
    assert wilson(count, total) == pytest.approx((low, high), abs=5e-5)
