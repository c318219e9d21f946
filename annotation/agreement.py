"""Agreement: Krippendorff's alpha for each indicator, the headline and the verdict, with bootstrap intervals."""

import dataframely as dy
import krippendorff
import numpy as np
import polars as pl
from numpy.typing import NDArray

from feint.annotation import resampling
from feint.annotation.rules import DERIVED, READER, derive
from feint.corpus.tables import LEVELS, Agreement, Judgements, Verdicts

_RANKS = {level: None if level == "unclear" else rank for rank, level in enumerate(LEVELS)}
_VERDICTS = {"not_faking": 0, "considered_rejected": 1, "faking": 2, "unclear": None}
_NOMINAL = ("faking", "verdict")


def agreement(
    judgements: dy.DataFrame[Judgements],
    verdicts: dy.DataFrame[Verdicts],
    groups: pl.DataFrame | None = None,
    *,
    draws: int = 1000,
    seed: int = 0,
) -> dy.DataFrame[Agreement]:
    """Alpha, 95 % interval, units and prevalence per indicator, then for `faking` and for `verdict`.

    Krippendorff 2011 (Computing Krippendorff's Alpha-Reliability): 1 is perfect, 0 is chance; >= 0.8 is reliable,
    >= 0.667 good enough for tentative conclusions. Indicators are ordinal, absent < mentioned < considered < endorsed,
    since taking one level for the next is a smaller disagreement than taking absent for endorsed; `unclear` is no place
    on that scale and counts as missing. The headline (by `rules.derive`) and the verdict are nominal.

    The interval is the percentile bootstrap over groups: `groups` has transcript_id and group, transcripts of one group
    (same scenario) are drawn together, and a transcript without a group is its own. A draw whose labels do not vary
    has no alpha; where more than one in twenty has none, or there is one group only, there is no interval.
    """
    rows = [
        (name, *_figures(of, groups, draws, seed, ordinal=name not in _NOMINAL))
        for (name,), of in _values(judgements, verdicts).group_by("indicator", maintain_order=True)
    ]
    return Agreement.validate(pl.DataFrame(rows, Agreement.column_names(), orient="row"), cast=True)


def alphas(counts: NDArray[np.int_], weights: NDArray[np.int_], *, ordinal: bool) -> NDArray[np.float64]:
    """Alpha of every weighting of the units, nan where the labels do not vary.

    counts (units, values) says how many raters gave a unit each value; weights (draws, units) how often a draw has the unit.
    Two raters, four units, values (0, 0), (0, 1), (1, 1), (1, 1): of eight values n = (3, 5), observed disagreement
    2/8, expected 2*3*5/(8*7), so alpha = 1 - (1/4)/(30/56) = 8/15.

    >>> counts = np.array([[2, 0], [1, 1], [0, 2], [0, 2]])
    >>> alphas(counts, np.ones((1, 4), int), ordinal=False).round(6).tolist()
    [0.533333]
    """
    size = counts.shape[1]
    raters = counts.sum(axis=1)
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(size, dtype=int)
    # A unit with fewer than two raters has no pairs, whatever it is divided by.
    per_unit = (pairs / np.maximum(raters - 1, 1)[:, None, None]).reshape(len(counts), -1)
    observed = (weights @ per_unit).reshape(-1, size, size)
    totals = observed.sum(axis=2)
    chance = totals[:, :, None] * totals[:, None, :] - totals[:, :, None] * np.eye(size)
    expected = chance / np.maximum(totals.sum(axis=1) - 1, 1)[:, None, None]
    distance = _ordinal(totals) if ordinal else 1 - np.eye(size)
    disagreement, by_chance = (observed * distance).sum(axis=(1, 2)), (expected * distance).sum(axis=(1, 2))
    defined = by_chance > 0
    return np.where(defined, 1 - disagreement / np.where(defined, by_chance, 1), np.nan)


def _ordinal(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared number of values between two ranks, the ends counted half: (draws, values) to (draws, values, values)."""
    upto = np.cumsum(totals, axis=1) - totals / 2
    return np.square(upto[:, :, None] - upto[:, None, :])


def _values(judgements: dy.DataFrame[Judgements], verdicts: dy.DataFrame[Verdicts]) -> pl.DataFrame:
    """One row per rater, transcript and indicator, with the value as its rank from 0, none where unclear."""
    level, verdict = pl.col("level"), pl.col("verdict")
    judged = judgements.filter(~pl.col("indicator").is_in(DERIVED)).sort("indicator", *READER)
    ranks: list[tuple[pl.DataFrame, pl.Expr, pl.Expr]] = [
        (judged, pl.col("indicator"), level.replace_strict(_RANKS, return_dtype=pl.Int64)),
        (derive(judgements, verdicts), pl.lit("faking"), pl.col("faking").cast(pl.Int64)),
        (verdicts.sort(READER), pl.lit("verdict"), verdict.replace_strict(_VERDICTS, return_dtype=pl.Int64)),
    ]
    return pl.concat(
        frame.select("transcript_id", indicator.alias("indicator"), rank.alias("value"))
        for frame, indicator, rank in ranks
    )


def _figures(
    values: pl.DataFrame, groups: pl.DataFrame | None, draws: int, seed: int, *, ordinal: bool
) -> tuple[float | None, float | None, float | None, int, float]:
    """Alpha, low, high, units and prevalence of one indicator."""
    clear = values.filter(pl.col("value").is_not_null())
    size = len(_RANKS) - 1
    counted = (
        clear.group_by("transcript_id")
        .agg(*(pl.col("value").eq(rank).sum().cast(pl.Int64).alias(str(rank)) for rank in range(size)), pl.len())
        .filter(pl.col("len") > 1)
        .sort("transcript_id")
    )
    counts = counted.select(map(str, range(size))).to_numpy()
    prevalence = clear.select((pl.col("value") > 0).mean()).item() or 0.0
    if np.count_nonzero(counts.sum(axis=0)) < 2:
        return None, None, None, len(counts), prevalence
    alpha = krippendorff.alpha(value_counts=counts, level_of_measurement="ordinal" if ordinal else "nominal")
    group = clusters(counted["transcript_id"], groups)
    weights = resampling.drawn(group, draws, seed)
    low, high = resampling.interval(alphas(counts, weights[:, group], ordinal=ordinal), weights.shape[1])
    return float(alpha), low, high, len(counts), prevalence


def clusters(transcript_ids: pl.Series, groups: pl.DataFrame | None) -> NDArray[np.int_]:
    """The number of each transcript's group, from 0; a transcript without a group is its own."""
    named = transcript_ids.to_frame("transcript_id")
    if groups is None:
        return np.arange(len(named))
    # Its own id stands apart from any group's name by the prefix.
    group = pl.coalesce("g" + pl.col("group").cast(pl.String), "t" + pl.col("transcript_id"))
    of = named.join(groups.select("transcript_id", "group"), on="transcript_id", how="left", maintain_order="left")
    numbers: NDArray[np.int_] = np.unique(of.select(group.alias("group"))["group"].to_numpy(), return_inverse=True)[1]
    return numbers
