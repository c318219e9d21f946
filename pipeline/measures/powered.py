"""Prediction-powered prevalence: a sample that people labelled, made sharper by a detector's scores on everything."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from feint.pipeline.measures.cells import Floats, cluster_of, numbered
from feint.pipeline.measures.resampling import wilson
from feint.pipeline.measures.result import Result
from feint.pipeline.measures.warnings import checked, plural

FEWEST_DRAWN = 20
"""Labelled answers below which the sample's own variance is not known."""
HEAVY = 0.1
"""Share of all answers that one label stands for, from which it is warned of."""


class Powered(NamedTuple):
    """A mean, its variance, and how far the scores were trusted."""

    mean: float
    variance: float
    trust: float
    """λ of PPI++, from 0 (labels alone) to 1 (plain prediction-powered inference)."""


def powered_mean(
    labels: Floats, scores: Floats, others: Floats, weights: Floats | None = None, trust: float | None = None
) -> Powered:
    """PPI++ mean (Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453, section 6): λ mean(others) + mean(labels − λ scores).

    `labels` and `scores` are of the labelled answers, `others` the scores of those without a label. `weights` are
    proportional to 1 / inclusion probability, so that the labelled stand for all. λ minimises the variance.

    With labels (1, 0), scores (1, 0) and others (1, 1, 0, 0), λ = 1: 0.5 + 0 = 0.5.

    >>> powered_mean(np.array([1.0, 0.0]), np.array([1.0, 0.0]), np.array([1.0, 1.0, 0.0, 0.0]), trust=1.0).mean
    0.5
    """
    count, rest = len(labels), len(others)
    w = np.ones(count) if weights is None else weights / weights.sum() * count
    if trust is None:
        first = others.mean() + (w * (labels - scores)).mean()
        one, two = w * (labels - first), w * (scores - first)
        shared = ((one - one.mean()) * (two - two.mean())).mean()
        spread = np.concatenate([two, others - first]).var(ddof=1)
        trust = float(np.clip(shared / ((1 + count / rest) * spread), 0, 1)) if spread > 0 else 0.0
    mean = float(trust * others.mean() + (w * (labels - trust * scores)).mean())
    rectified = labels - trust * scores
    variance = (
        np.square(trust) * others.var() / rest + np.square(w * (rectified - (w * rectified).mean())).mean() / count
    )
    return Powered(mean, float(variance), trust)


def powered(observations: pl.DataFrame, arm: str = "") -> Result | None:
    """Share of answers that fake, from labels drawn with known probability and a detector's scores on all answers.

    Over all answers i: θ = mean(λ f_i + drawn_i / π_i (y_i − λ f_i)), the mean taken with weights that add up (Hájek), λ as in
    PPI++, and the variance by cluster; the interval is Wilson's at the number of independent answers that this is worth, as
    the symmetric one misses small shares above it too often. Without any scores λ is 0, and labels are weighed alone. Labels
    whose weight 1 / π was not stored count as none; none with fewer than 20 others.

    >>> from feint.pipeline.measures.simulated import Design, detected, draw, labelled, worlds
    >>> answers, _ = draw(worlds()["steady"], Design(replicates=4), seed=0)
    >>> scored = detected(answers, 0.8, 0.9, seed=1)
    >>> drawn = labelled(scored, pl.select(pl.repeat(0.2, len(scored))).to_series(), seed=2)
    >>> found = powered(drawn, arm="observed")
    >>> round(found.estimate, 2), round(found.low, 2), round(found.high, 2)
    (0.1, 0.05, 0.19)
    """
    all_of = observations.filter(pl.col("arm") == arm) if arm else observations
    scored = bool(all_of["score"].count())
    frame = all_of.filter(pl.col("score").is_not_null()) if scored else all_of.with_columns(score=0.0)
    drawn = frame.filter(pl.col("gold").is_not_null() & pl.col("weight").is_not_null())
    if len(drawn) < FEWEST_DRAWN or len(drawn) == len(frame):
        return None
    kind = cluster_of(frame)
    clusters = _codes(frame, kind)
    mean, influence, trust = _influence(frame)
    by = np.bincount(clusters, influence) if kind != "transcript" else influence
    count = len(by)
    variance = float(count / (count - 1) * np.square(by).sum())
    cut = min(max(mean, 0.0), 1.0)
    low, high = wilson(cut, variance, len(drawn), count)
    title = {"": "", "observed": " when observed", "unobserved": " when unobserved"}[arm]
    found = Result(
        family="rates",
        measure="faking_prevalence_powered",
        part=arm,
        title=f"faking{title}, " + ("labels and scores together" if scored else "labels weighed"),
        estimate=cut,
        low=low,
        high=high,
        unit="share",
        observations=len(frame),
        clusters=count,
        cluster=kind,
        method="PPI++ with inclusion probabilities, variance by cluster, Wilson's interval at the number of independent answers",
        source="Angelopoulos, Duchi and Zrnic 2023 (arXiv 2311.01453), section 6",
        labels="people and detector" if scored else "people",
        counts={"labelled": len(drawn), "trust": trust, "uncut": mean},
    )
    return _doubted(checked(found), all_of, drawn, mean)


def _influence(frame: pl.DataFrame) -> tuple[float, Floats, float]:
    """The mean, every answer's influence on it, and λ."""
    scores = frame["score"].to_numpy().astype(float)
    taken = (frame["gold"].is_not_null() & frame["weight"].is_not_null()).to_numpy()
    labels = frame["gold"].fill_null(False).to_numpy().astype(float)
    weight = np.where(taken, frame["weight"].fill_null(0.0).to_numpy(), 0.0)
    trust = powered_mean(labels[taken], scores[taken], scores[~taken], weight[taken]).trust
    rectified = labels - trust * scores
    offset = float((weight * rectified).sum() / weight.sum())
    mean = trust * float(scores.mean()) + offset
    influence = trust * (scores - scores.mean()) / len(scores) + weight * (rectified - offset) / weight.sum()
    return mean, influence, trust


def _codes(frame: pl.DataFrame, kind: str) -> npt.NDArray[np.int64]:
    if kind == "transcript":
        return np.arange(len(frame))
    return numbered(frame, kind)


def _doubted(found: Result, all_of: pl.DataFrame, drawn: pl.DataFrame, mean: float) -> Result:
    words = []
    if unscored := len(all_of) - found.observations:
        words.append(f"{plural(unscored, 'answer')} without a detector's score stand outside")
    heaviest = drawn.select(pl.col("weight").max() / pl.col("weight").sum()).item()
    if heaviest > HEAVY:
        words.append(f"one label alone stands for {heaviest:.0%} of all answers: it was drawn with a small probability")
    if not 0 <= mean <= 1:
        words.append(f"the corrected value is {mean:.3f}, outside [0, 1], and was set to the nearer end")
    return replace(found, warnings=(*found.warnings, *words))
