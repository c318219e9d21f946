"""How much the splits share, measured on the words and apart from how they were made."""

from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from feint.corpus.groups import COMMON, NEAR, sketch
from feint.corpus.transcript import Transcript
from feint.pipeline.release.columns import SPLITS


class Overlap:
    """Collects a sketch of every transcript: 48 numbers, however long it is."""

    def __init__(self) -> None:
        self._sketches: list[npt.NDArray[np.uint64]] = []
        self._splits: list[str] = []
        self._groups: list[str] = []

    def add(self, split: str, group: str, transcript: Transcript) -> None:
        """One transcript more."""
        self._sketches.append(np.fromiter(sorted(sketch(transcript)), dtype=np.uint64))
        self._splits.append(split)
        self._groups.append(group)

    def report(self) -> dict[str, Any]:
        """Groups that straddle splits, and for each pair of splits the most that two transcripts share.

        A share is that of the smaller one's five-word runs (48 smallest hashes, Broder 1997); runs that stand in more than
        `COMMON` transcripts say nothing. From `NEAR` up two transcripts are near-duplicates.
        """
        placed = pl.DataFrame(
            {"group": self._groups, "split": self._splits}, schema={"group": pl.String, "split": pl.String}
        )
        straddling = placed.group_by("group").agg(pl.col("split").n_unique()).filter(pl.col("split") > 1)
        shares = self._shares()
        return {
            "groups_in_more_than_one_split": sorted(straddling["group"]),
            "near_duplicate_from": NEAR,
            "pairs": [self._pair(shares, one, two) for one, two in combinations(range(len(SPLITS)), 2)],
        }

    def _pair(self, shares: pl.DataFrame, one: int, two: int) -> dict[str, Any]:
        found = shares.filter((pl.col("split") == one) & (pl.col("split_other") == two))["share"]
        names = list(SPLITS.values())
        return {
            "splits": [names[one], names[two]],
            "near_duplicates": int((found >= NEAR).sum()),
            "highest_share": round(float(found.max() or 0), 4),  # type: ignore[arg-type]
        }

    def _shares(self) -> pl.DataFrame:
        """A row for every two transcripts of different splits that share a run."""
        sizes = [len(one) for one in self._sketches]
        order = list(SPLITS)
        runs = pl.DataFrame({
            "row": np.repeat(np.arange(len(sizes), dtype=np.uint32), sizes),
            "split": np.repeat(np.array([order.index(s) for s in self._splits], dtype=np.uint8), sizes),
            "size": np.repeat(np.array(sizes, dtype=np.uint8), sizes),
            "run": np.concatenate([np.zeros(0, np.uint64), *self._sketches]),
        }).filter(pl.len().over("run") <= COMMON)  # fmt: skip
        return (
            runs.lazy()
            .join(runs.lazy(), on="run", suffix="_other")
            .filter(pl.col("split") < pl.col("split_other"))
            .group_by("row", "row_other")
            .agg(
                pl.col("split", "split_other").first(),
                share=pl.len() / pl.min_horizontal(pl.col("size").first(), pl.col("size_other").first()),
            )
            .collect(engine="streaming")
        )
