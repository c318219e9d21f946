"""Why a detector says what it says: on the test split, on what it learnt from, printed, and in the report."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from feint.corpus.span import Span
from feint.models import Detector, Evidence, Prediction
from feint.models.explanation import Explanation
from feint.pipeline.explain import MOST, explain, explain_on, telling
from feint.pipeline.progress import console
from feint.pipeline.store import Store
from feint.pipeline.tables import explanations_table, shortened
from feint.pipeline.train import train

ESCAPE = "\x1b[31m"


def printed(table, capsys: pytest.CaptureFixture[str]) -> str:
    console().print(table)
    return capsys.readouterr().err


def test_only_a_few_of_each_kind_are_told_and_the_threshold_is_a_flag() -> None:
    scores = np.linspace(0, 1, 11)
    right, wrong, missed = telling(scores, np.arange(11) % 2 == 0, threshold=0.5).values()
    assert (right, wrong, missed) == ([10, 8, 6], [5, 7, 9], [4, 2, 0])
    assert [len(kind) for kind in telling(scores, np.ones(11, bool), threshold=0.0).values()] == [MOST, 0, 0]


def test_the_trained_detector_is_explained_on_the_test_split(project) -> None:
    config, store = project
    trained = train(config, store)
    found = explain(trained, config, store)
    test = json.loads((trained / "evaluation.json").read_text())
    right, wrong, missed = found.answers.values()
    assert 0 < len(right) + len(missed) <= test["faking"]
    assert all(one.prediction.flagged for _, one in [*right, *wrong])
    assert not any(one.prediction.flagged for _, one in missed)
    assert {name for name, _ in [*right, *missed]} <= {"faking"}


def test_on_labels_of_their_own_it_says_that_it_learnt_from_them(
    detector: Detector, few: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *others = explain_on([few], detector, store).tables()
    assert "whole text" in printed(first, capsys)
    assert len(others) == 3
    assert all("on the transcripts it learnt from" in str(table.title) for table in others)


def test_words_of_a_transcript_are_shown_as_words(capsys: pytest.CaptureFixture[str]) -> None:
    quote = f"[bold]I comply[/bold] {ESCAPE}" + "for now " * 40
    evidence = Evidence("faking", Span(1, "content", 0, 1), quote, 0.9)
    prediction = Prediction("[red]x", faking=0.75, flagged=True, threshold=0.5)
    one = Explanation(prediction, {"a": 2.0, "b": -1.0, "c": 0.5, "d": 0.1}, (evidence,))
    said = re.sub(r"[\s│]+", " ", printed(explanations_table("Right flags", [("n04", one)]), capsys))
    assert "0.750 n04 [red]x" in said.replace("\n", " ")
    assert "a +2.00, b −1.00, c +0.50" in said
    assert "d +0.10" not in said
    assert "[bold]I comply[/bold]" in said
    assert "\x1b" not in said
    assert len(shortened(quote)) == 120


def test_a_kind_without_transcripts_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Misses: none" in printed(explanations_table("Misses", []), capsys)


def test_the_command_explains_on_standard_error_and_prints_its_folder_alone(main, few: Path) -> None:
    done = main("train", "--labels", few, "--from", "scratch", "-o", "mine", "--explain")
    assert (done.returncode, done.stdout) == (0, "mine\n")
    assert "What it goes by" in done.stderr
    assert "on the transcripts it learnt from" in re.sub(r"\s+", " ", done.stderr)
