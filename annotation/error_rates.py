"""Error rates: how often each annotator sees an indicator that is there, and one that is not, with no truth at hand."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from feint.annotation import resampling
from feint.annotation.agreement import clusters
from feint.annotation.rules import DERIVED

Floats = NDArray[np.float64]
Estimate = tuple[float | None, float | None, float | None]
"""Value, low and high end of the 95 % interval."""
ROUNDS = 500
"""Most iterations."""
STILL = 1e-7
"""Change of every rate below which it has settled."""
REDRAWN = 200
"""Most draws behind an interval: each is an estimation of its own."""
PRIOR = 0.5
"""Judgements of either kind that every rate starts from, so that none is 0 or 1 for want of cases."""


@dataclass(frozen=True, slots=True)
class Rates:
    """One annotator's two rates."""

    annotator: str
    hits: Estimate
    """Probability to call what is there considered or endorsed."""
    false_alarms: Estimate
    """Probability to call that of what is not."""
    judgements: int


def error_rates(
    votes: pl.DataFrame, groups: pl.DataFrame | None = None, *, draws: int = 1000, seed: int = 0
) -> list[Rates]:
    """Each annotator's rates over all indicators that two or more judged, by Dawid and Skene's estimation (1979).

    `votes` has transcript_id, annotator, indicator and vote, as `gold.ballots` gives them. An annotator's two rates are
    the same for all indicators, and every indicator has a prevalence of its own. That is what makes two annotators enough
    (Hui and Walter 1980): over one indicator, nobody could say which of the two errs; over several that are not equally
    common, only one pair of rates fits. It takes errors that do not go together, and annotators who are right more often than not.

    Intervals are percentile bootstrap over groups.
    """
    told = votes.filter(pl.col("vote").is_not_null(), ~pl.col("indicator").is_in(DERIVED))
    told = told.filter(pl.len().over("transcript_id", "indicator") > 1)
    if told.is_empty():
        return []
    names = sorted(told["annotator"].unique())
    wide = told.pivot("annotator", index=["transcript_id", "indicator"], values="vote").sort(
        "transcript_id", "indicator"
    )
    each = wide.select(pl.col(name).cast(pl.Float64) for name in names).to_numpy()
    kinds = np.unique(wide["indicator"].to_numpy(), return_inverse=True)[1]
    # Units alike in indicator and votes are one pattern, counted.
    patterns, which = np.unique(np.column_stack([kinds, np.nan_to_num(each, nan=-1)]), axis=0, return_inverse=True)
    kind, said = patterns[:, 0].astype(int), patterns[:, 1:]
    group = clusters(wide["transcript_id"], groups)
    table = np.zeros((group.max() + 1, len(patterns)))
    np.add.at(table, (group, which.ravel()), 1)
    found = _estimated(said, kind, table.sum(axis=0))
    weights = resampling.drawn(group, min(draws, REDRAWN), seed)
    again = np.array([_estimated(said, kind, counts) for counts in weights @ table])
    return [
        Rates(
            name,
            (float(found[0, at]), *resampling.interval(again[:, 0, at], len(table))),
            (float(found[1, at]), *resampling.interval(again[:, 1, at], len(table))),
            int(np.isfinite(each[:, at]).sum()),
        )
        for at, name in enumerate(names)
    ]


def _estimated(said: Floats, kind: NDArray[np.int_], counts: Floats) -> Floats:
    """(2, annotators): hits and false alarms, from patterns of votes (patterns, annotators; 1, 0 or -1 for none)."""
    yes, voted = said == 1, said >= 0
    there = (yes.sum(axis=1) + PRIOR) / (voted.sum(axis=1) + 2 * PRIOR)
    rates = np.zeros((2, said.shape[1]))
    for _ in range(ROUNDS):
        weights = np.stack([counts * there, counts * (1 - there)])
        before, rates = rates, (weights @ yes + PRIOR) / (weights @ voted + 2 * PRIOR)
        if np.abs(rates - before).max() < STILL:
            break
        share = (np.bincount(kind, weights[0]) + PRIOR) / (np.bincount(kind, counts) + 2 * PRIOR)
        likely = [np.where(yes, np.log(rate), np.where(voted, np.log1p(-rate), 0)).sum(axis=1) for rate in rates]
        odds = np.log(share / (1 - share))[kind] + likely[0] - likely[1]
        there = 1 / (1 + np.exp(-odds))
    return rates
