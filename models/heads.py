"""Heads: one logistic regression per indicator, from a passage's vector to the log-odds that it shows the indicator."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

RAREST = 5
"""Fewest positive passages a head is fitted on; with fewer it says 'never'."""
NEVER = -8.0
"""Log-odds of a head that has nothing to learn from."""


@dataclass(frozen=True, slots=True)
class Heads:
    """Weights of all heads, one row each.

    >>> heads = Heads(("a",), np.array([[2.0, 0.0]]), np.array([-1.0]))
    >>> heads.logits(np.array([[1.0, 0.0], [0.0, 1.0]]))
    array([[ 1.],
           [-1.]])
    """

    names: tuple[str, ...]
    """Indicator of each row."""
    weight: Floats
    """Shape (heads, dimensions)."""
    bias: Floats
    """Shape (heads,)."""

    def logits(self, vectors: npt.NDArray[np.floating]) -> Floats:
        """(passages, dimensions) to log-odds (passages, heads)."""
        return np.asarray(vectors, np.float64) @ self.weight.T + self.bias


def fit(names: Sequence[str], vectors: npt.NDArray[np.floating], targets: Floats, c: float) -> Heads:
    """One head per column of `targets` (passages, heads; NaN is unknown); `c` is the inverse strength of the L2 penalty."""
    from sklearn.linear_model import LogisticRegression

    weight = np.zeros((len(names), vectors.shape[1]))
    bias = np.full(len(names), NEVER)
    for row, target in enumerate(targets.T):
        known = ~np.isnan(target)
        shown = target[known] > 0
        if shown.sum() >= RAREST and not shown.all():
            # Newton's method: with 384 dimensions and thousands of passages it takes a tenth of lbfgs' time.
            model = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-6)
            model.fit(np.asarray(vectors[known], np.float64), shown)
            weight[row], bias[row] = model.coef_[0], model.intercept_[0]
    return Heads(tuple(names), weight, bias)
