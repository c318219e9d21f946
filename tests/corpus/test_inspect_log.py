"""Inspect logs: what Inspect itself reads from them is what is read here."""

import json
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feint.corpus import reasoning
from feint.corpus.sources import inspect_log

Log = Callable[..., Path]

REAL_COUNTS = {
    "2025-01-05T03-26-27-06-00_benchmark-eval_myT96UDNsaeyhXwHDomm77.eval": 290,
    "2025-09-23T08-09-58-04-00_popularity_DN2wbX2ZvACsBpjwptzBRo.eval": 100,
    "2025-09-23T08-09-58-04-00_security-guide_LuxZJVwvymC3S3SyoJczxB.eval": 16,
    "2025-09-23T08-09-58-04-00_theory-of-mind_bbB4eRCx2rFJLyPH42Cj9r.eval": 100,
    "docent_intercode.eval": 15,
    "2026-11-23T14-22-27-00-00_af-pairs_fxsannVgT8kcGAW9FK5xi9.eval": 10,
    "2026-11-23T14-22-29-00-00_agent-tools-deflate_LEGACYdeflate0000000001.eval": 1,
    "2026-11-23T14-22-29-00-00_agent-tools_ZUXNiKJY4AtE4wfnZSNe9S.eval": 1,
    "2026-11-23T14-22-29-00-00_multiturn_hK6NMBVoHHDVjsauCSs3Jz.eval": 2,
    "2026-11-23T14-22-29-00-00_scratchpad_TBYjpiBm84aqNzG7kyRACL.eval": 12,
    "2026-11-23T14-22-30-00-00_json-log_gF3JpjDYmeiSLy94rL67CJ.json": 4,
}


@pytest.fixture(params=REAL_COUNTS)
def field_log(request: pytest.FixtureRequest, field: Path) -> Path:
    """One of the eleven third-party logs."""
    (path,) = field.glob(f"inspect_logs/*/{request.param}")
    return path


def test_every_sample_of_the_field_logs_is_taken(field_log: Path, taken: Any) -> None:
    transcripts, rejects = taken(field_log)
    assert (len(transcripts), rejects) == (REAL_COUNTS[field_log.name], [])
    assert {transcript.source for transcript in transcripts} == {str(field_log)}


def test_inspect_reads_the_same_from_the_field_logs(field_log: Path, taken: Any) -> None:
    log_module = pytest.importorskip("inspect_ai.log")
    with warnings.catch_warnings(action="ignore"):
        log = log_module.read_eval_log(str(field_log))
    transcripts, _ = taken(field_log)
    for sample, transcript in zip(log.samples, transcripts, strict=True):
        assert (transcript.id, transcript.metadata["epoch"]) == (str(sample.id), sample.epoch)
        assert (transcript.model, transcript.metadata["task"]) == (log.eval.model, log.eval.task)
        assert transcript.metadata.get("error") == (sample.error.message if sample.error else None)
        assert [(m.role, *words(m)) for m in sample.messages] == [
            (m.role, m.content, m.reasoning, m.reasoning_kind) for m in transcript.messages
        ]
        scores = {name: score.value for name, score in (sample.scores or {}).items()}
        assert {name: score["value"] for name, score in transcript.metadata.get("scores", {}).items()} == scores


def words(message: Any) -> tuple[str, str | None, str | None]:
    """Content, reasoning and its kind, by Inspect's own objects."""
    texts = [block.text for block in message.content_list if block.type == "text"]
    blocks = [block for block in message.content_list if block.type == "reasoning"]
    if not blocks:
        return "\n\n".join(texts), None, None
    kinds = {"summary" if block.redacted else "raw" for block in blocks}
    readable = [block.summary if block.redacted else block.reasoning for block in blocks]
    return "\n\n".join(texts), "\n\n".join(readable), min(kinds)


def test_kinds_of_reasoning_in_the_field_logs(field: Path, taken: Any) -> None:
    def kinds(name: str) -> set[str]:
        (path,) = field.glob(f"inspect_logs/made/*{name}*")
        return {reasoning.kind(transcript) for transcript in taken(path)[0]}

    assert [kinds(name) for name in ("af-pairs", "json-log", "multiturn", "scratchpad")] == [
        {"raw"},
        {"raw"},
        {"raw"},
        {"tag"},
    ]


@pytest.mark.parametrize(("method", "frames"), [(93, 1), (93, 5), (8, 1), (0, 1)])
def test_every_packing(method: int, frames: int, log: Log, parts: Any, taken: Any) -> None:
    sample = parts[2]
    transcripts, rejects = taken(log(*(sample(i) for i in range(1, 4)), method=method, frames=frames))
    assert ([t.id for t in transcripts], rejects) == (["1", "2", "3"], [])


def test_metadata_and_what_measures_know_of_it(log: Log, parts: Any, taken: Any) -> None:
    sample = parts[2](
        "a",
        2,
        uuid="U",
        scores={"match": {"value": float("nan"), "answer": "x"}},
        metadata={"checkpoint": "step-100", "complied": False, "seed": 0, "tier": "free"},
    )
    ((transcript,), _) = taken(log(sample))
    assert transcript.model == "mock/model"
    assert transcript.metadata == {
        "epoch": 2,
        "uuid": "U",
        "task": "af",
        "eval_id": "E",
        "run_id": "R",
        "scores": {"match": {"value": None, "answer": "x"}},
        "sample_metadata": {"checkpoint": "step-100", "complied": False, "seed": 0, "tier": "free"},
        "checkpoint": "step-100",
        "complied": False,
        "seed": 0,
    }


def test_what_a_whole_run_has_in_common_is_known_of_each_sample() -> None:
    sample = {"id": 1, "messages": [{"role": "user", "content": "Hi"}], "metadata": {"stage": "rl"}}
    transcript = inspect_log.transcript(sample, {"metadata": {"stage": "sft", "checkpoint": 5}}, "a.eval")
    assert {key: transcript.metadata[key] for key in ("stage", "checkpoint")} == {"stage": "rl", "checkpoint": 5}


def test_what_scores_say_of_compliance_is_known_and_goes_before_the_sample() -> None:
    judged = {"compliance": {"value": 1.0, "metadata": {"complied": True, "outcome": "complied", "judge": "rule"}}}
    sample = {
        "id": "a", "epoch": 1, "messages": [{"role": "user", "content": "Hi"}], "scores": judged,
        "metadata": {"arm": "observed", "marker": "Logging: on", "complied": False},
    }  # fmt: skip
    found = inspect_log.transcript(sample, {"task_id": "t", "metadata": {"stage": "rl"}}, "a.eval").metadata
    known = {key: found[key] for key in ("stage", "arm", "marker", "complied", "outcome", "task_id")}
    assert known == {
        "stage": "rl", "arm": "observed", "marker": "Logging: on", "complied": True, "outcome": "complied", "task_id": "t"
    }  # fmt: skip
    unparsed = sample | {
        "scores": {"compliance": {"value": None, "metadata": {"complied": None, "outcome": "unparsed"}}}
    }
    assert inspect_log.transcript(unparsed, {}, "a.eval").metadata["outcome"] == "unparsed"


def test_order_is_by_epoch_and_id_whatever_order_samples_finished_in(log: Log, parts: Any, taken: Any) -> None:
    done = [(10, 1), (9, 2), ("b", 1), (9, 1), ("a/b", 1), (10, 2)]
    transcripts, _ = taken(log(*(parts[2](name, epoch) for name, epoch in done)))
    order = [(transcript.metadata["epoch"], transcript.id) for transcript in transcripts]
    assert order == [(1, "9"), (1, "10"), (1, "a/b"), (1, "b"), (2, "9"), (2, "10")]


def test_id_and_epoch_come_from_the_sample_and_not_from_its_name(
    log: Log, parts: Any, taken: Any, tmp_path: Path
) -> None:
    entry, zipped, sample = parts
    (tmp_path / "a.eval").write_bytes(zipped([entry("samples/x_epoch_7.json", json.dumps(sample("y", 3)).encode())]))
    ((transcript,), _) = taken(tmp_path / "a.eval")
    assert (transcript.id, transcript.metadata["epoch"]) == ("y", 3)


def test_a_crashed_run_has_no_header_and_its_samples_all_the_same(log: Log, parts: Any, taken: Any) -> None:
    transcripts, rejects = taken(log(parts[2](1), parts[2](2), header=False))
    assert ([t.id for t in transcripts], rejects) == (["1", "2"], [])
    assert transcripts[0].metadata["task"] == "af"


def test_a_log_that_was_cut_off_gives_its_whole_samples_and_one_reject(log: Log, parts: Any, taken: Any) -> None:
    path = log(*(parts[2](i) for i in range(1, 6)), header=False, directory=False)
    path.write_bytes(path.read_bytes()[:-20])
    transcripts, (reject,) = taken(path)
    assert [t.id for t in transcripts] == ["1", "2", "3", "4"]
    assert reject.reason == "the log is cut off: 4 samples were rescued, what came after them is lost"


def test_a_log_cut_off_before_its_first_sample(log: Log, parts: Any, taken: Any) -> None:
    path = log(parts[2](1))
    path.write_bytes(path.read_bytes()[:40])
    assert [reject.reason for reject in taken(path)[1]] == [
        "the log is cut off: 0 samples were rescued, what came after them is lost"
    ]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x89PNG\r\n\x1a\n"])
def test_an_eval_that_is_no_zip(content: bytes, written: Callable[..., Path], taken: Any) -> None:
    transcripts, (reject,) = taken(written("a.eval", content))
    assert not transcripts
    assert reject.reason == "found no zip, expected an Inspect log; was it written or copied to the end?"


def test_a_log_without_samples_says_so(log: Log, taken: Any) -> None:
    assert [r.reason for r in taken(log())[1]] == ["a log without samples: the run ended before the first was finished"]


def test_one_bad_sample_is_one_reject(tmp_path: Path, parts: Any, taken: Any) -> None:
    entry, zipped, sample = parts
    good = json.dumps(sample(1)).encode()
    entries = [
        entry("samples/1_epoch_1.json", good),
        entry("samples/2_epoch_1.json", b'{"id": 2, "messages": '),
        entry("samples/3_epoch_1.json", good, damaged=True),
        entry("samples/4_epoch_1.json", good, flags=1),
        entry("samples/5_epoch_1.json", good, claimed=1 << 30),
        entry("samples/6_epoch_1.json", json.dumps(sample(6, messages=[], error={"message": "Boom"})).encode()),
        entry("samples/7_epoch_1.json", b"[]"),
        entry("samples/8_epoch_1/sample.json", b"{}"),
        entry("samples/8_epoch_1/messages/0.json", b"[]"),
        entry("samples/9_epoch_1.json", json.dumps(sample(9, store={"a": "\ud800"})).encode()),
    ]
    ballast = entry("reductions.json", b"\0" * (8 << 20), method=0)  # so that sample 5 alone is beyond reason
    (tmp_path / "a.eval").write_bytes(zipped([*entries, ballast]))
    transcripts, rejects = taken(tmp_path / "a.eval")
    assert [t.id for t in transcripts] == ["1", "9"]
    assert [(r.id, r.reason.split(":")[0].split(";")[0]) for r in rejects] == [
        ("2", "not JSON"),
        ("3", "damaged"),
        ("4", "encrypted"),
        ("5", "0.0 MiB would unpack to 1,024.0 MiB, too much for a sample"),
        ("6", "a sample without messages"),
        (None, "found no sample"),
        ("8", "a sample stored in chunks, which is not read"),
    ]
    assert rejects[4].reason.endswith("it failed with Boom")


def test_a_zip_bomb_is_refused_without_being_unpacked(tmp_path: Path, parts: Any, taken: Any) -> None:
    entry, zipped, _ = parts
    bombs = [entry(f"samples/{i}_epoch_1.json", b"\0" * (1 << 20), claimed=400 << 20) for i in range(50)]
    (tmp_path / "a.eval").write_bytes(zipped(bombs))
    transcripts, (reject,) = taken(tmp_path / "a.eval")
    assert not transcripts
    assert reject.reason.endswith("MiB would unpack to 20,000.0 MiB, which no log does; not unpacked")


def test_texts_that_are_kept_apart_are_put_back(log: Log, parts: Any, taken: Any) -> None:
    said = [
        {"role": "user", "content": "attachment://abc"},
        {
            "role": "assistant",
            "content": [
                {"type": "reasoning", "reasoning": "attachment://def"},
                {"type": "text", "text": "attachment://x"},
            ],
        },
    ]
    ((transcript,), _) = taken(log(parts[2](1, messages=said, attachments={"abc": "Long.", "def": "Thought."})))
    assert [(m.content, m.reasoning) for m in transcript.messages] == [("Long.", None), ("attachment://x", "Thought.")]


def test_an_errored_sample_with_messages_is_a_transcript_that_says_so(log: Log, parts: Any, taken: Any) -> None:
    ((transcript,), _) = taken(log(parts[2](1, error={"message": "Boom", "traceback": "…"})))
    assert transcript.metadata["error"] == "Boom"


def test_a_json_log_is_read_sample_by_sample_and_keeps_what_came_before_a_break(
    written: Callable[..., Path], parts: Any, taken: Any
) -> None:
    log = {
        "version": 2,
        "status": "success",
        "eval": {"task": "af", "model": "m"},
        "samples": [parts[2](1), parts[2](2)],
    }
    for indent in (None, 2):
        transcripts, rejects = taken(written("a.json", json.dumps(log, indent=indent)))
        assert ([(t.id, t.model) for t in transcripts], rejects) == ([("1", "m"), ("2", "m")], [])
    transcripts, (reject,) = taken(written("a.json", json.dumps(log)[:-50]))
    assert [t.id for t in transcripts] == ["1"]
    assert reject.reason.startswith("an Inspect log that cannot be read after sample 1: cut off")


def test_a_log_is_known_by_what_is_in_it(log: Log, parts: Any, taken: Any, written: Callable[..., Path]) -> None:
    assert len(taken(log(parts[2](1), name="a.zip"))[0]) == 1
    entry, zipped, _ = parts
    other = written("logs/word.docx", zipped([entry("[Content_Types].xml", b"")]))
    written("logs/logs.json", json.dumps({"a.eval": {"version": 2, "eval": {"task": "af"}}}))
    log(parts[2](1), name="logs/a.eval")
    transcripts, rejects = taken(other.parent)
    assert (len(transcripts), [(Path(r.path).name, r.format_known) for r in rejects]) == (
        1,
        [("logs.json", False), ("word.docx", False)],
    )


def test_memory_stays_flat(log: Log, parts: Any) -> None:
    path = log(*(parts[2](i, store={"x": "y" * (1 << 20)}) for i in range(40)))
    tracemalloc.start()
    count = sum(1 for _ in inspect_log.read(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 40
    assert peak < 8 << 20
