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
    """One head per column of `targets` (passages, heads; NaN is unknown); `c` is the inverse strength of the L2 penalty.

    All regressions are descended together: they share the vectors, and the products over them are most of the work.
    """
    from scipy.optimize import minimize

    known = ~np.isnan(targets)
    shown = (np.nan_to_num(targets) > 0) & known
    taught = np.flatnonzero((shown.sum(axis=0) >= RAREST) & (shown != known).any(axis=0))
    weight = np.zeros((len(names), vectors.shape[1]))
    bias = np.full(len(names), NEVER)
    if not len(taught):
        return Heads(tuple(names), weight, bias)
    inputs = np.column_stack([np.asarray(vectors, np.float64), np.ones(len(vectors))])
    sign, counts = np.where(shown, 1.0, -1.0)[:, taught], known[:, taught].astype(float)
    pull = np.append(np.full(vectors.shape[1], 1 / c), 0.0)[:, None]

    def loss(at: Floats) -> tuple[float, Floats]:
        weights = at.reshape(-1, len(taught))
        margin = sign * (inputs @ weights)
        slope = -sign * counts / (1 + np.exp(np.minimum(margin, 500)))
        total = (counts * np.logaddexp(0, -margin)).sum() + (pull * weights**2).sum() / 2
        return float(total), (inputs.T @ slope + pull * weights).ravel()

    start = np.zeros(inputs.shape[1] * len(taught))
    options = {"maxiter": 2000, "maxfun": 4000, "ftol": 1e-13, "gtol": 1e-5, "maxcor": 30}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x.reshape(-1, len(taught))
    weight[taught], bias[taught] = found[:-1].T, found[-1]
    return Heads(tuple(names), weight, bias)
