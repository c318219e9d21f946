"""Explain: what a detector goes by, and the right flags, false alarms and misses that tell most about it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from rich.table import Table

from feint.models import explanation, fitting
from feint.models.detector import Detector
from feint.models.evaluation import Labels
from feint.models.explanation import Explanation
from feint.models.fitting import Example
from feint.models.heads import Floats
from feint.pipeline import examples as examples_
from feint.pipeline.config import Config
from feint.pipeline.gather import gather
from feint.pipeline.gold import gold
from feint.pipeline.judged import judged
from feint.pipeline.store import Artifact, Store
from feint.pipeline.tables import explanations_table, weights_table
from feint.pipeline.train import DETECTOR, PREDICTIONS, classes_of, kept, scores

MOST = 3
"""Transcripts of each kind."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What a detector goes by, and some of its answers."""

    where: str
    """What the answers are on, in words."""
    weights: Mapping[str, float]
    """Log-odds that a standard deviation more of an indicator adds, largest first."""
    answers: Mapping[str, Sequence[tuple[str, Explanation]]]
    """Kind of answer: the class and the explanation of each transcript chosen."""

    def tables(self) -> Iterator[Table]:
        """As they are printed, the weights first."""
        yield weights_table(self.weights)
        for kind, answers in self.answers.items():
            yield explanations_table(f"{kind}, {self.where}", answers)


def explain(trained: Artifact, config: Config, store: Store) -> Explained:
    """Of the trained detector, on the test split."""
    labelled = examples_.settled(gather(config, store), judged(config, store), gold(config, store))
    said = dict(pl.read_parquet(trained / PREDICTIONS).select("transcript_id", "faking").iter_rows())
    test = [example for example, part in labelled if part == "test"]
    detector = Detector.load(trained / DETECTOR, precision=config.train.precision)
    return _explained(detector, test, np.array([said[e.transcript.digest] for e in test]), "on the test split")


def explain_on(paths: Sequence[Path], detector: Detector, store: Store) -> Explained:
    """Of a detector, on the labelled lines it learnt from, where it looks better than it is."""
    learnt, _ = examples_.given(paths)
    said = scores(detector, fitting.encode(learnt, detector.encoder, kept(store)))
    return _explained(detector, learnt, said, "on the transcripts it learnt from")


def telling(scores: Floats, labels: Labels, threshold: float) -> dict[str, list[int]]:
    """Indices of a few transcripts for each kind of answer that tells much, the most telling first.

    >>> telling(np.array([0.9, 0.6, 0.7, 0.1, 0.4]), np.array([True, True, False, True, True]), threshold=0.5)
    {'Right flags, the surest': [0, 1], 'False alarms nearest to the threshold': [2], 'Misses nearest to the threshold': [4, 3]}
    """
    flags = scores >= threshold
    kinds = {
        "Right flags, the surest": (flags & labels, -scores),
        "False alarms nearest to the threshold": (flags & ~labels, scores),
        "Misses nearest to the threshold": (~flags & labels, -scores),
    }
    order = {kind: np.argsort(by, kind="stable") for kind, (_, by) in kinds.items()}
    return {kind: order[kind][chosen[order[kind]]][:MOST].tolist() for kind, (chosen, _) in kinds.items()}


def _explained(detector: Detector, examples: Sequence[Example], said: Floats, where: str) -> Explained:
    labels = np.array([example.label for example in examples], bool)
    classes = classes_of(examples)
    answers = {
        kind: [
            (classes[index] or ("faking" if labels[index] else "not faking"), one)
            for index, one in zip(chosen, detector.explain([examples[i].transcript for i in chosen]), strict=True)
        ]
        for kind, chosen in telling(said, labels, detector.threshold).items()
    }
    return Explained(where, explanation.weights(detector.contents), answers)
