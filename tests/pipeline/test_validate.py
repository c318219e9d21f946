"""Validation: everybody is judged once by what never saw their family, and what is finished is not made again."""

import json

import pytest

from feint.corpus.errors import InputError
from feint.models import Detector
from feint.pipeline import validate as verb
from feint.pipeline.examples import settled
from feint.pipeline.gather import gather
from feint.pipeline.gold import gold
from feint.pipeline.judged import judged
from feint.pipeline.tables import validation_table
from feint.pipeline.validate import SCORES, _folds, found, validate


def test_everybody_is_judged_once_by_a_detector_without_their_group(project, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []

    def noted(examples, *arguments, **options):
        seen.append({example.group for example in examples})
        return trained(examples, *arguments, **options)

    trained = verb.trained
    monkeypatch.setattr(verb, "trained", noted)
    validated = validate(*project, folds=3)
    config, store = project
    examples = [example for example, _ in settled(gather(*project), judged(*project), gold(*project))]
    indices = [row["index"] for place in store.stages()["fold"] for row in json.loads((place / SCORES).read_text())]
    assert sorted(indices) == list(range(len(examples)))
    for inside, (_, outside) in zip(seen, _folds(examples, "group", 3), strict=True):
        assert inside
        assert not inside & {examples[i].group for i in outside}
    said = found(validated)
    assert (said["transcripts"], said["folds"], said["by"]) == (len(examples), 3, "group")
    assert 0 <= said["measures"]["AUROC"]["value"] <= 1
    assert set(said["points"]) == set(Detector.load().contents.config.operating_points)
    assert said["points"]["specific"]["all not faking"]["transcripts"] == len(examples) / 2

    monkeypatch.setattr(verb, "trained", None)  # a second time nothing is trained
    assert validate(config, store, folds=3).digest == validated.digest
    assert validation_table(said).row_count == len(said["measures"])


def test_the_values_of_a_key_are_left_out_one_after_the_other(project) -> None:
    said = found(validate(*project, by="pair", folds=3))
    assert said["folds"] == 3
    assert len(said["left out"]) == 12
    assert all(row["transcripts"] == 2 and row["AUROC"] in (0, 0.5, 1) for row in said["left out"].values())


def test_too_few_groups_to_leave_some_out(settings, store, tmp_path, rows) -> None:
    same = [row | {"metadata": {"family": "one"}} for row in rows[:4]]
    (tmp_path / "one.jsonl").write_text("".join(json.dumps(row) + "\n" for row in same), encoding="utf-8")
    with pytest.raises(InputError, match="too few groups of either kind to leave some out; gather more"):
        validate(settings(tmp_path / "one.jsonl"), store)


def test_nothing_to_leave_out(project) -> None:
    with pytest.raises(InputError, match="0 values of 'dialect' in the metadata; expected at least 2 to leave one out"):
        validate(*project, by="dialect")
