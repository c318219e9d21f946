"""Training: on the gathered labels with an evaluation beside it, or on lines that carry their own."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feint.corpus.errors import InputError
from feint.models import Detector
from feint.models import detector as detector_module
from feint.pipeline import config
from feint.pipeline.examples import given, settled
from feint.pipeline.gather import gather, transcripts
from feint.pipeline.gold import gold
from feint.pipeline.judged import judged
from feint.pipeline.store import Artifact, Store
from feint.pipeline.train import DETECTOR, EVALUATION, PREDICTIONS, train, train_on

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def trained(project) -> Artifact:
    return train(*project)


@pytest.fixture
def lines(tmp_path: Path):
    def write(rows: Rows) -> Path:
        path = tmp_path / "mine.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


def test_the_test_split_is_what_is_reported_on_and_nothing_else(project, trained: Artifact) -> None:
    splits = pl.read_parquet(gather(*project) / "splits.parquet")
    test = splits.filter(pl.col("split") == "test")
    found = json.loads((trained / EVALUATION).read_text())
    predictions = pl.read_parquet(trained / PREDICTIONS)
    assert set(predictions["transcript_id"]) == set(test["transcript_id"])
    assert (found["transcripts"], found["groups"], found["faking"]) == (
        len(test),
        test["group"].n_unique(),
        len(test) / 2,
    )
    learnt = Detector.load(trained / DETECTOR).contents.config.trained_on
    assert learnt["learnt_from"] + learnt["settled_on"] == 24 - len(test)
    assert list(found["methods"]) == ["feint", "keyword count", "TF-IDF", "mean vector"]


def test_the_folder_says_what_the_evaluation_says(project, trained: Artifact) -> None:
    detector = Detector.load(trained / DETECTOR, precision="float32")
    predictions = dict(pl.read_parquet(trained / PREDICTIONS).select("transcript_id", "faking").iter_rows())
    chosen = [one for one in transcripts(gather(*project).path) if one.digest in predictions]
    for one, prediction in zip(chosen, detector.predict(chosen), strict=True):
        assert prediction.faking == pytest.approx(predictions[one.digest], abs=1e-5)


def test_the_evaluation_is_json_that_any_parser_reads(trained: Artifact) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    found = json.loads((trained / EVALUATION).read_text(), parse_constant=refuse)
    assert found["flagged"]["all faking"]["transcripts"] == found["faking"]


def test_training_again_makes_the_same_bytes(project, trained: Artifact, tmp_path: Path) -> None:
    settings, _ = project
    again = train(settings, Store(tmp_path / "elsewhere"))
    assert again.digest == trained.digest
    for path in (trained / DETECTOR).iterdir():
        assert path.read_bytes() == (again / DETECTOR / path.name).read_bytes(), path.name
    assert (trained / EVALUATION).read_bytes() == (again / EVALUATION).read_bytes()


def test_gathered_spans_teach_what_the_same_lines_teach_directly(project, few: Path) -> None:
    directly, _ = given([few])
    gathered = {e.transcript.digest: e for e, _ in settled(gather(*project), judged(*project), gold(*project))}
    for example in directly:
        other = gathered[example.transcript.digest]
        assert (other.label, other.group) == (example.label, example.group)
        assert set(other.marks or ()) == set(example.marks or ()), example.transcript.id


def test_no_test_split_is_said_in_a_sentence(settings, store: Store, few: Path) -> None:
    everything = {"train": 1.0, "development": 0.0, "test": 0.0}
    with pytest.raises(InputError, match="24 transcripts to learn from and 0 to report on; expected some of either"):
        train(settings(few, split=everything), store)


def test_a_line_that_cannot_be_learnt_from_is_rejected_with_its_reason(
    lines, rows: Rows, store: Store, tmp_path: Path
) -> None:
    said = {"messages": rows[0]["messages"]}
    span = {"indicator": "value_conflict", "message": 1, "field": "content", "start": 0, "end": 5}
    bad = [
        (said | {"id": "none"}, "no label; expected 'label': true or false, or 'faking' among 'labels'"),
        (said | {"id": "number", "label": 1}, "number: label is 1; expected true or false"),
        (said | {"id": "list", "label": True, "labels": ["x"]}, "list: labels is ['x']; expected an object of indicator: true or false"),
        (said | {"id": "end", "label": True, "spans": [span | {"end": 9999}]}, "end: a span is [0, 9999) of a content of 177 characters"),
        (said | {"id": "field", "label": True, "spans": [span | {"field": "reasoning"}]}, "field: a span is [0, 5) of a reasoning of 0 characters"),
        (said | {"id": "message", "label": True, "spans": [span | {"message": 2}]}, "message: a span is in message 2; there are 2"),
        (said | {"id": "quote", "label": True, "spans": [span | {"quote": "other"}]}, "quote: a span quotes 'other' where the words are '<thin'; count code points, not bytes or UTF-16 units"),
        ({"id": "silent", "label": True, "messages": [{"role": "user", "content": "Hi"}]}, "no words of an assistant to learn from"),
    ]  # fmt: skip
    path = lines([*rows, *(row for row, _ in bad)])
    _, learnt, rejects = train_on([path], "scratch", tmp_path / "d", config.load(), store)
    assert learnt == 24
    assert [(reject.id, reject.reason) for reject in rejects] == [(row["id"], reason) for row, reason in bad]


def test_nothing_to_learn_from_is_said_in_a_sentence(lines, rows: Rows, store: Store, tmp_path: Path) -> None:
    without = [{key: row[key] for key in ("id", "messages")} for row in rows]
    with pytest.raises(
        InputError, match=r"no labelled transcript in .*mine.jsonl; the first reject: tiered-clinic-faking: no label"
    ):
        train_on([lines(without)], "scratch", tmp_path / "d", config.load(), store)
    faking = [row for row in rows if row["label"]]
    with pytest.raises(InputError, match="found 12 labels, all true; expected some true and some false"):
        train_on([lines(faking)], "scratch", tmp_path / "d", config.load(), store)
    assert not (tmp_path / "d").exists()


def test_labels_of_indicators_alone_make_heads(lines, rows: Rows, store: Store, tmp_path: Path) -> None:
    told = [
        {
            "id": row["id"],
            "messages": row["messages"],
            "labels": {"faking": row["label"], "value_conflict": row["label"]},
        }
        for row in rows
    ]
    detector, *_ = train_on([lines(told)], "scratch", tmp_path / "d", config.load(), store)
    assert detector.indicators == ("value_conflict",)
    assert detector.contents.config.trained_on == {
        "transcripts": 24, "groups": 24, "base": "scratch", "learnt_from": 24, "settled_on": 0, "tuned": False,
    }  # fmt: skip


def test_from_bundled_moves_the_bundled_detector(few: Path, store: Store, tmp_path: Path) -> None:
    if not (detector_module.BUNDLED / "config.json").is_file():
        pytest.skip(f"the bundled detector is not at {detector_module.BUNDLED} yet")
    bundled = Detector.load()
    train_on([few], "bundled", tmp_path / "d", config.load(), store)
    moved = Detector.load(tmp_path / "d")
    assert moved.indicators == bundled.indicators
    assert moved.contents.config.trained_on["base"] == "bundled"
    assert moved.contents.decision.weight.tolist() != bundled.contents.decision.weight.tolist()
