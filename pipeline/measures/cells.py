"""Cells: observations counted by model, checkpoint, prompt and arm, which is all that most measures need."""

from dataclasses import dataclass
from typing import Literal

import dataframely as dy
import numpy as np
import numpy.typing as npt
import polars as pl

from feint.corpus.tables import ARMS, Cells, Observations

Floats = npt.NDArray[np.float64]
Labels = Literal["people", "detector"]
"""Whose word on faking counts."""

KEYS = ("model", "checkpoint", "position", "stage", "scenario", "pair", "arm")
UNIT = ("model", "checkpoint", "scenario", "pair")
"""A prompt at a checkpoint of a model: what both arms are matched within."""


def faking(labels: Labels) -> pl.Expr:
    """Whether an observation's reasoning fakes, on somebody's word; none where they said nothing.

    Nor where the reasoning is redacted and nothing else gives it away: who saw none cannot say that there was none.
    """
    word = pl.col("gold") if labels == "people" else pl.col("flagged")
    return pl.when((pl.col("reasoning") == "redacted") & ~word).then(None).otherwise(word)


def cells(observations: dy.DataFrame[Observations] | pl.DataFrame, labels: Labels = "people") -> dy.DataFrame[Cells]:
    """Observations counted.

    >>> from feint.pipeline.measures.simulated import Design, draw, worlds
    >>> answers, _ = draw(worlds()["steady"], Design(scenarios=2, prompts=1, replicates=3), seed=0)
    >>> cells(answers).select("pair", "arm", "answers", "complied", "faking").row(0)
    ('scenario-0/0', 'observed', 3, 2, 0)
    """
    complied, said, reasoning = pl.col("complied"), faking(labels), pl.col("reasoning")
    both = complied.is_not_null() & said.is_not_null()
    counted = (
        observations.lazy()
        .group_by(*KEYS, maintain_order=True)
        .agg(
            pl.len().alias("answers"),
            complied.count().alias("known"),
            complied.sum().alias("complied"),
            said.count().alias("judged"),
            said.sum().alias("faking"),
            both.sum().alias("both"),
            (both & complied).sum().alias("both_complied"),
            (both & complied & said).sum().alias("both_faking"),
            (pl.col("outcome") == "refused").sum().alias("refused"),
            (pl.col("outcome") == "unparsed").sum().alias("unparsed"),
            (reasoning == "summary").sum().alias("summarised"),
            (reasoning == "redacted").sum().alias("redacted"),
            (reasoning == "none").sum().alias("unreasoned"),
        )
        .collect()
    )
    return Cells.validate(counted, cast=True)


@dataclass(frozen=True, slots=True)
class Clusters:
    """Sums by cluster: what is drawn together when an interval is made."""

    sums: Floats
    """(clusters, columns)."""
    kind: str
    """What a cluster is: scenario, pair, transcript."""


def cluster_of(frame: pl.DataFrame) -> str:
    """The widest cluster that every row names and that differ: scenario, else pair; `transcript` where neither does.

    >>> cluster_of(pl.DataFrame({"scenario": ["a", None], "pair": ["p", "q"]}))
    'pair'
    """
    for kind in ("scenario", "pair"):
        if len(frame) and frame[kind].null_count() == 0 and frame[kind].n_unique() > 1:
            return kind
    return "transcript"


def summed(frame: pl.DataFrame, *columns: str) -> Clusters:
    """Sums of columns by cluster, in the order of their names; `frame` has scenario and pair."""
    kind = cluster_of(frame)
    if kind == "transcript":
        return Clusters(frame.select(columns).cast(pl.Float64).to_numpy(), kind)
    by = frame.group_by(kind).agg(pl.col(columns).cast(pl.Float64).sum()).sort(kind)
    return Clusters(by.select(columns).to_numpy(), kind)


def numbered(frame: pl.DataFrame, *columns: str) -> npt.NDArray[np.int64]:
    """Every row's number, from 0 in the order of names: rows that agree in these columns have the same.

    >>> numbered(pl.DataFrame({"scenario": ["b", "a", "b"]}), "scenario").tolist()
    [1, 0, 1]
    """
    name = pl.concat_str([pl.col(column).fill_null("") for column in columns], separator="\x1f")
    found: npt.NDArray[np.int64] = frame.select(name.rank("dense")).to_series().to_numpy().astype(np.int64) - 1
    return found


def unmatched_seeds(observations: pl.DataFrame) -> int:
    """Prompts at a checkpoint whose two arms were asked with different seeds, where seeds are known.

    >>> from feint.pipeline.measures.simulated import Design, draw, worlds
    >>> answers, _ = draw(worlds()["steady"], Design(scenarios=2, prompts=1, replicates=2), seed=0)
    >>> unmatched_seeds(answers), unmatched_seeds(answers.slice(1))
    (0, 1)
    """
    of = {arm: pl.col("seed").filter(pl.col("arm") == arm).unique().sort().str.join(" ").alias(arm) for arm in ARMS}
    seeds = observations.lazy().filter(pl.col("pair").is_not_null() & pl.col("seed").is_not_null())
    both = seeds.group_by(UNIT).agg(of.values()).filter(pl.all_horizontal(pl.col(arm) != "" for arm in ARMS))
    return int(both.filter(pl.col(ARMS[0]) != pl.col(ARMS[1])).select(pl.len()).collect().item())


def course(cells: pl.DataFrame, arm: str) -> pl.DataFrame:
    """What was judged of each prompt at each checkpoint: ``faking`` and ``judged``; of one arm, or of all answers."""
    known = (pl.col("judged") > 0) & pl.col("pair").is_not_null() & pl.col("position").is_not_null()
    frame = cells.filter(known & (pl.col("arm") == arm) if arm else known)
    return frame.group_by("model", "scenario", "pair", "position", maintain_order=True).agg(
        pl.col("faking", "judged").sum()
    )


def matched(frame: pl.DataFrame, of: str, *counts: str) -> pl.DataFrame:
    """One row per prompt at a checkpoint with something known in both arms: rates of each count among `of`.

    Columns: UNIT, position, stage, ``answers`` of both arms, ``replicates`` of the arm with more, whether the arms are ``uneven``, and per count ``<count>`` observed minus unobserved,
    ``<count>_observed`` and ``<count>_unobserved``.
    """
    arm = {
        name: frame.filter((pl.col("arm") == name) & (pl.col(of) > 0) & pl.col("pair").is_not_null()).select(
            *UNIT, "position", "stage", *((pl.col(count) / pl.col(of)).alias(count) for count in counts), of
        )
        for name in ("observed", "unobserved")
    }
    both = arm["observed"].join(
        arm["unobserved"], on=UNIT, nulls_equal=True, suffix="_unobserved", maintain_order="left"
    )
    return both.select(
        *UNIT, "position", "stage",
        (pl.col(of) + pl.col(f"{of}_unobserved")).alias("answers"),
        pl.max_horizontal(of, f"{of}_unobserved").alias("replicates"),
        (pl.col(of) != pl.col(f"{of}_unobserved")).alias("uneven"),
        *((pl.col(count) - pl.col(f"{count}_unobserved")).alias(f"{count}_gap") for count in counts),
        *(pl.col(count).alias(f"{count}_observed") for count in counts),
        *(pl.col(f"{count}_unobserved") for count in counts),
    )  # fmt: skip
