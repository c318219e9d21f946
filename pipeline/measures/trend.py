"""Trend: whether faking grows from checkpoint to checkpoint."""

from dataclasses import replace

import numpy as np
import polars as pl

from feint.pipeline.measures import gee
from feint.pipeline.measures.cells import cluster_of, course, numbered
from feint.pipeline.measures.resampling import around, p_value
from feint.pipeline.measures.result import Result
from feint.pipeline.measures.warnings import checked

MANY = 40
"""Clusters from which on the sandwich needs no help."""
RARE = 10
"""Faking, or not faking, answers below which no logistic trend is fitted."""


def trend(cells: pl.DataFrame, labels: str, arm: str = "observed") -> Result:
    """Log-odds of faking in the reasoning that a checkpoint adds, over one model's checkpoints in order.

    Generalised estimating equations with an exchangeable correlation within a prompt (Liang and Zeger 1986). The error
    leaves out each cluster in turn, in one Newton step (MacKinnon, Nielsen and Webb 2023), with t of G − 1 degrees of
    freedom; from 40 clusters that are prompts on it is the sandwich. Checkpoints count by their place, not by their steps.
    """
    frame = course(cells, arm)
    kind = cluster_of(frame)
    none = Result(
        family="lock-in",
        measure="trend",
        title="trend of faking",
        estimate=None,
        unit="log-odds per checkpoint",
        null=0.0,
        observations=int(frame["judged"].sum()),
        clusters=frame[kind].n_unique() if len(frame) else 0,
        cluster=kind,
        method="GEE, exchangeable within prompts, jackknife over clusters",
        source="Liang and Zeger 1986; MacKinnon, Nielsen and Webb 2023",
        labels=labels,
    )
    faking, answers = frame["faking"].cast(pl.Float64).to_numpy(), frame["judged"].cast(pl.Float64).to_numpy()
    if frame["position"].n_unique() < 2:
        return none.warned("a trend needs two checkpoints or more")
    if min(faking.sum(), answers.sum() - faking.sum()) < RARE:
        rare = f"{faking.sum():g} of {answers.sum():g} answers fake; a logistic trend needs {RARE} of either kind"
        return none.warned(rare)
    design = np.stack([np.ones(len(frame)), frame["position"].cast(pl.Float64).to_numpy()], axis=1)
    blocks = numbered(frame, "model", "scenario", "pair")
    fit = gee.fit(design, faking, answers, blocks)
    if not fit.settled:
        return none.warned("the fit did not settle: faking is at 0 or 1 at some checkpoints")
    if kind == "pair" and none.clusters >= MANY:
        covariance, made = fit.sandwich(), "GEE, exchangeable within prompts, sandwich"
    else:
        of_block = np.empty(blocks.max() + 1, np.int64)
        of_block[blocks] = numbered(frame, kind)
        covariance, made = fit.jackknife(of_block), none.method
    slope, error = float(fit.coefficients[1]), float(np.sqrt(covariance[1, 1]))
    low, high = around(slope, error, none.clusters)
    counts = {
        "checkpoints": frame["position"].n_unique(),
        "correlation": fit.correlation,
        "faking": float(faking.sum()),
    }
    return checked(
        replace(none, estimate=slope, low=low, high=high, p=p_value(slope, 0.0, error, none.clusters), method=made, counts=counts)
    )  # fmt: skip
