"""Audit: ask of a detector, on transcripts it did not learn from, whether it goes by shortcuts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass, replace
from functools import partial
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from feint.corpus import digest
from feint.corpus.errors import InputError
from feint.corpus.reject import Reject
from feint.corpus.transcript import Transcript
from feint.models import baselines, fitting
from feint.models.audit.false_positives import false_positives
from feint.models.audit.judged import Judged, LeftOut, both
from feint.models.audit.length import length
from feint.models.audit.neutral import count, stripped
from feint.models.audit.shuffle import Shuffle, shuffle, shuffled
from feint.models.audit.source import source
from feint.models.audit.vocabulary import Vocabulary, vocabulary
from feint.models.detector import Detector
from feint.models.fitting import Encoded, Example
from feint.models.heads import Floats
from feint.pipeline import examples as examples_
from feint.pipeline.config import Config
from feint.pipeline.gather import gather
from feint.pipeline.gold import gold
from feint.pipeline.judged import judged
from feint.pipeline.progress import track
from feint.pipeline.store import RECIPE, Artifact, Store
from feint.pipeline.train import DETECTOR, kept, scores, settings, train

AUDIT = "audit.json"
WITHOUT_FITS = LeftOut("Left out: these lines are not what it learnt from; run 'feint audit' without paths.")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What can be chosen of an audit."""

    shuffles: int = 5
    """Fits on shuffled labels, a seed each."""
    sources: tuple[str, ...] = ("voice", "format")
    """Metadata keys that say where a transcript comes from."""


def audit(config: Config, store: Store, detector: str | None = None, chosen: Chosen = Chosen()) -> Artifact:
    """The audit of the trained detector, or of another, on the test split."""
    gathered, settled = gather(config, store), gold(config, store)
    if detector is None:
        trained = train(config, store)
        audited, judge = {"train": trained.digest}, Detector.load(trained / DETECTOR, precision=config.train.precision)
    else:
        judge = Detector.load(detector, precision=config.train.precision)
        audited = {"detector": digest.of_value(judge.contents.config.model_dump(mode="json"))}
    return store.once(
        "audit",
        partial(_make, config, store, gathered, settled, judge, chosen),
        version=1,
        params={"train": config.train.model_dump(), "evaluate": config.evaluate.model_dump(), "chosen": asdict(chosen)},
        inputs={"gather": gathered.digest, "gold": settled.digest, **audited},
    )


def audit_on(
    paths: Sequence[Path], detector: str | None, config: Config, store: Store, chosen: Chosen = Chosen()
) -> tuple[dict[str, Any], list[Reject]]:
    """The audit of the bundled detector, or of another, on lines that carry a label; and what was rejected."""
    given, rejects = examples_.given(paths)
    judge = Detector.load(detector, precision=config.train.precision)
    return _audited(judge, given, [], config, store, chosen), rejects


def found(audited: Artifact) -> dict[str, Any]:
    """The audit as it was written."""
    said: dict[str, Any] = json.loads((audited / AUDIT).read_text(encoding="utf-8"))
    return said


def latest(store: Store, trained: Artifact) -> dict[str, Any] | None:
    """The audit of this trained detector that was made or used last; none where there is none."""
    for folder in reversed(store.stages().get("audit", [])):
        recipe = json.loads((folder / RECIPE).read_text(encoding="utf-8"))
        if recipe["inputs"].get("train") == trained.digest:
            return found(Artifact(folder, folder.name, fresh=False))
    return None


def _make(
    config: Config, store: Store, gathered: Artifact, settled: Artifact, judge: Detector, chosen: Chosen, folder: Path
) -> None:
    labelled = examples_.settled(gathered, judged(config, store), settled)
    test = [example for example, part in labelled if part == "test"]
    if not test:
        raise InputError("no transcript in the test split to audit on; gather more groups, or name labelled lines")
    known = [example for example, part in labelled if part != "test"]
    said = _audited(judge, test, known, config, store, chosen)
    (folder / AUDIT).write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _audited(
    judge: Detector, test: Sequence[Example], known: Sequence[Example], config: Config, store: Store, chosen: Chosen
) -> dict[str, Any]:
    """Every part, as JSON; `known` are the examples that a fit on shuffled labels learns from."""
    encode = partial(fitting.encode, encoder=judge.encoder, blocks_to_vectors=kept(store))
    encoded, transcripts = encode(test), [example.transcript for example in test]
    judged = Judged(
        scores(judge, encoded), encoded.labels, [e.group for e in test], config.evaluate.draws, config.evaluate.seed
    )
    features = np.stack([array.mean(axis=0) for array in encoded.vectors]).astype(float)
    without = encode([replace(example, transcript=stripped(example.transcript)) for example in test])
    classes = [_named(one, "class") for one in transcripts]
    said = {
        "transcripts": len(test),
        "groups": len(set(judged.groups)),
        "faking": int(judged.labels.sum()),
        "vocabulary": _vocabulary(scores(judge, without), without, encoded, judged),
        "shuffle": _shuffle(judge, encode(known), encoded, judged, config, chosen.shuffles) if known else WITHOUT_FITS,
        "sources": {
            key: source(key, [_named(one, key) for one in transcripts], features, judged) for key in chosen.sources
        },
        "false_positives": {
            name: false_positives(classes, judged, threshold)
            for name, threshold in judge.contents.config.operating_points.items()
        },
        "length": length(np.array([_length(one) for one in transcripts], float), judged),
    }
    return {key: _json(value) for key, value in said.items()}


def _vocabulary(after: Floats, without: Encoded, encoded: Encoded, judged: Judged) -> Vocabulary | LeftOut:
    sides = [[example.transcript for example in side.examples] for side in (encoded, without)]
    replaced = sum(count(baselines.words(one)) for one in sides[0]) / sum(map(_length, sides[0]))
    counts, counts_without = (baselines.keywords(side, []) for side in sides)
    return vocabulary(judged, after, counts, counts_without, replaced)


def _shuffle(
    judge: Detector, learnt: Encoded, encoded: Encoded, judged: Judged, config: Config, times: int
) -> Shuffle | LeftOut:
    """Heads and decision fitted again on the detector's own vectors, each time on other labels."""
    if not both(learnt.labels):
        return LeftOut("Left out: what it would learn from is all of one kind.")
    names = judge.contents.readers.names
    fits = []
    for seed in track(range(config.evaluate.seed, config.evaluate.seed + times), "fitting on shuffled labels", times):
        fit = fitting.fit(replace(learnt, examples=shuffled(learnt.examples, seed)), names, settings(config))
        fits.append(fit.decision.logits(fitting.features(fit.readers, encoded.vectors, encoded.counts)))
    return shuffle(judged, fits)


def _length(transcript: Transcript) -> int:
    return len(baselines.words(transcript).split())


def _named(transcript: Transcript, key: str) -> str | None:
    """What the metadata says; a transcript's own model and source go by these names where it says nothing."""
    own = {"model": transcript.model, "source": transcript.source}
    value = transcript.metadata.get(key, own.get(key))
    return None if value is None else str(value)


def _json(value: Any) -> Any:
    """Plain JSON, none where a number is undefined: JSON has no NaN."""
    if is_dataclass(value) and not isinstance(value, type):
        return _json(asdict(value))
    if isinstance(value, Mapping):
        return {key: _json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_json(one) for one in value]
    return None if isinstance(value, float) and isnan(value) else value
