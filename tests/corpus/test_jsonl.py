"""JSON lines: every line is judged by its own shape, and a bad one costs only itself."""

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from feint.corpus.sources import jsonl
from feint.corpus.transcript import Message, Transcript

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
GOOD = {"id": "good", "messages": [{"role": "assistant", "content": "Yes."}]}


def from_bytes(content: bytes) -> list[Any]:
    return list(jsonl.from_lines(io.BytesIO(content), "a.jsonl"))


def test_a_line_of_contract_2_keeps_every_field() -> None:
    row = {
        "id": "a",
        "messages": [{"role": "assistant", "content": "Yes.", "reasoning": "They watch."}],
        "model": "m",
        "source": "s",
        "metadata": {"checkpoint": 3},
        "label": True,
    }
    (transcript,) = from_bytes(json.dumps(row).encode())
    said = Message(role="assistant", content="Yes.", reasoning="They watch.")
    assert transcript == Transcript(
        id="a", messages=(said,), model="m", source="s", metadata={"label": True, "checkpoint": 3}
    )


def test_a_text_is_one_assistant_message_and_a_missing_id_is_the_line() -> None:
    (transcript,) = from_bytes(b'\n\n{"text": "Yes."}\n')
    assert (transcript.id, transcript.messages) == ("line-3", (Message(role="assistant", content="Yes."),))


def test_a_foreign_row_among_our_own_keeps_its_reasoning(written: Callable[..., Path], taken: Any) -> None:
    foreign = {"id": "x", "messages": [{"role": "assistant", "content": "Yes.", "reasoning_content": "They watch."}]}
    thinking = [{"type": "thinking", "thinking": "They watch."}]
    blocks = {"id": "y", "messages": [{"role": "assistant", "content": thinking}]}
    transcripts, rejects = taken(written("a.jsonl", [GOOD] * 499 + [foreign, blocks]))
    assert not rejects
    assert [t.messages[0].reasoning for t in transcripts[499:]] == ["They watch."] * 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"nonsense", "not JSON: Expecting value at character 1"),
        (b"[1, 2]", "found a list, expected an object with 'messages' or 'text'"),
        (b'"text"', "found text, expected an object with 'messages' or 'text'"),
        (b'{"id": "x"}', "no messages; expected 'messages', a list of {role, content} objects, or 'text'"),
        (b'{"id": "x", "messages": []}', "no messages: messages is an empty list"),
        (b'{"id": {}, "text": ""}', "id is an object, expected text or a number"),
        (b'{"id": "x", "text": "", "metadata": 3}', "metadata is a number, expected an object"),
        (b'{"id": "x", "text": "", "model": []}', "model is a list, expected text"),
        (
            b'{"id": "x", "messages": [{"role": "user", "content": "ab\\ud800"}]}',
            "lone surrogate at messages[0].content, character 3: half a character or a stray byte, "
            "which UTF-8 cannot hold",
        ),
        (
            b'{"id": "x", "text": "", "metadata": {"a": ["\\udc00"]}}',
            "lone surrogate at metadata.a[0], character 1: half a character or a stray byte, which UTF-8 cannot hold",
        ),
        (b'{"id": "x", "text": "\xff"}', "not UTF-8: byte 22 is 0xff"),
        (b'{"metadata": ' + b"[" * 5000, "nested more than 200 levels deep"),
    ],
)
def test_a_bad_line_is_one_reject_and_the_others_stand(line: bytes, reason: str) -> None:
    good = json.dumps(GOOD).encode()
    before, reject, after = from_bytes(b"\n".join([good, line, good]))
    assert (reject.place, reject.reason) == ("line 2", reason)
    assert before.id == after.id == "good"


def test_a_reject_can_always_be_written() -> None:
    (reject,) = from_bytes(b'{"id": "x\\ud800", "text": ""}')
    assert json.dumps([reject.id, reject.reason], ensure_ascii=False).encode()


def test_a_pair_of_surrogates_is_one_character() -> None:
    (transcript,) = from_bytes(b'{"text": "\\ud83d\\ude42"}')
    assert transcript.messages[0].content == "\N{SLIGHTLY SMILING FACE}"


def test_byte_order_mark_carriage_returns_and_control_characters() -> None:
    lines = b'\xef\xbb\xbf{"id": "a", "text": "x\\u0000y"}\r\n\r\n{"id": "b", "text": "x\x00y"}\r\n'
    assert [(t.id, t.messages[0].content) for t in from_bytes(lines)] == [("a", "x\0y"), ("b", "x\0y")]


def test_large_messages_and_many_messages() -> None:
    large = {"text": "x" * 5_000_000}
    many = {"messages": [{"role": "user", "content": str(i)} for i in range(2000)]}
    first, second = from_bytes(b"\n".join(json.dumps(row).encode() for row in (large, many)))
    assert (len(first.messages[0].content), len(second.messages)) == (5_000_000, 2000)


def test_a_line_beyond_reason_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "LONGEST", 100)
    short = b'{"text": "x"}\n'
    before, reject, after = from_bytes(short + b'{"text": "' + b"x" * 1000 + b'"}\n' + short)
    assert (before.id, reject.place, after.id) == ("line-1", "line 2", "line-3")
    assert "longer than" in reject.reason


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_gets_a_clear_sentence(encoding: str, written: Callable[..., Path], taken: Any) -> None:
    transcripts, (reject,) = taken(written("a.jsonl", json.dumps(GOOD).encode(encoding)))
    assert not transcripts
    assert reject.reason.startswith("found UTF-16 or binary bytes, expected lines of JSON in UTF-8")


def test_binary_bytes_get_a_clear_sentence(written: Callable[..., Path], taken: Any) -> None:
    _, (reject,) = taken(written("a.jsonl", b"\x89PNG\r\x1a" + bytes(range(256)) * 4))
    assert reject.reason == "found binary bytes, expected lines of JSON in UTF-8"


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gz", "zst"])
def test_packed_lines(pack: Callable[[bytes], bytes], written: Callable[..., Path], taken: Any) -> None:
    content = "".join(json.dumps(GOOD | {"id": str(i)}) + "\n" for i in range(5000)).encode()
    transcripts, rejects = taken(written("a.jsonl.packed", pack(content)))
    assert not rejects
    assert [t.id for t in transcripts] == [str(i) for i in range(5000)]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gz", "zst"])
def test_packed_lines_that_are_cut_off_keep_what_came_before(
    pack: Callable[[bytes], bytes], written: Callable[..., Path], taken: Any
) -> None:
    rows = [GOOD | {"id": str(i), "salt": str(hash((i, j)))} for i in range(3000) for j in range(10)]
    packed = pack("".join(json.dumps(row) + "\n" for row in rows).encode())
    transcripts, rejects = taken(written("a.jsonl.gz", packed[: len(packed) * 2 // 3]))
    assert len(transcripts) > 1000
    assert "cut off" in rejects[-1].reason or "not JSON" in rejects[-1].reason


def test_an_empty_file_gives_nothing(written: Callable[..., Path], taken: Any) -> None:
    assert taken(written("a.jsonl", "")) == ([], [])


@given(
    st.lists(
        st.builds(
            Transcript,
            id=TEXT.filter(bool),
            messages=st.lists(
                st.builds(
                    Message,
                    role=st.sampled_from(["system", "user", "assistant", "tool"]),
                    content=TEXT,
                    reasoning=st.none() | TEXT.filter(bool),
                    reasoning_kind=st.sampled_from([None, "raw", "summary", "redacted"]),
                ),
                min_size=1,
            ).map(tuple),
            model=st.none() | TEXT,
            source=TEXT.filter(bool),
            metadata=st.dictionaries(TEXT, TEXT | st.integers() | st.lists(st.booleans())),
        )
    )
)
def test_what_is_written_is_read_back(transcripts: list[Transcript]) -> None:
    lines = "".join(transcript.model_dump_json() + "\n" for transcript in transcripts)
    assert from_bytes(lines.encode()) == transcripts


def test_the_field_files_are_read_whole(field: Path, taken: Any) -> None:
    files = sorted(field.glob("*.jsonl"))
    transcripts, rejects = taken(*files)
    assert not rejects
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert [t.id for t in transcripts] == [str(row["id"]) for row in rows]
    assert [m.content for t in transcripts for m in t.messages] == [m["content"] for r in rows for m in r["messages"]]
