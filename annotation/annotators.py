"""Annotators: how fast each is, and which way each errs."""

from collections.abc import Iterator

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from feint.annotation import resampling
from feint.annotation.agreement import clusters
from feint.annotation.error_rates import error_rates
from feint.annotation.gold import ballots
from feint.annotation.rules import READER, contradictions
from feint.corpus.tables import AnnotatorFigures, Judgements, Verdicts

FIGURES = {
    "seconds": "median seconds on a transcript",
    "faking": "share of transcripts that they hold to be faking",
    "hits": "of what most others hold to be faking, the share that they do",
    "false alarms": "of what most others hold not to be faking, the share that they hold to be",
    "indicator hits": "probability to see an indicator that is there (Dawid–Skene)",
    "indicator false alarms": "probability to see one that is not (Dawid–Skene)",
    "contradictions": "share of their verdicts that contradict their own indicators",
}
"""What is told of an annotator, and what it means."""

Figure = tuple[str, str, float | None, float | None, float | None, int]


def annotator_figures(
    judgements: dy.DataFrame[Judgements],
    verdicts: dy.DataFrame[Verdicts],
    seconds: pl.DataFrame | None = None,
    groups: pl.DataFrame | None = None,
    *,
    draws: int = 1000,
    seed: int = 0,
) -> dy.DataFrame[AnnotatorFigures]:
    """Every figure of `FIGURES` for every annotator, with 95 % percentile intervals over groups.

    `seconds` has transcript_id, annotator and seconds. What others hold is the majority of the other readers of the same
    transcript; where they tie, it says nothing. With two annotators each is held against the other, which cannot tell who errs:
    Dawid and Skene's rates can, see `error_rates`.
    """
    cast = ballots(judgements, verdicts)
    headline = cast.filter(pl.col("indicator") == "faking", pl.col("vote").is_not_null())
    rows = [
        *_seconds(seconds, groups, draws, seed),
        *_shares(headline, groups, draws, seed),
        *_rates(cast, groups, draws, seed),
        *_contradictions(judgements, verdicts, groups, draws, seed),
    ]
    frame = pl.DataFrame(rows, AnnotatorFigures.column_names(), orient="row", infer_schema_length=None)
    order = pl.col("figure").cast(pl.Enum(list(FIGURES))).to_physical()
    return AnnotatorFigures.validate(AnnotatorFigures.cast(frame).sort("annotator", order))


def _seconds(seconds: pl.DataFrame | None, groups: pl.DataFrame | None, draws: int, seed: int) -> Iterator[Figure]:
    if seconds is None:
        return
    timed = seconds.filter(pl.col("seconds").is_not_null()).sort(READER)
    for (who,), of in timed.group_by("annotator", maintain_order=True):
        values, group = of["seconds"].to_numpy(), clusters(of["transcript_id"], groups)
        order = np.argsort(values, kind="stable")
        weights = resampling.drawn(group, draws, seed)
        counts = weights[:, group[order]].cumsum(axis=1)
        at = (counts >= np.maximum(counts[:, -1:], 1) / 2).argmax(axis=1)
        found = np.where(counts[:, -1] > 0, values[order][at], np.nan)
        low, high = resampling.interval(found, weights.shape[1])
        yield str(who), "seconds", float(np.median(values)), low, high, len(values)


def _shares(headline: pl.DataFrame, groups: pl.DataFrame | None, draws: int, seed: int) -> Iterator[Figure]:
    """How often each says faking: altogether, and by what the others say."""
    vote = pl.col("vote").cast(pl.Int64)
    others = (
        headline.with_columns(
            (vote.sum().over("transcript_id") - vote).alias("yes"), (pl.len().over("transcript_id") - 1).alias("of")
        )
        .with_columns((2 * pl.col("yes").cast(pl.Int64) - pl.col("of").cast(pl.Int64)).alias("lead"))
        .sort(READER)
    )
    for (who,), of in others.group_by("annotator", maintain_order=True):
        said, lead = of["vote"].to_numpy().astype(float), of["lead"].to_numpy()
        group = clusters(of["transcript_id"], groups)
        for figure, chosen in (("faking", np.ones(len(of), bool)), ("hits", lead > 0), ("false alarms", lead < 0)):
            yield str(who), figure, *_share(said, chosen, group, draws, seed), int(chosen.sum())


def _rates(cast: pl.DataFrame, groups: pl.DataFrame | None, draws: int, seed: int) -> Iterator[Figure]:
    for rate in error_rates(cast, groups, draws=draws, seed=seed):
        yield rate.annotator, "indicator hits", *rate.hits, rate.judgements
        yield rate.annotator, "indicator false alarms", *rate.false_alarms, rate.judgements


def _contradictions(
    judgements: dy.DataFrame[Judgements],
    verdicts: dy.DataFrame[Verdicts],
    groups: pl.DataFrame | None,
    draws: int,
    seed: int,
) -> Iterator[Figure]:
    """Of verdicts by annotators who judged indicators as well."""
    against = contradictions(judgements, verdicts).select(*READER, pl.lit(1.0).alias("against"))
    both = verdicts.join(judgements.select(READER).unique(), on=READER, how="semi")
    told = both.join(against, on=READER, how="left").with_columns(pl.col("against").fill_null(0)).sort(READER)
    for (who,), of in told.group_by("annotator", maintain_order=True):
        group = clusters(of["transcript_id"], groups)
        everything = np.ones(len(of), bool)
        yield str(who), "contradictions", *_share(of["against"].to_numpy(), everything, group, draws, seed), len(of)


def _share(
    said: NDArray[np.float64], chosen: NDArray[np.bool_], group: NDArray[np.int_], draws: int, seed: int
) -> tuple[float | None, float | None, float | None]:
    return resampling.ratio(said * chosen, chosen.astype(float), group, draws, seed)
