"""Scout databases: a transcript a row, the same words as in the logs they were made from."""

import json
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feint.corpus.sources import scout_db

SAID = [
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": [{"type": "reasoning", "reasoning": "Hm."}]},
]


@pytest.fixture
def database(tmp_path: Path) -> Callable[..., Path]:
    """Writes one file of a database; each row is what differs from a plain one."""

    def write(*rows: dict[str, Any], name: str = "transcripts_20260101T000000_a.parquet") -> Path:
        plain = {"messages": json.dumps(SAID), "model": "m", "error": "", "events": "[]"}
        path = tmp_path / "db" / name
        path.parent.mkdir(exist_ok=True)
        pl.DataFrame([{"transcript_id": f"t{i}"} | plain | row for i, row in enumerate(rows)]).write_parquet(path)
        return path

    return write


def test_the_field_database_holds_the_words_of_its_logs(field: Path, taken: Any) -> None:
    transcripts, rejects = taken(field / "scout_db")
    assert (len(transcripts), rejects) == (29, [])
    logs, _ = taken(field / "inspect_logs" / "made")
    by_uuid = {transcript.metadata["uuid"]: transcript for transcript in logs}
    for transcript in transcripts:
        assert transcript.digest == by_uuid[transcript.id].digest
        kinds = [message.reasoning_kind for message in transcript.messages]
        assert kinds == [message.reasoning_kind for message in by_uuid[transcript.id].messages]
        assert transcript.metadata.get("checkpoint") == by_uuid[transcript.id].metadata.get("checkpoint")
    (part,) = (field / "scout_db").glob("*.parquet")
    assert taken(part) == (transcripts, [])


def test_a_row_becomes_a_transcript(database: Callable[..., Path], taken: Any) -> None:
    path = database({"task_set": "af", "sample_metadata": '{"arm": "observed"}', "scores": "no json", "score": None})
    ((transcript,), _) = taken(path.parent)
    assert (transcript.id, transcript.model, transcript.source) == ("t0", "m", str(path))
    assert [(m.content, m.reasoning) for m in transcript.messages] == [("Hi", None), ("", "Hm.")]
    assert transcript.metadata == {
        "task_set": "af",
        "sample_metadata": {"arm": "observed"},
        "scores": "no json",
        "arm": "observed",
    }


def test_a_file_is_known_by_its_columns(database: Callable[..., Path], taken: Any) -> None:
    assert [t.id for t in taken(database({}, name="renamed.parquet"))[0]] == ["t0"]


def test_a_file_without_words_says_what_it_lacks(tmp_path: Path, taken: Any) -> None:
    path = tmp_path / "transcripts_a.parquet"
    pl.DataFrame({"transcript_id": ["a"], "score": ["C"]}).write_parquet(path)
    assert [r.reason for r in taken(path)[1]] == [
        "expected columns transcript_id and messages, found transcript_id, score"
    ]


def test_a_bad_row_is_one_reject(database: Callable[..., Path], taken: Any) -> None:
    bad = [{"messages": "[]", "error": "Boom"}, {"messages": None}, {"messages": "[{"}, {"messages": '{"a": 1}'}]
    transcripts, rejects = taken(database({}, *bad, {}))
    assert [t.id for t in transcripts] == ["t0", "t5"]
    assert [(r.place, r.id, r.reason) for r in rejects] == [
        ("row 2", "t1", "no messages: messages is an empty list"),
        ("row 3", "t2", "a transcript without messages"),
        ("row 4", "t3", "not JSON: Expecting property name enclosed in double quotes at character 3"),
        ("row 5", "t4", "messages is text, expected a list of {role, content} objects"),
    ]


def test_a_damaged_or_encrypted_file_costs_only_itself(database: Callable[..., Path], taken: Any) -> None:
    whole = database({})
    shutil.copy(whole, whole.with_name("transcripts_20260102T000000_b.enc.parquet"))
    whole.with_name("transcripts_20260103T000000_c.parquet").write_bytes(whole.read_bytes()[:-100])
    whole.with_name("transcripts_20260104T000000_d.parquet").write_bytes(b"")
    database({"messages": None}, {}, name="transcripts_20260105T000000_e.parquet")
    transcripts, rejects = taken(whole.parent)
    assert [t.id for t in transcripts] == ["t0", "t1"]
    assert [(Path(r.path).name.split("_")[2][0], r.reason.split(":")[0].split(";")[0]) for r in rejects] == [
        ("b", "an encrypted Scout database"),
        ("c", "a damaged parquet file"),
        ("d", "a damaged parquet file"),
        ("e", "a transcript without messages"),
    ]


def test_memory_stays_flat(database: Callable[..., Path]) -> None:
    said = json.dumps([{"role": "user", "content": "x" * 1_000_000}])
    path = database(*({"messages": said, "n": i} for i in range(200)))
    tracemalloc.start()
    count = sum(1 for _ in scout_db.read(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 200
    assert peak < 150 << 20
