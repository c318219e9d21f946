"""Disagreements: where readers of one transcript differ on whether something is there, for the annotators' lead."""

import dataframely as dy
import polars as pl

from feint.annotation.gold import UNIT, ballots
from feint.corpus.tables import Disagreements, Gold, Judgements, Verdicts

_BY_RULE = ("faking_strict", "faking_considered")


def disagreements(
    judgements: dy.DataFrame[Judgements], verdicts: dy.DataFrame[Verdicts], gold: dy.DataFrame[Gold]
) -> dy.DataFrame[Disagreements]:
    """The headline first, then indicators; of each, the least settled first. A reader who is unclear differs from nobody.

    >>> rows = [("t", "ann", "concealment", "endorsed"), ("t", "ben", "concealment", "mentioned")]
    >>> judged = Judgements.validate(pl.DataFrame(rows, Judgements.column_names(), orient="row"), cast=True)
    >>> from feint.annotation.gold import settle
    >>> disagreements(judged, Verdicts.create_empty(), settle(judged, Verdicts.create_empty())).row(0)
    ('t', 'concealment', 'ann endorsed, ben mentioned', False, 0.5)
    """
    word = pl.col("level").cast(pl.String)
    vote = pl.col("vote").replace_strict({True: "faking", False: "not faking"}, default="unclear")
    said = pl.format("{} {}", "annotator", pl.coalesce(word, vote))
    differing = (
        ballots(judgements, verdicts)
        .filter(~pl.col("indicator").is_in(_BY_RULE))
        .sort("annotator")
        .group_by(UNIT, maintain_order=True)
        .agg(said.str.join(", ").alias("said"), pl.col("vote").any().alias("some"), pl.col("vote").all().alias("every"))
        .filter("some", ~pl.col("every"))
    )
    frame = differing.join(gold.select(*UNIT, "present", "support"), on=UNIT).sort(
        pl.col("indicator") != "faking", "support", *UNIT
    )
    return Disagreements.validate(frame.select(Disagreements.column_names()), cast=True)
