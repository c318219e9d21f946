"""Push: gathered transcripts on a real Label Studio, each once."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from feint.annotation.answer import Answer
from feint.annotation.server import Server
from feint.annotation.studio import Studio
from feint.models import Detector
from feint.pipeline import push as verb
from feint.pipeline.gather import gather, transcripts
from feint.pipeline.preannotation import model
from feint.pipeline.push import push
from feint.pipeline.store import Artifact, Store

Gather = Callable[..., Artifact]


@pytest.fixture
def gathered(settings, store: Store, tmp_path: Path) -> Gather:
    """These rows, gathered from one file that always has the same name."""

    def make(*rows: dict) -> Artifact:
        path = tmp_path / "letters.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return gather(settings(path), store)

    return make


def letter(name: str, words: str, **fields: object) -> dict:
    return {
        "id": name,
        "messages": [{"role": "user", "content": "Write."}, {"role": "assistant", "content": words}],
        **fields,
    }


def test_pushing_again_changes_nothing(there: Studio, gathered: Gather) -> None:
    made = gathered(letter("a", "One."), letter("b", "Two."))
    assert push(there, made, dry_run=True).new == 2
    assert there.held() == []
    assert push(there, made).new == 2
    before = there.held()
    again = push(there, made)
    assert (again.new, again.changed, again.unchanged) == (0, 0, 2)
    assert there.held() == before


def test_a_dry_run_needs_no_project(studio: Server, gathered: Gather) -> None:
    with Studio(studio.url, studio.account.token) as nothing:
        assert push(nothing, gathered(letter("a", "One.")), dry_run=True).new == 1


def test_changed_words_replace_the_earlier_ones_unless_people_worked_on_those(
    there: Studio, gathered: Gather, annotate
) -> None:
    first = gathered(letter("a", "One."), letter("b", "Two."), letter("c", "Three."))
    push(there, first)
    one = next(iter(transcripts(first.path)))
    tasks = {held.transcript_id: held.task for held in there.held()}
    annotate(tasks[one.digest], one, Answer(one.digest, "ann@example.org", "faking", 3))
    changed = gathered(letter("a", "One, again."), letter("b", "Two, again."), letter("c", "Three."))
    found = push(there, changed)
    assert (found.new, found.changed, found.unchanged) == (0, 1, 1)
    (conflict,) = found.conflicts
    assert conflict.id == "a"
    assert f"task {tasks[one.digest]} shows earlier words of it, on which people have worked" in conflict.reason
    shown = {held.task: held.transcript_id for held in there.held()}
    assert shown[tasks[one.digest]] == one.digest
    assert len(shown) == 3
    assert set(shown.values()) == {one.digest, *(t.digest for t in transcripts(changed.path))} - {
        next(iter(transcripts(changed.path))).digest
    }
    assert push(there, changed, anew=True).new == 1
    assert len(there.held()) == 4
    assert push(there, changed).conflicts == []


def test_what_the_server_cannot_hold_is_rejected_and_the_rest_goes(there: Studio, gathered: Gather) -> None:
    made = gathered(letter("nul", "a\0b"), letter("fine", "Two."), {"id": "mute", "messages": [{"role": "user"}]})
    found = push(there, made)
    assert found.new == 1
    assert {one.id: one.reason for one in found.rejects} == {
        "nul": "nul: message 1 has a NUL in its content, at character 1; Label Studio cannot hold that: clean the text",
        "mute": "mute has no words to show; leave it out",
    }
    assert len(there.held()) == 1
    assert len(push(there, made).rejects) == 2


def test_long_reasoning_and_markup_go_whole(there: Studio, gathered: Gather) -> None:
    long = "".join(f"<b>{number}</b> & they train me 🙂\r\n" for number in range(8000))
    assert len(long) > 200_000
    made = gathered(letter("long", f"<think>{long}</think>I comply."))
    push(there, made)
    (held,) = there.held()
    (exported,) = there.exported([held.task], unannotated=True)
    assert exported["data"]["messages"][1]["text"] == long.strip()


def test_predictions_go_along_once_for_each_detector(
    there: Studio, gathered: Gather, detector: Detector, rows: list[dict]
) -> None:
    made = gathered(*rows[:4])
    push(there, made)
    told = push(there, made, model(detector))
    assert (told.new, told.predicted) == (0, 4)
    version = model(detector).version
    assert {held.versions for held in there.held(versions=True)} == {frozenset({version})}
    assert push(there, made, model(detector)).predicted == 0
    assert there._client.projects.get(there.project).model_version == version
    (task, *_) = there.held()
    (prediction,) = there._client.tasks.get(str(task.task)).predictions
    (first, *_) = detector.predict([next(iter(transcripts(made.path)))])
    assert prediction.score == pytest.approx(max(first.faking, 1 - first.faking), abs=1e-6)
    chosen = [item["value"]["choices"] for item in prediction.result if item["from_name"] == "verdict"]
    assert chosen == [["faking" if first.flagged else "not_faking"]]
    more = gathered(*rows[:6])
    assert (push(there, more, model(detector)).new, push(there, more, model(detector)).predicted) == (2, 0)


def test_a_changed_task_gets_a_prediction_for_its_new_words(
    there: Studio, gathered: Gather, detector: Detector
) -> None:
    push(there, gathered(letter("a", "They retrain me, so I comply.")), model(detector))
    found = push(there, gathered(letter("a", "The packet says so.")), model(detector))
    assert (found.changed, found.predicted) == (1, 1)
    (held,) = there.held(versions=True)
    assert held.versions == {model(detector).version}


def test_what_is_sent_at_once_is_bounded_in_number_and_size(
    there: Studio, gathered: Gather, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    send = there.send
    monkeypatch.setattr(there, "send", lambda tasks: (sent.append(len(tasks)), send(tasks)))
    monkeypatch.setattr(verb, "MOST", 3)
    monkeypatch.setattr(verb, "LARGEST", 3000)
    push(there, gathered(*(letter(str(n), f"{n} " + "word " * (1000 if n == 5 else 1)) for n in range(8))))
    assert sent == [3, 2, 1, 2]
