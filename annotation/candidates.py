"""Candidates: what is known of every transcript when the next ones to read are drawn."""

import dataframely as dy
import numpy as np
import polars as pl

from feint.annotation import strategies
from feint.annotation.gold import settle
from feint.annotation.strategies import Floats
from feint.corpus.tables import Candidates, Judgements, Verdicts


def candidates(
    seen: pl.DataFrame,
    vectors: Floats,
    judgements: dy.DataFrame[Judgements],
    verdicts: dy.DataFrame[Verdicts],
    groups: pl.DataFrame,
) -> dy.DataFrame[Candidates]:
    """One row per row of `seen` (transcript_id, and faking, a detector's probability or none), in its order.

    `vectors` (transcripts, dimensions) are in the same order; labels that look like errors are found by them, in folds
    that hold `groups` (transcript_id, group) together.
    """
    known = (
        seen.select("transcript_id")
        .with_row_index("at")
        .join(settled(judgements, verdicts).drop_nulls(), on="transcript_id")
    )
    known = known.join(groups, on="transcript_id", how="left").sort("at")
    rows = known["at"].to_numpy()
    suspect = np.zeros(len(seen))
    suspect[rows] = strategies.suspicion(
        vectors[rows], known["present"].to_numpy(), known["group"].fill_null(known["transcript_id"]).to_list()
    )
    frame = (
        seen.select("transcript_id", "faking", pl.Series("suspicion", suspect))
        .join(strategies.disagreement(judgements, verdicts), on="transcript_id", how="left", maintain_order="left")
        .with_columns(pl.col("readers").fill_null(0), pl.col("disagreement").fill_null(0.0))
    )
    return Candidates.validate(frame.select(Candidates.column_names()), cast=True)


def settled(judgements: dy.DataFrame[Judgements], verdicts: dy.DataFrame[Verdicts]) -> pl.DataFrame:
    """transcript_id and present: whether most readers hold it to be faking, none where they could not tell."""
    return settle(judgements, verdicts).filter(pl.col("indicator") == "faking").select("transcript_id", "present")
