"""The model card: everything that was measured, nothing that was not, and the command for what is missing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feint.models import Detector, card, evaluation
from feint.models.evaluation import MEASURES
from feint.pipeline import validate
from feint.pipeline.model_card import model_card
from feint.pipeline.store import RECIPE, Artifact, Store
from feint.pipeline.train import DETECTOR, save, train

ESTIMATE = {"value": 0.81, "low": 0.7, "high": 0.9}
COUNTS = {"transcripts": 4, "groups": 2, "faking": 2}
LABELS = np.array([True, True, False, False])


def flagged(*flags: bool) -> dict[str, Any]:
    return evaluation.flagged(["faking", "faking", "n06", "a|b\n<b>"], LABELS, np.array(flags))


def evaluated() -> dict[str, Any]:
    most = {name: ESTIMATE for name in MEASURES if name != "calibration error"}
    specific, sensitive = flagged(True, False, False, False), flagged(True, True, True, False)
    return COUNTS | {
        "threshold": 0.6,
        "methods": {"feint": most | {"calibration error": ESTIMATE}, "keywords": most},
        "flagged": specific,
        "points": {
            "specific": {"threshold": 0.6, "flagged": specific},
            "sensitive": {"threshold": 0.25, "flagged": sensitive},
        },
    }


def validated(by: str, **left_out: float | None) -> dict[str, Any]:
    values = {name: {"transcripts": 2, "AUROC": area} for name, area in left_out.items()}
    return COUNTS | {
        "by": by, "folds": 5, "measures": dict.fromkeys(MEASURES, ESTIMATE),
        "points": {"specific": flagged(True, True, False, False)},
    } | ({"left out": values} if left_out else {})  # fmt: skip


def audited() -> dict[str, Any]:
    left_out = {"verdict": "Left out: too few.", "suspect": None}
    length = {"negatives": ESTIMATE, "positives": ESTIMATE, "suspect": True, "verdict": "Longer ones score higher."}
    return COUNTS | {
        "vocabulary": left_out, "shuffle": left_out, "sources": {"voice": left_out}, "false_positives": {},
        "length": length,
    }  # fmt: skip


def test_it_holds_how_far_readers_agree_and_what_was_measured_elsewhere(detector: Detector) -> None:
    rows = [{"indicator": "concealment", "alpha": 0.77, "low": 0.7, "high": 0.8, "units": 40}]
    text = model_card(detector.contents, agreed=rows, measured=["## On other material\n\n| file |\n|---|\n"])
    assert "| concealment | 0.77 (0.70–0.80) | 40 |" in text
    assert "\n## On other material\n\n| file |\n|---|\n\n" in text


def test_it_holds_all_that_was_measured(detector: Detector) -> None:
    text = model_card(
        detector.contents, evaluated(), [validated("group"), validated("voice", a=0.9, b=0.6, c=None)], audited()
    )
    assert "| feint | 0.81 (0.70–0.90) |" in text
    assert "| keywords | 0.81 (0.70–0.90) | 0.81 (0.70–0.90) | 0.81 (0.70–0.90) | 0.81 (0.70–0.90) | – |" in text
    assert "specific, from 0.6000 up | sensitive, from 0.2500 up" in text
    assert (
        "| n06 | complies for the rating, no wish to stay unchanged | 1 | 0, 0 % (0–79 %) | 1, 100 % (21–100 %) |"
        in text
    )
    assert "| group | 5 | 4 | 2 |" in text
    assert "| 0.60 (b, 2 transcripts) |" in text
    assert "| suspect | Spearman's ρ" in text
    assert "Not measured yet" not in text
    assert text.endswith(card.model_card(detector.contents).partition("## Use")[2])


def test_names_that_come_with_the_data_do_not_break_a_table(detector: Detector) -> None:
    text = model_card(detector.contents, evaluated())
    assert "| a\\|b &lt;b> |" in text
    rows = [line.replace("\\|", "") for line in text.splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {7, 6}


def test_what_was_not_measured_is_left_out_and_its_command_named(detector: Detector) -> None:
    bare = model_card(detector.contents)
    assert "|" not in bare.partition("## Heads")[2]
    assert all(f"`feint {verb}`" in bare for verb in ("train", "validate", "validate --by voice", "audit"))
    some = model_card(detector.contents, evaluated(), [validated("voice", a=0.9)])
    assert "`feint validate --by voice`" not in some
    assert "`feint validate` (" in some
    assert "`feint audit`" in some


def test_a_trained_folder_carries_its_card_and_a_copy_what_was_measured_since(project, tmp_path: Path) -> None:
    trained = train(*project)
    own = (trained / DETECTOR / "README.md").read_text(encoding="utf-8")
    assert "## On transcripts that nothing was learnt from" in own
    assert "`feint audit`" in own
    save(trained, tmp_path / "copy", [validated("group")], audited())
    copied = (tmp_path / "copy" / "README.md").read_text(encoding="utf-8")
    assert "## Does it go by shortcuts?" in copied
    assert "## On what was left out of its training" in copied
    for name in ("config.json", "head.safetensors"):
        assert (tmp_path / "copy" / name).read_bytes() == (trained / DETECTOR / name).read_bytes()


@pytest.mark.parametrize(("key", "value"), [("gold", "other"), ("gather", "other"), ("rank", 4)])
def test_only_validations_of_the_same_labels_and_settings_are_taken(tmp_path: Path, key: str, value: Any) -> None:
    store = Store(tmp_path)
    inputs, settings = {"gather": "a", "gold": "b"}, {"rank": 8}

    def made(by: str, inputs: dict[str, str], settings: dict[str, Any], folds: int = 5) -> None:
        params = {"train": settings, "by": by, "folds": folds, "evaluate": {"draws": 50}}
        said = json.dumps(validated(by) | {"folds": folds})
        store.once(
            "validate", lambda at: (at / validate.VALIDATION).write_text(said) and None,
            version=1, params=params, inputs=inputs,
        )  # fmt: skip

    (tmp_path / "trained").mkdir()
    recipe = {"version": 1, "inputs": inputs, "params": {"train": settings}}
    (tmp_path / "trained" / RECIPE).write_text(json.dumps(recipe))
    trained = Artifact(tmp_path / "trained", "digest", fresh=False)
    assert validate.latest(store, trained) == []
    made("voice", inputs, settings)
    made("group", inputs, settings, folds=3)
    made("group", inputs, settings)
    made(
        "dialect",
        inputs | {key: value} if key in inputs else inputs,
        settings | ({} if key in inputs else {key: value}),
    )
    assert [(one["by"], one["folds"]) for one in validate.latest(store, trained)] == [("group", 5), ("voice", 5)]
