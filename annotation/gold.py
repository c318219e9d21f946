"""Settling: from what each annotator said to one answer per transcript and indicator."""

import warnings
from typing import Literal, get_args

import dataframely as dy
import polars as pl

from feint.annotation.rules import DERIVED, READER, derive
from feint.corpus.errors import ConfigError, MissingExtra
from feint.corpus.tables import LEVELS, Gold, Judgements, Verdicts

Method = Literal["majority", "dawid_skene"]
UNIT = ["transcript_id", "indicator"]
ROUNDS = 100
"""Most iterations of Dawid and Skene's estimation."""


def settle(
    judgements: dy.DataFrame[Judgements], verdicts: dy.DataFrame[Verdicts], method: Method = "majority"
) -> dy.DataFrame[Gold]:
    """One row per transcript and indicator judged, and rows for `faking`, `faking_strict` and `faking_considered`.

    `level` is the highest level that more than half of the raters reach (their lower median), so that it cannot
    contradict `present`, which is whether more than half call it considered or endorsed. A tie therefore settles to the
    lower level and to not present; its support of 0.5 shows it. A rater who is unclear casts no vote, and counts among
    the raters who do not support the outcome; where all are unclear, so is the level, and `present` is none.

    The derived rows count each rater's own value from `rules.derive`. A transcript for which somebody gave only a
    label ("faking") or only a verdict gets its `faking` row from that, and no rows for what was never judged.

    `dawid_skene` (Dawid and Skene 1979, per indicator, started from the majority) weighs raters by how they err: `present` is the
    likelier value, `support` its probability, and the level the nearest to the lower median on that side.

    >>> rows = [("t", "ann", "concealment", "endorsed"), ("t", "ben", "concealment", "mentioned")]
    >>> judgements = Judgements.validate(pl.DataFrame(rows, Judgements.column_names(), orient="row"), cast=True)
    >>> settle(judgements, Verdicts.create_empty()).row(0)[1:]
    ('concealment', 'mentioned', False, 0.5, 2)
    """
    if method not in get_args(Method):
        raise ConfigError(f"no way of settling called {method!r}; there are: {', '.join(get_args(Method))}")
    ballots = _ballots(judgements, verdicts)
    settled = _majority(ballots)
    if method == "dawid_skene":
        settled = _weighed(settled, ballots)
    return Gold.validate(settled.select(Gold.column_names()).sort(UNIT), cast=True)


def _ballots(judgements: dy.DataFrame[Judgements], verdicts: dy.DataFrame[Verdicts]) -> pl.DataFrame:
    """One row per transcript, annotator and indicator: its level and the vote, none where unclear."""
    outright = pl.col("indicator").is_in(DERIVED)
    level = pl.col("level")
    judged = judgements.filter(~outright).with_columns(
        pl.when(level != "unclear").then(level.is_in(["considered", "endorsed"])).alias("vote")
    )
    values = derive(judgements, verdicts)
    by_rule = pl.concat(
        [
            values.select(*READER, pl.lit("faking").alias("indicator"), pl.col("faking").alias("vote")),
            values.join(judged, on=READER, how="semi").unpivot(
                ["faking_strict", "faking_considered"], index=READER, variable_name="indicator", value_name="vote"
            ),
        ]
    )
    return pl.concat([judged, by_rule.with_columns(pl.lit(None, pl.Enum(LEVELS)).alias("level"))], how="diagonal")


def _majority(ballots: pl.DataFrame) -> pl.DataFrame:
    """Yes, no and level counted; see `settle` for the rules."""
    clear = pl.col("level").filter(pl.col("level") != "unclear").sort()
    vote = pl.col("vote")
    counted = ballots.group_by(UNIT).agg(
        clear.head((clear.len() + 1) // 2).last().alias("level"),
        pl.col("level").is_not_null().any().alias("has_levels"),
        vote.sum().alias("yes"),
        (~vote).sum().alias("no"),
        pl.len().alias("raters"),
    )
    present = pl.when(pl.col("yes") + pl.col("no") > 0).then(pl.col("yes") > pl.col("no"))
    agreeing = pl.when(pl.col("present")).then("yes").when(~pl.col("present")).then("no").otherwise("raters")
    return (
        counted.with_columns(present.alias("present"))
        .with_columns((agreeing / pl.col("raters")).alias("support"))
        .with_columns(
            pl.when(pl.col("has_levels"))
            .then(pl.col("level").fill_null(pl.lit("unclear", pl.Enum(LEVELS))))
            .alias("level")
        )
    )


def _weighed(settled: pl.DataFrame, ballots: pl.DataFrame) -> pl.DataFrame:
    """The majority's answer, with presence and support as Dawid and Skene see them."""
    votes = ballots.filter(pl.col("vote").is_not_null()).sort("indicator", *READER)
    likely = pl.concat(
        [
            _dawid_skene(of).with_columns(pl.lit(slug).alias("indicator"))
            for (slug,), of in votes.group_by("indicator", maintain_order=True)
        ]
        or [pl.DataFrame(schema={"transcript_id": pl.String, "likely": pl.Float64, "indicator": pl.String})]
    )
    probability, level = pl.col("likely"), pl.col("level")
    present = pl.when(probability.is_not_null()).then(probability > 0.5)
    return (
        settled.join(likely, on=UNIT, how="left")
        .with_columns(
            present.alias("present"),
            pl.when(present)
            .then(probability)
            .when(~present)
            .then(1 - probability)
            .otherwise("support")
            .alias("support"),
        )
        .with_columns(
            pl.when(pl.col("present") & level.is_in(["absent", "mentioned"]))
            .then(pl.lit("considered", pl.Enum(LEVELS)))
            .when(~pl.col("present") & level.is_in(["considered", "endorsed"]))
            .then(pl.lit("mentioned", pl.Enum(LEVELS)))
            .otherwise(level)
            .alias("level")
        )
    )


def _dawid_skene(votes: pl.DataFrame) -> pl.DataFrame:
    """The probability of presence per transcript, from the votes on one indicator."""
    try:
        from crowdkit.aggregation import DawidSkene
    except ImportError as error:
        raise MissingExtra("annotate", "settling by Dawid and Skene") from error
    import pandas as pd  # comes with crowd-kit

    asked = pd.DataFrame(
        {
            "task": votes["transcript_id"].to_list(),
            "worker": votes["annotator"].to_list(),
            "label": votes["vote"].cast(pl.Int64).to_list(),
        }
    )
    with warnings.catch_warnings():
        # crowd-kit 1.4.2 calls pandas in ways that pandas 3 announces to remove; nothing a user could mend.
        warnings.simplefilter("ignore", DeprecationWarning)
        found = DawidSkene(n_iter=ROUNDS).fit_predict_proba(asked).reindex(columns=[1], fill_value=0.0)
    # Rounded, so that the last bit of a sum does not decide a tie.
    likely = found[1].clip(0, 1).round(9)
    return pl.DataFrame({"transcript_id": found.index.to_list(), "likely": likely.to_list()})
