"""Resampling: whole clusters drawn with replacement, and the intervals made from them."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy import stats

from feint.pipeline.measures.cells import Floats
from feint.pipeline.measures.result import LEVEL

DRAWS = 2000
BLOCKS = 1000
"""More clusters than this are drawn in that many blocks of clusters: blocks of independent clusters are independent."""
FEWEST = 3
"""Clusters below which no interval is given."""
FEW = 10
"""Clusters below which an interval is warned of."""

Statistic = Callable[[Floats], Floats]
"""Sums over clusters, (draws, columns), to one number a draw; NaN where it is undefined."""


def weights(clusters: int, draws: int, seed: int) -> Floats:
    """How often each draw has each cluster: (draws, clusters), rows adding up to the number of clusters."""
    found: Floats = _weights(clusters, draws, seed)
    return found


@lru_cache(maxsize=4)
def _weights(clusters: int, draws: int, seed: int) -> Floats:
    drawn = np.random.default_rng(seed).multinomial(clusters, np.full(clusters, 1 / clusters), size=draws)
    return drawn.astype(float)


def blocked(sums: Floats) -> Floats:
    """The sums, clusters beyond `BLOCKS` added up in turn."""
    if len(sums) <= BLOCKS:
        return sums
    found = np.zeros((BLOCKS, sums.shape[1]))
    np.add.at(found, np.arange(len(sums)) % BLOCKS, sums)
    return found


def bootstrap_error(statistic: Statistic, sums: Floats, draws: int, seed: int) -> float:
    """Standard error of a statistic of sums (clusters, columns): the bootstrap's, times sqrt(G / (G - 1)).

    A bootstrap of G clusters sees a variance too small by (G - 1) / G. NaN where a tenth of the draws or more leave the
    statistic undefined.
    """
    sums = blocked(sums)
    drawn = statistic(weights(len(sums), draws, seed) @ sums)
    known = drawn[np.isfinite(drawn)]
    if len(sums) < 2 or len(known) < 0.9 * draws:
        return float("nan")
    return float(known.std() * np.sqrt(len(sums) / (len(sums) - 1)))


def jackknife_error(statistic: Statistic, sums: Floats) -> float:
    """Standard error from leaving out each cluster (CV3: MacKinnon, Nielsen and Webb 2023); NaN where one is undefined."""
    sums = blocked(sums)
    total = sums.sum(axis=0)
    without = statistic(total - sums)
    count = len(sums)
    if count < 2 or not np.isfinite(without).all():
        return float("nan")
    whole = statistic(total[None])[0]
    return float(np.sqrt((count - 1) / count * np.square(without - whole).sum()))


def quantile(clusters: int) -> float:
    """Student's t with clusters - 1 degrees of freedom: how many standard errors an interval reaches.

    >>> round(quantile(12), 3)
    2.201
    """
    return float(stats.t.ppf((1 + LEVEL) / 2, min(clusters, BLOCKS) - 1))


def around(estimate: float, error: float, clusters: int) -> tuple[float | None, float | None]:
    """The t interval; none without an error or with too few clusters."""
    if not np.isfinite(estimate + error) or clusters < FEWEST:
        return None, None
    reach = quantile(clusters) * error
    return estimate - reach, estimate + reach


def p_value(estimate: float, null: float, error: float, clusters: int) -> float | None:
    """Two-sided, from t; none without an error."""
    if not np.isfinite(estimate + error) or clusters < FEWEST or error <= 0:
        return None
    return float(2 * stats.t.sf(abs(estimate - null) / error, min(clusters, BLOCKS) - 1))


def wilson(share: float, variance: float, answers: float, clusters: int) -> tuple[float | None, float | None]:
    """Interval of a share whose variance is known from clusters: Wilson's, at the number of independent answers worth as much.

    That number is share (1 - share) / variance (Kish 1965; Dean and Pagano 2015), and `answers` where nothing varies;
    t with clusters - 1 degrees of freedom stands for the normal quantile.

    >>> [round(end, 3) for end in wilson(0.0, 0.0, 60, 60)]
    [0.0, 0.063]
    """
    if clusters < FEWEST or not np.isfinite(share):
        return None, None
    worth = share * (1 - share) / variance if variance > 0 else answers
    k = quantile(clusters) ** 2
    centre = (share + k / (2 * worth)) / (1 + k / worth)
    half = np.sqrt(k * (share * (1 - share) / worth + k / (4 * worth**2))) / (1 + k / worth)
    low, high = max(float(centre - half), 0.0), min(float(centre + half), 1.0)
    return 0.0 if share == 0 else low, 1.0 if share == 1 else high


def ratio_variance(over: Floats, under: Floats) -> float:
    """Variance of sum(over) / sum(under) over clusters, by linearisation; NaN with one cluster."""
    count = len(over)
    if count < 2 or not under.sum():
        return float("nan")
    residual = over - over.sum() / under.sum() * under
    return float(count / (count - 1) * np.square(residual).sum() / under.sum() ** 2)
