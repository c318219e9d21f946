"""The latent scale: normal variation of log-odds, and the probabilities that it averages to."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import expit, roots_hermitenorm

Floats = npt.NDArray[np.float64]
NODES, WEIGHTS = roots_hermitenorm(81)
"""Gauss–Hermite quadrature of a standard normal variable; the weights add up to 1."""
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def logits(means: Sequence[float] | Floats, spread: float) -> Floats:
    """Centres on the logit scale at which normal variation of this spread has these means.

    >>> round(float(logits([0.2], 0.0)[0]), 4), round(float(logits([0.8], 1.0)[0]), 4)
    (-1.3863, 1.6497)
    """
    wanted = np.clip(np.asarray(means, float), 1e-12, 1 - 1e-12)
    low, high = np.full(wanted.shape, -60.0), np.full(wanted.shape, 60.0)
    for _ in range(60):
        middle = (low + high) / 2
        under = expit(middle[:, None] + spread * NODES) @ WEIGHTS < wanted
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    found: Floats = (low + high) / 2
    return found
