"""Queue: what to label next, kept with the probabilities it was drawn with."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import dataframely as dy
import numpy as np
import polars as pl

from feint.annotation.candidates import candidates, settled
from feint.annotation.inclusion import Prevalence, prevalence
from feint.annotation.queue import draw, waiting
from feint.corpus import digest
from feint.corpus.reasoning import stretches
from feint.corpus.tables import Draws, Judgements, Verdicts
from feint.corpus.transcript import Transcript
from feint.models import fitting
from feint.models.detector import Detector
from feint.models.encoders.windows import Vectors
from feint.models.fitting import BlocksToVectors, Example
from feint.pipeline import rounds as kept_rounds
from feint.pipeline.config import Config
from feint.pipeline.gather import gather, transcripts
from feint.pipeline.judged import judged
from feint.pipeline.store import Artifact, Store
from feint.pipeline.train import DETECTOR, kept, scores
from feint.pipeline.weights import WEIGHTS, weights

CHUNK = 256
"""Transcripts encoded together."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What is to be read next, and what the labels of what was read say so far."""

    waiting: dy.DataFrame[Draws]
    """In order, at most as many as were asked for."""
    drawn: int
    """How many of them this call drew."""
    ids: dict[str, str]
    """The name each transcript was given."""
    prevalence: Prevalence | None
    assisted: Prevalence | None
    """The same with the detector's help; none with too few draws."""
    weights: Path
    """Table `Weights`: what the label of each transcript that was read counts for."""


def queue(config: Config, store: Store, size: int, detector: str | None = None) -> Queue:
    """The next `size` transcripts to read: first what is drawn and not read yet, then, to fill up, newly drawn ones.

    Rounds are kept in the folder of the [queue] table, since nothing could make them again; asking twice without anybody
    having read anything in between draws nothing.
    """
    settings = config.queue
    gathered, said = gather(config, store), judged(config, store)
    judgements = Judgements.validate(pl.read_parquet(said / "judgements.parquet"))
    verdicts = Verdicts.validate(pl.read_parquet(said / "verdicts.parquet"))
    seen = pl.read_parquet(_seen(gathered, config, store, detector) / "seen.parquet")
    vectors = seen["vector"].to_numpy().astype(np.float64)
    splits = pl.read_parquet(gathered / "splits.parquet").select("transcript_id", "group")
    headline = settled(judgements, verdicts)
    now = candidates(seen, vectors, judgements, verdicts, splits)
    rounds, draws = kept_rounds.history(settings.path)
    open_ = waiting(draws, now)
    fresh = Draws.create_empty()
    if len(open_) < size:
        fresh = draw(now, vectors, draws, settings.shares(), settings.overlap, size - len(open_), settings.seed)
    if len(fresh):
        kept_rounds.keep(settings.path, now, fresh, config)
        rounds, draws = [*rounds, now], Draws.validate(pl.concat([draws, fresh]))
        open_ = waiting(draws, now)
    heads = pl.read_parquet(gathered.path / "transcripts-*.parquet", columns=["transcript_id", "id"])
    return Queue(
        Draws.validate(open_.head(size)), len(fresh), dict(heads.iter_rows()),
        prevalence(rounds, draws, headline), prevalence(rounds, draws, headline, assisted=True),
        weights(config, store) / WEIGHTS,
    )  # fmt: skip


def _seen(gathered: Artifact, config: Config, store: Store, detector: str | None) -> Artifact:
    """Each transcript's probability and mean vector, by the detector given, else the one trained last, else the bundled one.

    A detector that learnt from a transcript is surer of it than it should be; only unread ones are chosen by its word.
    """
    latest = store.latest("train")
    where = detector or (str(latest / DETECTOR) if latest else None)
    judge = Detector.load(where, precision=config.train.precision)
    return store.once(
        "seen",
        partial(_see, judge, gathered, store),
        version=1,
        params={"detector": digest.of_value(judge.contents.config.model_dump()), "precision": config.train.precision},
        inputs={"gather": gathered.digest},
    )


def _see(judge: Detector, gathered: Artifact, store: Store, folder: Path) -> None:
    rows = list(looked_at(judge, transcripts(gathered.path), kept(store)))
    frame = pl.DataFrame([row[:2] for row in rows], {"transcript_id": pl.String, "faking": pl.Float64}, orient="row")
    vectors = np.array([vector for *_, vector in rows], np.float32).reshape(-1, judge.encoder.dimensions)
    frame.with_columns(pl.Series("vector", vectors)).write_parquet(folder / "seen.parquet")


def looked_at(
    judge: Detector, given: Iterable[Transcript], cached: BlocksToVectors | None = None
) -> Iterator[tuple[str, float, Vectors]]:
    """Name, probability and direction (dimensions,) of the mean sentence of every transcript with words of an assistant."""
    spoken = (Example(one, label=False, group="") for one in given if stretches(one))
    while chunk := list(islice(spoken, CHUNK)):
        encoded = fitting.encode(chunk, judge.encoder, cached)
        said = scores(judge, encoded)
        for example, probability, vectors in zip(chunk, said, encoded.vectors, strict=True):
            mean = vectors.mean(axis=0)
            yield example.transcript.digest, float(probability), mean / max(float(np.linalg.norm(mean)), 1e-12)
