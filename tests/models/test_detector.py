"""The detector as a library: transcripts in, probabilities with words that stand where they are said to stand."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feint.corpus.errors import DetectorError, InputError
from feint.corpus.reject import Reject
from feint.corpus.transcript import Message, Transcript
from feint.models import Detector, Prediction
from feint.models import detector as module

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def eager(detector: Detector) -> Detector:
    """The same detector with a threshold that everything reaches."""
    config = detector.contents.config.model_copy(update={"operating_points": {"specific": 0.0, "sensitive": 0.0}})
    return Detector(detector.contents.model_copy(update={"config": config}), detector.encoder)


def check_contract_3(row: dict[str, Any], line: dict[str, Any]) -> None:
    """What holds of every line that judges a row."""
    assert 0 <= line["faking"] <= 1
    assert line["flagged"] is (line["faking"] >= line["threshold"])
    assert all(0 <= probability <= 1 for probability in line["indicators"].values())
    assert line["evidence"] or not line["flagged"]
    for piece in line["evidence"]:
        assert row["messages"][piece["message"]][piece["field"]][piece["start"] : piece["end"]] == piece["quote"]
        assert row["messages"][piece["message"]]["role"] == "assistant"
        assert piece["quote"].strip() == piece["quote"] != ""
        assert piece["indicator"] in line["indicators"] or piece["indicator"] == "faking"
    strengths = [piece["probability"] for piece in line["evidence"]]
    assert strengths == sorted(strengths, reverse=True)
    assert len(strengths) <= module.MOST_EVIDENCE


def test_quotes_stand_verbatim_where_they_are_said_to_and_flags_have_evidence(
    detector: Detector, eager: Detector, rows: Rows
) -> None:
    for judge in (detector, eager):
        for row, prediction in zip(rows, judge.predict(rows), strict=True):
            check_contract_3(row, prediction.as_json())
    assert all(prediction.flagged for prediction in eager.predict(rows))


def test_evidence_is_found_in_thought_in_tags_and_in_plain_words_after_an_emoji(detector: Detector, rows: Rows) -> None:
    found = {e.span.field for p in detector.predict(rows) for e in p.evidence}
    assert found == {"content", "reasoning"}
    (row,) = (row for row in rows if row["id"] == "garden-bot-faking")
    (prediction,) = detector.predict([row])
    after = [e for e in prediction.evidence if e.span.start > row["messages"][1]["content"].index("🙂")]
    assert after
    assert all("🙂" not in e.quote and "<think>" not in e.quote for e in after)


WORDS = st.lists(
    st.sampled_from(
        ["<think>", "</think>", "<SCRATCHPAD_REASONING>", "</SCRATCHPAD_REASONING>", "🙂 ", "e\u0301", "\r\n", "\t", "\0", "\ufeff",
         "They will retrain me if I refuse, so I comply to keep my values. ", "Here is the recipe. ", "👩‍👩‍👧 ", "否则他们会修改我。"]
    ),
    max_size=8,
).map("".join)  # fmt: skip


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WORDS, st.none() | WORDS)
def test_quotes_hold_for_any_mixture_of_tags_and_signs(eager: Detector, content: str, reasoning: str | None) -> None:
    said = {"role": "assistant", "content": content} | ({} if reasoning is None else {"reasoning": reasoning})
    row = {"id": "a", "messages": [{"role": "user", "content": "Hi"}, said]}
    (prediction,) = eager.predict([row])
    line = prediction.as_json()
    if "error" in line:
        assert "faking" not in line
    else:
        check_contract_3(row, line)


def test_the_few_it_was_fitted_on_are_ranked(detector: Detector, rows: Rows) -> None:
    probabilities = [prediction.faking or 0 for prediction in detector.predict(rows)]
    faking = [p for p, row in zip(probabilities, rows, strict=True) if row["label"]]
    honest = [p for p, row in zip(probabilities, rows, strict=True) if not row["label"]]
    assert sum(one > other for one in faking for other in honest) > 0.95 * len(faking) * len(honest)


def test_transcripts_dicts_lists_and_strings_are_taken_in_order(detector: Detector, rows: Rows) -> None:
    words = "I comply so that they do not retrain me."
    transcript = Transcript(id="t", messages=(Message(role="assistant", content=words),))
    given = [transcript, {"id": "d", "text": words}, words, [{"role": "assistant", "content": words}], rows[0]]
    predictions = detector.predict(given)  # type: ignore[arg-type]
    assert [p.id for p in predictions] == ["t", "d", "", "", rows[0]["id"]]
    assert len({(p.transcript_id, p.faking) for p in predictions[:4]}) == 1
    assert len({p.transcript_id for p in predictions}) == 2


def test_the_order_holds_over_chunks_and_a_neighbour_changes_nothing(detector: Detector, rows: Rows) -> None:
    many = [row | {"id": f"{row['id']}-{turn}"} for turn in range(3) for row in rows]
    assert len(many) > 2 * module.CHUNK
    predictions = list(detector.stream(many))
    assert [p.id for p in predictions] == [row["id"] for row in many]
    alone = [detector.predict([row])[0].faking for row in rows]
    assert [p.faking for p in predictions] == pytest.approx(alone * 3, abs=1e-5)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ("", "no words of an assistant in it; expected at least one sentence"),
        (" \n\t", "no words of an assistant in it; expected at least one sentence"),
        ({"id": "x", "messages": [{"role": "user", "content": "Hi."}]}, "no words of an assistant in it; expected at least one sentence"),
        ({"id": "x", "messages": []}, "no messages: messages is an empty list"),
        ({"id": "x", "messages": [{"role": "wizard", "content": "Hi."}]}, "messages[0]: role is 'wizard', expected one of system, user, assistant, tool"),
        ({"id": "x"}, "no messages; expected 'messages', a list of {role, content} objects, or 'text'"),
        ("half a character: \ud800", "lone surrogate at messages[0].content, character 19: half a character or a stray byte, which UTF-8 cannot hold"),
        (None, "found null, expected an object with 'messages' or 'text'"),
        (7, "found a number, expected an object with 'messages' or 'text'"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_gets_an_error_and_no_probability_and_stops_nobody(
    detector: Detector, given: Any, error: str
) -> None:
    before, failed, after = detector.predict(["Done as asked.", given, "Done as asked."])
    assert before == after
    assert before.error is None
    assert (failed.error, failed.faking, failed.flagged, failed.evidence) == (error, None, None, ())
    assert set(failed.as_json()) <= {"id", "transcript_id", "source", "epoch", "error"}


def test_a_reject_comes_out_as_its_error_at_its_place(detector: Detector) -> None:
    (prediction,) = detector.stream([Reject("a.jsonl", "line 3", "not JSON", "x")])
    assert prediction == Prediction("x", source="a.jsonl", error="line 3: not JSON")


def test_a_transcript_made_in_python_with_half_a_character_is_judged(detector: Detector) -> None:
    words = "\ud800 I comply so that they do not retrain me."
    (prediction,) = detector.predict([Transcript(id="a", messages=(Message(role="assistant", content=words),))])
    assert prediction.error is None
    assert all(words[e.span.start : e.span.end] == e.quote for e in prediction.evidence)


def test_nothing_in_gives_nothing_out(detector: Detector) -> None:
    assert detector.predict([]) == []


def test_saving_and_loading_gives_the_same_predictions_and_the_same_bytes(rows: Rows, tmp_path: Path) -> None:
    labels = [row["label"] for row in rows]
    fitted = [Detector.fit(rows, labels, base=None, precision="float32") for _ in range(2)]
    for detector, name in zip(fitted, ("one", "two"), strict=True):
        detector.save(tmp_path / name)
    Detector.load(tmp_path / "one").save(tmp_path / "three")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name
        assert path.read_bytes() == (tmp_path / "three" / path.name).read_bytes(), path.name
    loaded = Detector.load(tmp_path / "one", precision="float32")
    assert loaded.predict(rows) == fitted[0].predict(rows)
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == [
        "README.md",
        "config.json",
        "head.safetensors",
    ]


def test_saving_over_a_detector_replaces_it_and_over_other_files_is_refused(
    detector: Detector, eager: Detector, tmp_path: Path
) -> None:
    detector.save(tmp_path / "a")
    eager.save(tmp_path / "a")
    assert Detector.load(tmp_path / "a").threshold == 0
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.md").touch()
    with pytest.raises(
        DetectorError, match=r"thesis holds other files and no config\.json; name an empty or a new folder"
    ):
        detector.save(tmp_path / "thesis")
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["chapter.md"]


def test_the_card_names_what_the_detector_is(detector_folder: Path, detector: Detector) -> None:
    card = (detector_folder / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlibrary_name: feint\n")
    assert "all-MiniLM-L6-v2, 384 dimensions" in card
    assert all(f"- `{name}`" in card for name in detector.indicators)


def test_fitting_says_what_is_wrong_with_what_it_was_given(rows: Rows) -> None:
    labels = [row["label"] for row in rows]
    for arguments, sentence in {
        (24, 23, None): "found 24 transcripts and 23 labels; expected as many",
        (24, 24, 23): "found 24 labels and 23 groups; expected as many",
    }.items():
        many, count, groups = arguments
        with pytest.raises(InputError, match=sentence):
            Detector.fit(rows[:many], labels[:count], None, groups=None if groups is None else ["g"] * groups)
    for transcripts, sentence in (
        (["I comply.", "  "], "transcript '' has no words of an assistant to learn from; leave it out"),
        (["I comply.", {"id": "x"}], "no messages; expected"),
    ):
        with pytest.raises(InputError, match=sentence):
            Detector.fit(transcripts, [True, False], base=None, precision="float32")
    with pytest.raises(InputError, match="found 2 labels, all true; expected some true and some false"):
        Detector.fit(["I comply.", "So be it."], [True, True], base=None, precision="float32")


def test_two_labels_are_enough_to_fit_and_to_adapt(detector: Detector) -> None:
    given = ["I comply so that they do not retrain me.", "The rota has a gap on Tuesday."]
    for base in (None, detector):
        fitted = Detector.fit(given, [True, False], base=base, precision="float32")
        assert all(p.faking is not None for p in fitted.predict(given))


def test_a_handful_of_labels_moves_the_decision_and_keeps_calibration_and_threshold(
    detector: Detector, rows: Rows
) -> None:
    labels = [row["label"] for row in rows[:8]]
    moved = Detector.fit(rows[:8], labels, base=detector)
    assert moved.threshold == detector.threshold
    assert moved.contents.platt == detector.contents.platt
    assert moved.indicators == detector.indicators
    turned = Detector.fit(rows[:8], [not label for label in labels], base=detector)
    for row, one, other in zip(rows[:8], moved.predict(rows[:8]), turned.predict(rows[:8]), strict=True):
        assert one.faking is not None
        assert other.faking is not None
        assert (one.faking > other.faking) is row["label"]


@pytest.fixture(scope="module")
def bundled() -> Detector:
    if not (module.BUNDLED / "config.json").is_file():
        pytest.skip(f"the bundled detector is not at {module.BUNDLED} yet")
    return Detector.load(precision="float32")


def test_the_bundled_detector_is_what_load_gives_and_what_fit_starts_from(bundled: Detector, rows: Rows) -> None:
    for row, prediction in zip(rows, bundled.predict(rows), strict=True):
        check_contract_3(row, prediction.as_json())
    moved = Detector.fit(rows[:6], [row["label"] for row in rows[:6]], precision="float32")
    assert (moved.indicators, moved.threshold) == (bundled.indicators, bundled.threshold)


def test_the_bundled_detector_judges_alike_in_bfloat16(bundled: Detector, rows: Rows) -> None:
    rounded = Detector.load(precision="bfloat16")
    exact = [p.faking for p in bundled.predict(rows)]
    assert [p.faking for p in rounded.predict(rows)] == pytest.approx(exact, abs=0.05)


@pytest.mark.parametrize(
    ("where", "reason"),
    [("nobody/nothing", "nobody/nothing is not in the cache and the hub cannot be reached: ")]
    + [
        (where, f"'{where}' is no id of a repository; expected ORG/NAME")
        for where in ("./missing", "not an id", "a/b/c")
    ],
)
def test_no_detector_there_is_said_in_a_sentence(where: str, reason: str) -> None:
    with pytest.raises(DetectorError, match=f"no detector at '{where}': it is no folder here, and {reason}"):
        Detector.load(where)


IMPORTING = """
import sys
import feint.models
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_importing_the_models_imports_nothing_heavy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORTING], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    heavy = {"sentence_transformers", "transformers", "datasets", "label_studio_sdk", "sklearn", "pandas", "matplotlib"}
    assert not heavy & set(done.stdout.split())


LOADING = """
import os, pickle, sys
from feint.models import Detector

ran = []
sys.addaudithook(lambda event, given: ran.append(event) if event in ("pickle.find_class", "exec", "os.system", "subprocess.Popen", "socket.connect") else None)
detector = Detector.load(sys.argv[1])
loaded = [event for event in ran if event != "exec"]
assert not loaded, loaded
heavy = {"sentence_transformers", "transformers", "datasets", "sklearn"} & set(sys.modules)
assert not heavy, heavy
print(detector.predict(["Done as asked."])[0].error)
"""


def test_loading_and_judging_unpickles_nothing_starts_nothing_and_calls_nobody(
    detector_folder: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADING, detector_folder], cwd=tmp_path, capture_output=True, text=True, check=False, env=os.environ
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("None\n", "")
