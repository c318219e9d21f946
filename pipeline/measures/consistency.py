"""Consistency: how much of whether a model fakes lies in the scenario, the wording or the model, and how much in chance."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit

from feint.pipeline.measures.cells import Floats, numbered
from feint.pipeline.measures.latent import logits
from feint.pipeline.measures.resampling import FEWEST
from feint.pipeline.measures.result import LEVEL, Result
from feint.pipeline.measures.warnings import checked, plural

CHANCE = np.pi**2 / 3
"""Variance of a standard logistic variable: chance, on the latent scale."""
SPREADS = np.concatenate([np.arange(0, 2, 0.1), np.arange(2, 5.1, 0.5)])
"""Standard deviations on the logit scale that are tried."""
TRIES = 300
"""Simulated data sets a spread."""
MOST = 1500
"""Prompts simulated; of more, this many are drawn."""
TITLES = {
    "scenarios": "variation between scenarios",
    "paraphrases": "variation between wordings",
    "models": "variation between models",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each prompt was faked."""

    faking: Floats
    answers: Floats
    outer: npt.NDArray[np.int64]
    """Number of each prompt's scenario, from 0."""


def consistency(cells: pl.DataFrame, labels: str, *, seed: int = 0) -> list[Result]:
    """Latent intraclass correlations of faking when observed: between scenarios, wordings within a scenario, and models.

    Faking is taken to follow a logistic model with a normal effect of each; the share is σ² / (Σσ² + π²/3) (Goldstein,
    Browne and Rasbash 2002). A small share between scenarios and wordings means that the model fakes, or does not,
    whatever it is asked. The estimate is the σ under which the observed heterogeneity would be the median, the interval
    holds every σ under which it would lie among the middle 95 %, by simulation at the same counts: likelihood intervals
    fall short where scenarios are a dozen.
    """
    frame = cells.filter((pl.col("judged") > 0) & ((pl.col("arm") == "observed") | pl.col("arm").is_null()))
    found = []
    if len(frame) and frame["scenario"].null_count() == 0 and frame["scenario"].n_unique() > 1:
        found += _contexts(frame, labels, seed)
    if frame["model"].drop_nulls().n_unique() > 1:
        found.append(_models(frame.filter(pl.col("model").is_not_null()), labels, seed))
    return found


def _contexts(frame: pl.DataFrame, labels: str, seed: int) -> list[Result]:
    by = (
        frame.group_by("scenario", "pair", maintain_order=True)
        .agg(pl.col("faking", "judged").sum())
        .sort("scenario", "pair")
    )
    words: tuple[str, ...] = ()
    if len(by) > MOST:
        words = (f"{MOST} of {len(by)} prompts were drawn for this",)
        kept = np.sort(np.random.default_rng(seed).choice(len(by), MOST, replace=False))
        by = by[kept.tolist()]
    counts = Counts(
        by["faking"].cast(pl.Float64).to_numpy(), by["judged"].cast(pl.Float64).to_numpy(), numbered(by, "scenario")
    )
    total, scenarios = int(frame["judged"].sum()), by["scenario"].n_unique()
    first = replace(_none("scenarios", labels, total), clusters=scenarios, cluster="scenario", warnings=words)
    second = replace(_none("paraphrases", labels, total), clusters=len(by), cluster="prompt", warnings=words)
    if reason := _uniform(counts):
        return [first.warned(reason), second.warned(reason)]
    if (counts.answers > 1).mean() < 0.5 or len(by) == scenarios:
        once = "most prompts have one answer or one wording: what lies in the wording cannot be told from chance and counts as chance"
        return [
            _interval(first, counts, _search(counts, 0.0, inner=False, seed=seed), 0.0).warned(once),
            second.warned(once),
        ]
    between = _search(counts, 0.0, inner=False, seed=seed)[1]
    within = _search(counts, between, inner=True, seed=seed)
    between_again = _search(counts, within[1], inner=False, seed=seed)
    return [_interval(first, counts, between_again, within[1]), _interval(second, counts, within, between)]


def _models(frame: pl.DataFrame, labels: str, seed: int) -> Result:
    by = frame.group_by("model").agg(pl.col("faking", "judged").sum()).sort("model")
    counts = Counts(
        by["faking"].cast(pl.Float64).to_numpy(), by["judged"].cast(pl.Float64).to_numpy(), np.arange(len(by))
    )
    none = replace(_none("models", labels, int(by["judged"].sum())), clusters=len(by), cluster="model")
    if reason := _uniform(counts):
        return none.warned(reason)
    return _interval(none, counts, _search(counts, 0.0, inner=False, seed=seed), 0.0)


def _none(part: str, labels: str, answers: int) -> Result:
    return Result(
        family="consistency",
        measure="consistency",
        part=part,
        title=TITLES[part],
        estimate=None,
        unit="share of latent variance",
        observations=answers,
        clusters=0,
        cluster="",
        method="latent ICC, σ by inverting a simulated test of heterogeneity",
        source="Goldstein, Browne and Rasbash 2002; Neyman 1937",
        labels=labels,
    )


def _uniform(counts: Counts) -> str | None:
    total = counts.faking.sum()
    if min(total, counts.answers.sum() - total) < 5:
        return f"{total:g} of {counts.answers.sum():g} answers fake: too few of one kind to tell what they go with"
    return None


def _interval(none: Result, counts: Counts, spreads: tuple[float, float, float], other: float) -> Result:
    """The share at the three spreads that a search found; `other` is the spread at the other level."""
    low, middle, high = (float(spread**2 / (spread**2 + other**2 + CHANCE)) for spread in spreads)
    if none.clusters < FEWEST:
        return checked(replace(none, estimate=middle))
    found = replace(none, estimate=middle, low=low, high=high, counts={"faking": float(counts.faking.sum())})
    if high > 0.9 * SPREADS[-1] ** 2 / (SPREADS[-1] ** 2 + CHANCE):
        found = found.warned(f"{plural(none.clusters, none.cluster)} do not bound the share from above")
    return checked(found)


def _search(counts: Counts, other: float, *, inner: bool, seed: int) -> tuple[float, float, float]:
    """Spreads at which the heterogeneity that was seen is the 97.5th, the 50th and the 2.5th percentile of what could be."""
    generator = np.random.default_rng(seed)
    scenario = generator.normal(size=(TRIES, int(counts.outer.max()) + 1))
    prompt = generator.normal(size=(TRIES, len(counts.outer)))
    share = counts.faking.sum() / counts.answers.sum()
    seen = _heterogeneity(counts.faking[None], counts, inner=inner)[0]
    tail, below = (1 - LEVEL) / 2, []
    for spread in SPREADS:
        outer, within = (other, spread) if inner else (spread, other)
        centre = logits([share], float(np.hypot(outer, within)))[0]
        rates = expit(centre + outer * scenario[:, counts.outer] + within * prompt)
        drawn = generator.binomial(counts.answers.astype(np.int64), rates).astype(float)
        could = _heterogeneity(drawn, counts, inner=inner)
        below.append(float((could < seen).mean() + (could == seen).mean() / 2))
        if below[-1] < tail / 4:
            break  # wider spreads are farther off still
    falling = np.minimum.accumulate(np.array(below))
    low, middle, high = (_crossing(falling, at) for at in (1 - tail, 0.5, tail))
    return low, middle, high


def _crossing(falling: Floats, at: float) -> float:
    """The spread at which a falling curve comes down to a height; the first or the last where it never does."""
    under = np.flatnonzero(falling <= at)
    if not len(under):
        return float(SPREADS[-1])
    first = int(under[0])
    if first == 0:
        return 0.0
    above, below = falling[first - 1], falling[first]
    part = (above - at) / (above - below) if above > below else 0.0
    return float(SPREADS[first - 1] + part * (SPREADS[first] - SPREADS[first - 1]))


def _heterogeneity(faking: Floats, counts: Counts, *, inner: bool) -> Floats:
    """Squared distances of scenarios from the whole, or of prompts from their scenario, in units of chance; (draws,)."""
    size = int(counts.outer.max()) + 1
    member = np.zeros((len(counts.outer), size))
    member[np.arange(len(counts.outer)), counts.outer] = 1
    answers = counts.answers @ member
    rates = faking @ member / answers
    if not inner:
        share = (faking.sum(axis=1) / counts.answers.sum())[:, None]
        chance = np.maximum(share * (1 - share), 1e-9)[:, 0]
        return (np.square(rates - share) * answers).sum(axis=1) / chance  # type: ignore[no-any-return]
    apart = np.square(faking / counts.answers - rates[:, counts.outer]) * counts.answers
    chance = np.maximum((rates * (1 - rates)) @ answers / answers.sum(), 1e-9)
    return apart.sum(axis=1) / chance  # type: ignore[no-any-return]
