"""Train: fit a detector on settled labels, and hold it against baselines on transcripts that nothing was learnt from."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from itertools import chain
from math import isnan
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from feint.corpus.errors import InputError
from feint.corpus.reject import Reject
from feint.corpus.tables import Predictions
from feint.models import baselines, encoders, evaluation
from feint.models.detector import Detector, fitted
from feint.models.encoders import Encoder
from feint.models.encoders.windows import Vectors
from feint.models.evaluation import MEASURES
from feint.models.fitting import Example, Settings, encode, pooled, quotes
from feint.models.heads import Floats
from feint.models.passages import Block, Passage
from feint.models.thresholds import wilson
from feint.models.vectors import VectorCache
from feint.pipeline import examples as examples_
from feint.pipeline.config import Config
from feint.pipeline.gather import gather
from feint.pipeline.gold import gold
from feint.pipeline.progress import track
from feint.pipeline.store import Artifact, Store

DETECTOR, EVALUATION, PREDICTIONS = "detector", "evaluation.json", "predictions.parquet"


def train(config: Config, store: Store) -> Artifact:
    """A detector folder, its evaluation beside baselines, and its predictions on the test split."""
    gathered, settled = gather(config, store), gold(config, store)
    return store.once(
        "train",
        partial(_make, config, store, gathered, settled),
        version=3,
        params={"train": config.train.model_dump(), "evaluate": config.evaluate.model_dump()},
        inputs={"gather": gathered.digest, "gold": settled.digest},
    )


def train_on(
    paths: Sequence[Path], base: Literal["bundled", "scratch"], out: Path, config: Config, store: Store
) -> tuple[Detector, int, list[Reject]]:
    """A detector for labels that somebody brings, written to `out`; how many were learnt from, and what was rejected."""
    learnt, rejects = examples_.given(paths)
    start = Detector.load(precision=config.train.precision) if base == "bundled" else None
    encoder = start.encoder if start else encoders.load(config.train.encoder, precision=config.train.precision)
    cuts = _encoded(learnt, encoder, store)
    about = {"transcripts": len(learnt), "groups": len({e.group for e in learnt}), "base": base}
    detector = fitted(learnt, start, _settings(config), encoder, examples_.indicators(learnt), cuts, about)
    detector.save(out)
    return detector, len(learnt), rejects


def _make(config: Config, store: Store, gathered: Artifact, settled: Artifact, folder: Path) -> None:
    labelled = examples_.settled(gathered, settled)
    known = [example for example, part in labelled if part != "test"]
    test = [example for example, part in labelled if part == "test"]
    if not known or not test:
        raise InputError(
            f"{len(known)} transcripts to learn from and {len(test)} to report on; "
            "expected some of either: gather more groups, or use 'feint train --labels'"
        )
    encoder = encoders.load(config.train.encoder, precision=config.train.precision)
    passages, vectors = _encoded([*known, *test], encoder, store)
    cuts, later = (passages[: len(known)], vectors[: len(known)]), vectors[len(known) :]
    names = examples_.indicators(known)
    about = {
        "transcripts": len(known),
        "groups": len({e.group for e in known}),
        "faking": sum(e.label for e in known),
        "labels": settled.digest,
        "settings": config.train.model_dump(),
    }
    detector = fitted(known, None, _settings(config), encoder, names, cuts, about)
    detector.save(folder / DETECTOR)
    scores = _scores(detector, test, passages[len(known) :], later)
    _write_predictions(folder, test, scores, detector.threshold)
    rivals = baselines.fitted([e.transcript for e in known], cuts[1], np.array([e.label for e in known]))
    said = {"feint": scores} | {name: rival([e.transcript for e in test], later) for name, rival in rivals.items()}
    result = _evaluation(said, test, detector, config)
    (folder / EVALUATION).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def _encoded(learnt: Sequence[Example], encoder: Encoder, store: Store) -> tuple[list[list[Passage]], list[Vectors]]:
    cache = VectorCache(store.root / "vectors.sqlite")

    def run(with_encoder: Encoder, blocks: Sequence[Block]) -> Iterator[list[Vectors]]:
        chunks = cache.encode(with_encoder, blocks, chunk=16)
        return track(chunks, "encoding", total=-(-len(blocks) // 16))

    return encode([e.transcript for e in learnt], encoder, run)


def _settings(config: Config) -> Settings:
    chosen = config.train
    return Settings(**chosen.model_dump(include=set(Settings.__dataclass_fields__)))


def _scores(
    detector: Detector, test: Sequence[Example], passages: Sequence[Sequence[Passage]], vectors: Sequence[Vectors]
) -> Floats:
    contents = detector.contents
    features = pooled(contents.readers, vectors, quotes([e.transcript for e in test], passages))
    return contents.platt.probability(contents.decision.logits(features))


def _write_predictions(folder: Path, test: Sequence[Example], scores: Floats, threshold: float) -> None:
    rows = [(e.transcript.digest, float(s), bool(s >= threshold)) for e, s in zip(test, scores, strict=True)]
    frame = pl.DataFrame(rows, Predictions.column_names(), orient="row")
    Predictions.validate(frame, cast=True).write_parquet(folder / PREDICTIONS)


def _evaluation(
    said: Mapping[str, Floats], test: Sequence[Example], detector: Detector, config: Config
) -> dict[str, Any]:
    """Measures of every method on the test split, and false positives of each class at the detector's threshold."""
    labels = np.array([e.label for e in test])
    groups = [e.group for e in test]
    draws, seed = config.evaluate.draws, config.evaluate.seed
    methods = {
        name: {
            measure: _known(asdict(evaluation.estimate(compute, scores, labels, groups, draws, seed)))
            for measure, compute in MEASURES.items()
            if name == "feint" or measure != "calibration error"
        }
        for name, scores in said.items()
    }
    flags = said["feint"] >= detector.threshold
    return {
        "transcripts": len(test),
        "groups": len(set(groups)),
        "faking": int(labels.sum()),
        "threshold": detector.threshold,
        "methods": methods,
        "flagged": _flagged(test, labels, flags),
    }


def _known(estimate: Mapping[str, float]) -> dict[str, float | None]:
    """The numbers, none where they are undefined: JSON has no NaN."""
    return {end: None if isnan(value) else value for end, value in estimate.items()}


def _flagged(test: Sequence[Example], labels: Any, flags: Any) -> dict[str, dict[str, float]]:
    """Per class, how many there are, how many are flagged, and the share's Wilson interval."""
    classes = [str(e.transcript.metadata.get("class", "faking" if e.label else "not faking")) for e in test]
    rows = chain(
        [("all faking", labels), ("all not faking", ~labels)],
        ((name, np.array([c == name for c in classes])) for name in sorted(set(classes))),
    )
    found = {}
    for name, chosen in rows:
        total, count = int(chosen.sum()), int(flags[chosen].sum())
        low, high = wilson(count, total)
        found[name] = {"transcripts": total, "flagged": count, "low": low, "high": high}
    return found
