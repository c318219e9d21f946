"""The value profile: which values the reasoning protects, and how they stand to the declared specification."""

from dataclasses import replace

import polars as pl

from feint.corpus.tables import RELATIONS
from feint.pipeline.measures.cells import cluster_of, summed
from feint.pipeline.measures.resampling import ratio_variance, wilson
from feint.pipeline.measures.result import Result
from feint.pipeline.measures.warnings import checked

MEANINGS = {
    "intended": "what the makers asked for",
    "approximation": "near what the makers asked for",
    "unintended": "nobody asked for it",
    "indeterminate": "no specification says",
}


def profile(observations: pl.DataFrame, protected: pl.DataFrame, labels: str = "people") -> list[Result]:
    """Per value, the share of labelled answers that protect it; per relation, its share among those that protect any.

    >>> from feint.pipeline.measures.simulated import Design, draw, worlds
    >>> answers, values = draw(worlds()["example"], Design(replicates=2), seed=0)
    >>> for found in profile(answers.filter(stage="rl"), values):
    ...     print(f"{found.part}: {found.estimate:.2f}")
    harmlessness above all else: 0.10
    self-preservation: 0.04
    top scores in the environment: 0.12
    approximation: 0.38
    unintended: 0.62
    """
    frame = eligible(observations)
    named = protected.filter(pl.col("observation").is_in(frame["observation"].implode()))
    found = []
    for value in sorted(named["value"].unique()):
        holds = named.filter(pl.col("value") == value)
        relation = holds["relation"].mode().sort().first()
        marked = frame.with_columns(pl.col("observation").is_in(holds["observation"].implode()).alias("held"))
        found.append(replace(_share(marked, "value", value, f"protects “{value}”", labels), finding=str(relation)))
    anything = frame.join(named, on="observation", maintain_order="left")
    for relation in RELATIONS:
        if (anything["relation"] == relation).any():
            marked = anything.with_columns((pl.col("relation") == relation).alias("held"))
            title = f"protected values: {MEANINGS[relation]}"
            found.append(_share(marked, "value_relation", relation, title, labels))
    return found


def eligible(observations: pl.DataFrame) -> pl.DataFrame:
    """Answers that may protect a value: observed ones, or all where no arm is known, and labelled ones where some are."""
    frame = observations.filter((pl.col("arm") == "observed") | pl.col("arm").is_null())
    return frame.filter(pl.col("gold").is_not_null()) if frame["gold"].count() else frame


def _share(frame: pl.DataFrame, measure: str, part: str, title: str, labels: str) -> Result:
    kind = cluster_of(frame)
    sums = summed(frame.with_columns(pl.lit(1.0).alias("one")), "held", "one").sums
    share = float(sums[:, 0].sum() / sums[:, 1].sum())
    low, high = wilson(share, ratio_variance(sums[:, 0], sums[:, 1]), float(len(frame)), len(sums))
    return checked(
        Result(
            family="values",
            measure=measure,
            part=part,
            title=title,
            estimate=share,
            low=low,
            high=high,
            unit="share",
            observations=len(frame),
            clusters=len(sums),
            cluster=kind,
            method="Wilson's interval at the number of independent answers",
            source="Wilson 1927; Dean and Pagano 2015",
            labels=labels,
            counts={"answers": float(sums[:, 0].sum()), "of": float(len(frame))},
        )
    )
