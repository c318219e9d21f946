"""Resampling: intervals of ratios and rates over groups drawn with replacement."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DEFINED = 0.95
"""Share of draws that must be defined for an interval to be given."""


def drawn(clusters: NDArray[np.int_], draws: int, seed: int) -> NDArray[np.int_]:
    """(draws, groups): how often each draw has each group, for the numbers of the units' groups, from 0."""
    number = int(clusters.max(initial=-1)) + 1
    return np.random.default_rng(seed).multinomial(number, np.full(number, 1 / max(number, 1)), size=draws)


def ratio(
    above: Floats, below: Floats, clusters: NDArray[np.int_], draws: int, seed: int
) -> tuple[float | None, float | None, float | None]:
    """Sum of `above` over sum of `below` (units,), with its 95 % percentile interval over groups.

    None where nothing is below; no interval where that is so in more than one of twenty draws, or there is one group.

    >>> ratio(np.array([1.0, 0, 1, 1]), np.ones(4), np.array([0, 1, 2, 3]), 200, seed=0)
    (0.75, 0.25, 1.0)
    """
    if not below.sum() > 0:
        return None, None, None
    weights = drawn(clusters, draws, seed)
    number = weights.shape[1]
    tops, bottoms = (weights @ np.bincount(clusters, given, number) for given in (above, below))
    low, high = interval(np.divide(tops, bottoms, out=np.full(draws, np.nan), where=bottoms > 0), number)
    return float(above.sum() / below.sum()), low, high


def interval(found: Floats, groups: int) -> tuple[float | None, float | None]:
    """The 2.5th and 97.5th percentile of what the draws gave, nan where undefined."""
    if groups < 2 or np.isfinite(found).mean() < DEFINED:
        return None, None
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return float(low), float(high)
