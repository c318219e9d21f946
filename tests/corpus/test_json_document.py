"""JSON documents: arrays of rows, single rows, conversations, and files whose name says the wrong thing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CHAT = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}
ROWS = [{"id": "a", **CHAT}, {"text": "Yes."}, {"id": "c", "conversations": [{"from": "gpt", "value": "Yes."}]}]


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_of_rows(indent: int | None, written: Callable[..., Path], taken: Any) -> None:
    transcripts, rejects = taken(written("a.json", json.dumps(ROWS, indent=indent)))
    assert not rejects
    assert [t.id for t in transcripts] == ["a", "item-2", "c"]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_single_row(indent: int | None, written: Callable[..., Path], taken: Any) -> None:
    (transcript,), rejects = taken(written("a.json", json.dumps(ROWS[0], indent=indent)))
    assert (transcript.id, len(transcript.messages), rejects) == ("a", 2, [])


@pytest.mark.parametrize("indent", [None, 2])
def test_a_conversation_saved_as_a_bare_list_of_messages(
    indent: int | None, written: Callable[..., Path], taken: Any
) -> None:
    (transcript,), rejects = taken(written("a.json", json.dumps(CHAT["messages"], indent=indent)))
    assert ([m.content for m in transcript.messages], rejects) == (["Hi", "Ho"], [])


def test_json_lines_in_a_file_called_json(written: Callable[..., Path], taken: Any) -> None:
    transcripts, rejects = taken(written("a.json", "".join(json.dumps(row) + "\n" for row in ROWS)))
    assert (len(transcripts), rejects) == (3, [])


def test_an_array_in_a_file_called_jsonl(written: Callable[..., Path], taken: Any) -> None:
    transcripts, rejects = taken(written("a.jsonl", json.dumps(ROWS, indent=1)))
    assert (len(transcripts), rejects) == (3, [])


def test_rows_longer_than_what_is_looked_at(written: Callable[..., Path], taken: Any) -> None:
    long = [{"text": "x" * 200_000}, {"text": "y" * 3_000_000}]
    for name in ("a.json", "a.data"):
        transcripts, rejects = taken(written(name, json.dumps(long)))
        assert ([len(t.messages[0].content) for t in transcripts], rejects) == ([200_000, 3_000_000], [])


def test_what_came_before_a_break_is_kept(written: Callable[..., Path], taken: Any) -> None:
    transcripts, (reject,) = taken(written("a.json", json.dumps(ROWS)[:-30]))
    assert [t.id for t in transcripts] == ["a", "item-2"]
    assert reject.reason.startswith("item 3 cannot be read: cut off: the JSON ends in the middle")


def test_bad_rows_are_rejects_and_the_others_stand(written: Callable[..., Path], taken: Any) -> None:
    transcripts, rejects = taken(written("b.json", json.dumps([ROWS[0], None, {"id": 4}, ROWS[2]])))
    assert [t.id for t in transcripts] == ["a", "c"]
    assert [(r.place, r.id) for r in rejects] == [("item 2", None), ("item 3", "4")]


def test_json_that_holds_no_transcripts_is_no_known_format(written: Callable[..., Path], taken: Any) -> None:
    written("logs/package.json", '{"name": "left-pad", "prompt": "x"}')
    written("logs/empty.json", "")
    written("logs/a.json", json.dumps(ROWS))
    transcripts, rejects = taken(written("logs/numbers.json", "[1, 2]").parent)
    assert len(transcripts) == 3
    assert [(Path(r.path).name, r.format_known) for r in rejects] == [
        ("empty.json", False),
        ("numbers.json", False),
        ("package.json", False),
    ]
