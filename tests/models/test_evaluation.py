"""Measures held against scikit-learn and against numbers worked by hand; intervals resampled by group."""

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from feint.models import evaluation
from feint.models.evaluation import MEASURES, auroc, calibration_error, estimate, recall_at
from feint.models.thresholds import at_false_positive_rate

SCORES = st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.5000001, 0.9, 1.0])
JUDGED = st.lists(st.tuples(SCORES, st.booleans()), min_size=2, max_size=30).filter(
    lambda rows: len({b for _, b in rows}) == 2
)


def columns(rows: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([score for score, _ in rows]), np.array([label for _, label in rows])


@given(JUDGED)
def test_auroc_is_scikit_learns(rows: list[tuple[float, bool]]) -> None:
    scores, labels = columns(rows)
    assert auroc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))


@given(JUDGED, st.floats(0.001, 0.999))
def test_recall_is_what_the_threshold_of_that_rate_finds(rows: list[tuple[float, bool]], rate: float) -> None:
    scores, labels = columns(rows)
    found = scores[labels] >= at_false_positive_rate(scores, labels, rate)
    assert recall_at(rate)(scores, labels) == found.mean()


def test_average_precision_by_hand() -> None:
    # ranked: yes, no, yes -> (1/1 + 2/3) / 2
    scores, labels = np.array([0.9, 0.8, 0.7]), np.array([True, False, True])
    assert evaluation.average_precision(scores, labels) == pytest.approx(5 / 6)


def test_calibration_error_by_hand() -> None:
    # bins of two: (0.1, 0.3) with 0 of 2 is off by 0.2; (0.7, 0.9) with 1 of 2 is off by 0.3
    scores, labels = np.array([0.9, 0.1, 0.7, 0.3]), np.array([True, False, False, False])
    assert calibration_error(scores, labels, bins=2) == pytest.approx(0.25)
    assert calibration_error(np.zeros(0), np.zeros(0, bool)) == 0


@pytest.mark.parametrize("label", [True, False])
def test_a_measure_of_one_class_is_undefined_and_not_a_number(label: bool) -> None:
    scores, labels = np.array([0.2, 0.4]), np.array([label, label])
    undefined = {name for name, measure in MEASURES.items() if isnan(measure(scores, labels))}
    of_ranking = {"AUROC", "recall at 1 % FPR", "recall at 5 % FPR"}
    assert undefined == (of_ranking if label else of_ranking | {"average precision"})


def test_an_interval_holds_the_value_and_is_the_same_for_the_same_seed() -> None:
    generator = np.random.default_rng(3)
    labels = np.arange(60) % 2 == 0
    scores = labels * 0.5 + generator.normal(size=60)
    groups = [f"g{index // 4}" for index in range(60)]
    first = estimate(auroc, scores, labels, groups, draws=200, seed=0)
    assert first.low < first.value < first.high
    assert first.value == auroc(scores, labels)
    assert estimate(auroc, scores, labels, groups, draws=200, seed=0) == first
    assert estimate(auroc, scores, labels, groups, draws=200, seed=1) != first


def test_whole_groups_are_drawn() -> None:
    # every group has the same two rows: whatever is drawn, the measure is the same
    scores, labels = np.array([0.9, 0.1] * 10), np.array([True, False] * 10)
    paired = estimate(auroc, scores, labels, [f"g{index // 2}" for index in range(20)], draws=50, seed=0)
    assert (paired.low, paired.high) == (1, 1)
    # one group holds all positives: one draw in five or so lacks it, so that there is no interval
    lopsided = estimate(auroc, scores, labels, ["yes" if label else str(at) for at, label in enumerate(labels)], 50, 0)
    assert (lopsided.value, isnan(lopsided.low)) == (1, True)
