"""Calibration: from a decision's log-odds to a probability that means what it says."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feint.models.heads import Floats


@dataclass(frozen=True, slots=True)
class Platt:
    """probability = sigmoid(slope × log-odds + intercept) (Platt 1999).

    >>> Platt(1.0, 0.0).probability(np.array([0.0]))
    array([0.5])
    """

    slope: float
    intercept: float

    def probability(self, logits: Floats) -> Floats:
        """Log-odds of any shape to probabilities of that shape."""
        return 1 / (1 + np.exp(-np.clip(self.slope * logits + self.intercept, -40, 40)))


def fit(logits: Floats, labels: npt.NDArray[np.bool_]) -> Platt:
    """On log-odds of transcripts the decision was not fitted on, with Platt's smoothed targets; the slope stays positive."""
    from scipy.optimize import minimize

    positive, negative = int(labels.sum()), int((~labels).sum())
    target = np.where(labels, (positive + 1) / (positive + 2), 1 / (negative + 2))

    def loss(at: Floats) -> float:
        score = np.exp(at[0]) * logits + at[1]
        return float((np.logaddexp(0, score) - target * score).sum() + 0.01 * at[0] ** 2)

    found = minimize(loss, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 4000})
    return Platt(float(np.exp(found.x[0])), float(found.x[1]))
