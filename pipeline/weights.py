"""Weights: how many transcripts the label of each that was read stands for, by the draws of the queue."""

from pathlib import Path

import polars as pl

from feint.annotation import inclusion
from feint.annotation.candidates import settled
from feint.corpus.tables import Judgements, Verdicts
from feint.pipeline import rounds
from feint.pipeline.config import Config
from feint.pipeline.judged import judged
from feint.pipeline.store import Artifact, Store

WEIGHTS = "weights.parquet"


def weights(config: Config, store: Store) -> Artifact:
    """The table `Weights`; without any rounds of the queue it has no rows."""
    said = judged(config, store)

    def make(folder: Path) -> None:
        judgements = Judgements.validate(pl.read_parquet(said / "judgements.parquet"))
        verdicts = Verdicts.validate(pl.read_parquet(said / "verdicts.parquet"))
        drawn = rounds.history(config.queue.path)
        inclusion.weights(*drawn, settled(judgements, verdicts)).write_parquet(folder / WEIGHTS)

    inputs = {"judged": said.digest, "queue": rounds.state(config.queue.path)}
    return store.once("weights", make, version=1, params={}, inputs=inputs)
