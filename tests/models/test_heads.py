"""Heads: scikit-learn's regression, indicator by indicator, on what is known."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from feint.models import heads

GENERATOR = np.random.default_rng(0)
VECTORS = GENERATOR.normal(size=(80, 6))
SHOWN = (VECTORS[:, 0] + 0.5 * GENERATOR.normal(size=80) > 0.4).astype(float)


def test_a_head_is_the_logistic_regression_of_its_indicator() -> None:
    fitted = heads.fit(["a", "b"], VECTORS, np.column_stack([SHOWN, 1 - SHOWN]), c=2.0)
    theirs = LogisticRegression(C=2.0, tol=1e-10, max_iter=10_000).fit(VECTORS, SHOWN)
    np.testing.assert_allclose(fitted.weight[0], theirs.coef_[0], atol=1e-4)
    np.testing.assert_allclose(fitted.logits(VECTORS)[:, 0], theirs.decision_function(VECTORS), atol=1e-3)
    np.testing.assert_allclose(fitted.weight[1], -fitted.weight[0], atol=1e-4)


def test_what_nobody_said_is_left_out() -> None:
    targets = SHOWN.copy()
    targets[::3] = np.nan
    known = ~np.isnan(targets)
    with_gaps = heads.fit(["a"], VECTORS, targets[:, None], c=1.0)
    without = heads.fit(["a"], VECTORS[known], targets[known, None], c=1.0)
    np.testing.assert_allclose(with_gaps.weight, without.weight, atol=1e-4)


@pytest.mark.parametrize("positives", [0, heads.RAREST - 1, 80])
def test_a_head_with_nothing_to_learn_from_says_never(positives: int) -> None:
    targets = (np.arange(80) < positives).astype(float)
    fitted = heads.fit(["a"], VECTORS, targets[:, None], c=1.0)
    assert not fitted.weight.any()
    assert fitted.logits(VECTORS).max() == heads.NEVER
