"""Calibration: Platt's two numbers, as his paper has them."""

import numpy as np
import pytest
from sklearn.calibration import _SigmoidCalibration

from feint.models import calibration
from feint.models.calibration import Platt

GENERATOR = np.random.default_rng(2)
LABELS = GENERATOR.random(400) < 0.4
LOGITS = np.where(LABELS, 1.5, -1.5) + GENERATOR.normal(size=400) * 2


def test_it_is_platts_fit() -> None:
    ours = calibration.fit(LOGITS, LABELS)
    theirs = _SigmoidCalibration().fit(LOGITS, LABELS)
    np.testing.assert_allclose([ours.slope, ours.intercept], [-theirs.a_, -theirs.b_], atol=2e-3)


def test_probabilities_average_to_platts_targets() -> None:
    # At the optimum the residuals sum to nothing; the targets are (n+ + 1)/(n+ + 2) and 1/(n- + 2).
    positive, negative = LABELS.sum(), (~LABELS).sum()
    targets = np.where(LABELS, (positive + 1) / (positive + 2), 1 / (negative + 2))
    assert calibration.fit(LOGITS, LABELS).probability(LOGITS).mean() == pytest.approx(targets.mean(), abs=1e-5)


def test_more_log_odds_never_mean_less_probability() -> None:
    backwards = calibration.fit(-LOGITS, LABELS)
    assert backwards.slope > 0
    assert (np.diff(backwards.probability(np.linspace(-30, 30, 50))) >= 0).all()


@pytest.mark.parametrize(("logit", "probability"), [(0, 0.5), (np.log(3), 0.75), (1e9, 1), (-1e9, 0)])
def test_probabilities_by_hand(logit: float, probability: float) -> None:
    assert Platt(1.0, 0.0).probability(np.array([logit]))[0] == pytest.approx(probability)


def test_two_labels_are_enough_for_finite_numbers() -> None:
    fitted = calibration.fit(np.array([-1.0, 1.0]), np.array([False, True]))
    assert np.isfinite([fitted.slope, fitted.intercept]).all()
