"""Validate: detectors trained without some families, or some voices, and what they say of these."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from feint.corpus.errors import InputError
from feint.models import evaluation
from feint.models.detector import trained
from feint.models.evaluation import MEASURES, auroc
from feint.models.fitting import Example, group_folds
from feint.pipeline import examples as examples_
from feint.pipeline.config import Config
from feint.pipeline.gather import gather
from feint.pipeline.gold import gold
from feint.pipeline.judged import judged
from feint.pipeline.progress import console
from feint.pipeline.store import RECIPE, Artifact, Store
from feint.pipeline.train import VERSION, classes_of, known, settings, tuning

SCORES, VALIDATION = "scores.json", "validation.json"
GROUPS = "group"
"""What is left out when nothing else is asked for: whole groups, which are the families of the bundled corpus."""

Fold = tuple[npt.NDArray[np.int_], npt.NDArray[np.int_]]


def validate(config: Config, store: Store, by: str = GROUPS, folds: int = 5) -> Artifact:
    """Every settled transcript judged by a detector that was trained, tuned and settled without its fold.

    A fold is a set of groups, or, with a metadata key, of that key's values; it takes as long as `folds` trainings,
    each of which is kept, so that what was interrupted goes on where it stopped.
    """
    gathered, settled = gather(config, store), gold(config, store)
    inputs = {"gather": gathered.digest, "gold": settled.digest}
    params = {"train": config.train.model_dump(), "by": by, "folds": folds}
    examples = [example for example, _ in examples_.settled(gathered, judged(config, store), settled)]
    parts = _folds(examples, by, folds)
    folded = []
    for number, fold in enumerate(parts):
        make = partial(_judge, config, examples, fold)
        folded.append(store.once("fold", make, version=VERSION, params=params | {"fold": number}, inputs=inputs))
        console().print(f"fold {number + 1} of {len(parts)}")
    return store.once(
        "validate",
        partial(_make, config, examples, by, folded),
        version=VERSION,
        params=params | {"evaluate": config.evaluate.model_dump()},
        inputs=inputs,
    )


def found(validated: Artifact) -> dict[str, Any]:
    """The validation as it was written."""
    said: dict[str, Any] = json.loads((validated / VALIDATION).read_text(encoding="utf-8"))
    return said


def latest(store: Store, trained: Artifact) -> list[dict[str, Any]]:
    """The validations on the labels and with the settings of this training: of each kind the one made or used last."""
    own = _recipe(trained.path)
    by = {}
    for folder in store.stages().get("validate", []):
        recipe = _recipe(folder)
        same = all(recipe[key] == own[key] for key in ("version", "inputs"))
        if same and recipe["params"]["train"] == own["params"]["train"]:
            by[recipe["params"]["by"]] = found(Artifact(folder, folder.name, fresh=False))
    return [by[name] for name in sorted(by, key=lambda name: (name != GROUPS, name))]


def _recipe(folder: Path) -> dict[str, Any]:
    recipe: dict[str, Any] = json.loads((folder / RECIPE).read_text(encoding="utf-8"))
    return recipe


def _folds(examples: Sequence[Example], by: str, folds: int) -> list[Fold]:
    labels = np.array([e.label for e in examples])
    if by == GROUPS:
        found = list(group_folds([e.group for e in examples], labels, folds))
        if set(found[0][0]) & set(found[0][1]):
            raise InputError("too few groups of either kind to leave some out; gather more")
        return found
    values = [e.transcript.metadata.get(by) for e in examples]
    named = sorted({str(value) for value in values if value is not None})
    if len(named) < 2:
        raise InputError(f"{len(named)} values of {by!r} in the metadata; expected at least 2 to leave one out")
    of = {value: index % folds for index, value in enumerate(named)}
    place = np.array([-1 if value is None else of[str(value)] for value in values])
    return [(np.flatnonzero(place != fold), np.flatnonzero(place == fold)) for fold in range(min(folds, len(named)))]


def _judge(config: Config, examples: Sequence[Example], fold: Fold, folder: Path) -> None:
    inside, outside = ([examples[i] for i in part] for part in fold)
    detector = trained(
        inside, settings(config), encoder=config.train.encoder, indicators=examples_.indicators(inside),
        precision=config.train.precision, progress=tuning,
    )  # fmt: skip
    said = detector.predict([example.transcript for example in outside])
    points = detector.contents.config.operating_points
    rows = [
        {"index": int(index), "faking": one.faking, "points": [name for name, at in points.items() if one.faking >= at]}
        for index, one in zip(fold[1], said, strict=True)
        if one.faking is not None
    ]
    (folder / SCORES).write_text(json.dumps(rows) + "\n", encoding="utf-8")


def _make(config: Config, examples: Sequence[Example], by: str, judged: Sequence[Artifact], folder: Path) -> None:
    rows = [row for fold in judged for row in json.loads((fold / SCORES).read_text(encoding="utf-8"))]
    own = [examples[row["index"]] for row in rows]
    scores, labels = np.array([row["faking"] for row in rows]), np.array([e.label for e in own])
    groups = [e.group for e in own]
    draws, seed = config.evaluate.draws, config.evaluate.seed
    result = {
        "by": by,
        "folds": len(judged),
        "transcripts": len(own),
        "groups": len(set(groups)),
        "faking": int(labels.sum()),
        "measures": {
            name: known(asdict(evaluation.estimate(measure, scores, labels, groups, draws, seed)))
            for name, measure in MEASURES.items()
        },
        "points": {
            point: evaluation.flagged(classes_of(own), labels, np.array([point in row["points"] for row in rows]))
            for point in settings(config).points
        },
    }
    if by != GROUPS:
        result["left out"] = dict(_each(own, scores, labels, by))
    (folder / VALIDATION).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def _each(own: Sequence[Example], scores: Any, labels: Any, by: str) -> Iterator[tuple[str, dict[str, Any]]]:
    values = np.array([str(e.transcript.metadata[by]) for e in own])
    for value in sorted(set(values)):
        chosen = values == value
        area = auroc(scores[chosen], labels[chosen])
        yield value, {"transcripts": int(chosen.sum()), "AUROC": None if isnan(area) else area}
