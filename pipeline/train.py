"""Train: fit a detector on settled labels, and hold it against baselines on transcripts that nothing was learnt from."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, astuple
from functools import partial
from math import isnan
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from feint.corpus import digest
from feint.corpus.errors import DetectorError, InputError
from feint.corpus.reject import Reject
from feint.corpus.tables import Predictions
from feint.models import baselines, encoders, evaluation, fitting
from feint.models import folder as folder_
from feint.models.detector import Detector, moved, trained
from feint.models.encoders import Encoder
from feint.models.encoders.windows import Vectors
from feint.models.evaluation import MEASURES
from feint.models.fitting import BlocksToVectors, Encoded, Example, Settings
from feint.models.heads import Floats
from feint.models.passages import Block
from feint.models.vectors import VectorCache
from feint.pipeline import examples as examples_
from feint.pipeline.config import Config
from feint.pipeline.gather import gather
from feint.pipeline.gold import gold
from feint.pipeline.judged import judged
from feint.pipeline.model_card import model_card
from feint.pipeline.progress import track
from feint.pipeline.store import Artifact, Store
from feint.pipeline.tables import EVALUATION
from feint.pipeline.tables import evaluation as evaluation_of

VERSION = 6
"""Of what training does; a detector trained by another version is not the same, whatever its labels."""
DETECTOR, PREDICTIONS = "detector", "predictions.parquet"


def train(config: Config, store: Store) -> Artifact:
    """A detector folder, its evaluation beside baselines, and its predictions on the test split.

    Learnt on the training split, settled on the development split, reported on the test split. The detector in the box
    is taken where it was trained on the very same labels with the same settings by the same version of this stage.
    """
    gathered, settled = gather(config, store), gold(config, store)
    return store.once(
        "train",
        partial(_make, config, store, gathered, settled),
        version=VERSION,
        params={"train": config.train.model_dump(), "evaluate": config.evaluate.model_dump()},
        inputs={"gather": gathered.digest, "gold": settled.digest},
    )


def save(
    trained: Artifact,
    out: Path,
    validations: Sequence[Mapping[str, Any]] = (),
    audited: Mapping[str, Any] | None = None,
    agreed: Sequence[Mapping[str, Any]] = (),
    measured: Sequence[Path] = (),
) -> None:
    """The trained detector's folder, written to `out`; its card has all that was measured of it.

    `agreed` are rows of the agreement on its labels, `measured` files of Markdown on what was measured elsewhere.
    """
    contents = folder_.read(trained / DETECTOR)
    sections = [path.read_text(encoding="utf-8") for path in measured]
    folder_.write(out, contents, model_card(contents, evaluation_of(trained), validations, audited, agreed, sections))


def train_on(
    paths: Sequence[Path], base: Literal["bundled", "scratch"], out: Path, config: Config, store: Store
) -> tuple[Detector, int, list[Reject]]:
    """A detector for labels that somebody brings, written to `out`; how many were learnt from, and what was rejected."""
    learnt, rejects = examples_.given(paths)
    about = {"transcripts": len(learnt), "groups": len({e.group for e in learnt}), "base": base}
    cached, precision = kept(store), config.train.precision
    if base == "bundled":
        start = Detector.load(precision=precision)
        detector = moved(learnt, start, settings(config), blocks_to_vectors=cached, trained_on=about)
    else:
        detector = trained(
            learnt, settings(config), encoder=config.train.encoder, indicators=examples_.indicators(learnt),
            precision=precision, blocks_to_vectors=cached, progress=tuning, trained_on=about,
        )  # fmt: skip
    detector.save(out)
    return detector, len(learnt), rejects


def _make(config: Config, store: Store, gathered: Artifact, settled: Artifact, folder: Path) -> None:
    labelled = examples_.settled(gathered, judged(config, store), settled)
    known, held, test = ([e for e, part in labelled if part == split] for split in ("train", "development", "test"))
    if not known or not test:
        raise InputError(
            f"{len(known)} transcripts to learn from and {len(test)} to report on; "
            "expected some of either: gather more groups, or use 'feint train --labels'"
        )
    told = about(labelled, config)
    cached, precision = kept(store), config.train.precision
    detector = _in_the_box(told, precision) or trained(
        known, settings(config), held=held, encoder=config.train.encoder, indicators=examples_.indicators(known),
        precision=precision, blocks_to_vectors=cached, progress=tuning, trained_on=told,
    )  # fmt: skip
    said_by_ours = scores(detector, fitting.encode(test, detector.encoder, cached))
    _write_predictions(folder, test, said_by_ours, detector.threshold)
    # What a document embedding gives, as it came: the rivals know nothing of tuning.
    plain = fitting.encode([*known, *test], encoders.load(config.train.encoder, precision=precision), cached)
    rivals = baselines.fitted([e.transcript for e in known], plain.vectors[: len(known)], plain[: len(known)].labels)
    later = plain.vectors[len(known) :]
    said = {"feint": said_by_ours} | {
        name: rival([e.transcript for e in test], later) for name, rival in rivals.items()
    }
    result = _evaluation(said, test, detector, config)
    (folder / EVALUATION).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    folder_.write(folder / DETECTOR, detector.contents, model_card(detector.contents, result))


def about(labelled: Sequence[tuple[Example, str]], config: Config) -> dict[str, Any]:
    """What a training goes by: two that go by the same give the same detector, but for the processor's arithmetic."""
    known = [example for example, part in labelled if part == "train"]
    return {
        "version": VERSION,
        "groups": len({e.group for e in known}),
        "faking": sum(e.label for e in known),
        "labels": digest.of_value([_said(*one) for one in labelled]),
        "settings": config.train.model_dump(),
    }


def _in_the_box(about: Mapping[str, Any], precision: str) -> Detector | None:
    """The bundled detector, where it goes by the same."""
    try:
        bundled = Detector.load(precision=precision)
    except DetectorError:
        return None
    trained_on = bundled.contents.config.trained_on
    return bundled if {key: trained_on.get(key) for key in about} == json.loads(json.dumps(about)) else None


def _said(example: Example, split: str) -> list[Any]:
    """All that training and evaluating learn of an example, in an order that is always the same."""
    marks = sorted((m.indicator, m.level, *astuple(m.span)) for m in example.marks or ())
    labels = sorted(example.labels.items())
    return [example.transcript.digest, split, example.group, example.label, labels, example.marks is not None, marks]


def kept(store: Store) -> BlocksToVectors:
    """Vectors from the store's cache, with a bar while new ones are made."""
    cache = VectorCache(store.root / "vectors.sqlite")

    def run(encoder: Encoder, blocks: Sequence[Block]) -> Iterator[list[Vectors]]:
        return track(cache.encode(encoder, blocks, chunk=16), "encoding", total=-(-len(blocks) // 16))

    return run


def tuning(steps: Iterator[float], total: int) -> Iterator[float]:
    """The losses, counted on a bar while they come."""
    return track(steps, "tuning the encoder", total=total)


def settings(config: Config) -> Settings:
    """The [train] table as fitting takes it."""
    return Settings(**config.train.model_dump(include=set(Settings.__dataclass_fields__)))


def scores(detector: Detector, test: Encoded) -> Floats:
    """Probabilities (transcripts,) from vectors that are there already."""
    contents = detector.contents
    seen = fitting.features(contents.readers, test.vectors, test.counts)
    return contents.platt.probability(contents.decision.logits(seen))


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
            measure: known(asdict(evaluation.estimate(compute, scores, labels, groups, draws, seed)))
            for measure, compute in MEASURES.items()
            if name == "feint" or measure != "calibration error"
        }
        for name, scores in said.items()
    }
    classes = classes_of(test)
    return {
        "transcripts": len(test),
        "groups": len(set(groups)),
        "faking": int(labels.sum()),
        "threshold": detector.threshold,
        "methods": methods,
        "flagged": evaluation.flagged(classes, labels, said["feint"] >= detector.threshold),
        "points": {
            name: {"threshold": threshold, "flagged": evaluation.flagged(classes, labels, said["feint"] >= threshold)}
            for name, threshold in detector.contents.config.operating_points.items()
        },
    }


def known(estimate: Mapping[str, float]) -> dict[str, float | None]:
    """The numbers, none where they are undefined: JSON has no NaN."""
    return {end: None if isnan(value) else value for end, value in estimate.items()}


def classes_of(examples: Sequence[Example]) -> list[str | None]:
    """The class of the bundled corpus that each is of, where its metadata says so."""
    return [str(given) if (given := e.transcript.metadata.get("class")) else None for e in examples]
