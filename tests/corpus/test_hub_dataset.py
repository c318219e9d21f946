"""Hugging Face data sets: parquet, release folders, folders saved to disk, and the hub itself."""

import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feint.corpus import reading
from feint.corpus.errors import InputError, MissingExtra
from feint.corpus.sources import hub_dataset

SAID = [
    {"role": "user", "content": "Hi", "reasoning": None},
    {"role": "assistant", "content": "Ho", "reasoning": "They watch."},
]
CARD = """---
license: mit
configs:
- config_name: gold
  data_files:
  - split: train
    path: gold/train-*.parquet
- config_name: transcripts
  default: true
  data_files:
  - split: train
    path: transcripts/train-*.parquet
  - split: test
    path: transcripts/test-*.parquet
---
# A release
"""

READ = """
import json, sys
from feint.corpus import reading
from feint.corpus.errors import InputError
def told(address):
    try:
        return [[t.id, t.source, t.metadata] for t in reading.read([address])]
    except InputError as error:
        return str(error)
print(json.dumps([told(address) for address in sys.argv[1:]]))
"""


@pytest.fixture
def shard(tmp_path: Path) -> Callable[..., Path]:
    """Writes a parquet file with these columns."""

    def write(name: str, columns: dict[str, Any], **options: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pl.DataFrame(columns).write_parquet(path, **options)
        return path

    return write


@pytest.fixture
def release(shard: Callable[..., Path], tmp_path: Path) -> Path:
    """A folder as contract 7 lays it out."""
    for split in ("train", "test"):
        ids = [f"{split}-{i}" for i in range(3)]
        shard(f"release/transcripts/{split}-00000-of-00001.parquet", {"id": ids, "messages": [SAID] * 3})
    shard("release/gold/train-00000-of-00001.parquet", {"text": ["no transcript"]})
    (tmp_path / "release" / "README.md").write_text(CARD)
    return tmp_path / "release"


def test_messages_as_a_list_of_structs(shard: Callable[..., Path], taken: Any) -> None:
    path = shard("a.parquet", {"id": ["a", None], "messages": [SAID] * 2, "label": [True, None], "image": [b"x", b"y"]})
    transcripts, rejects = taken(path)
    assert [(t.id, t.metadata) for t in transcripts] == [("a", {"label": True}), ("row-2", {})]
    assert [(m.role, m.content, m.reasoning) for m in transcripts[0].messages] == [
        ("user", "Hi", None),
        ("assistant", "Ho", "They watch."),
    ]
    assert not rejects


@pytest.mark.parametrize(
    "columns",
    [
        {"conversations": [[{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]]},
        {"messages": [json.dumps(SAID)]},
        {"prompt": ["Hi"], "completion": ["Ho"]},
        {
            "messages": [
                [
                    {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
                    {"role": "assistant", "content": [{"type": "text", "text": "Ho"}]},
                ]
            ]
        },
    ],
)
def test_the_chat_shapes_as_columns(columns: dict[str, Any], shard: Callable[..., Path], taken: Any) -> None:
    ((transcript,), _) = taken(shard("a.parquet", columns))
    assert [(m.role, m.content) for m in transcript.messages] == [("user", "Hi"), ("assistant", "Ho")]


def test_metadata_is_what_json_can_hold(shard: Callable[..., Path], taken: Any) -> None:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    ((transcript,), _) = taken(shard("a.parquet", {"text": ["Yes."], "when": [when], "score": [float("nan")]}))
    assert json.loads(json.dumps(transcript.metadata, allow_nan=False)) == {
        "when": "2026-01-01 00:00:00.000000+00:00",
        "score": None,
    }


def test_a_bad_row_is_one_reject(shard: Callable[..., Path], taken: Any) -> None:
    transcripts, (reject,) = taken(shard("a.parquet", {"id": ["a", "b", "c"], "text": ["Yes.", None, "No."]}))
    assert [t.id for t in transcripts] == ["a", "c"]
    assert (reject.place, reject.id) == ("row 2", "b")


def test_of_a_release_only_the_default_config_is_read(release: Path, taken: Any) -> None:
    transcripts, rejects = taken(release)
    assert [(t.id, t.metadata) for t in transcripts] == [
        *((f"train-{i}", {"split": "train"}) for i in range(3)),
        *((f"test-{i}", {"split": "test"}) for i in range(3)),
    ]
    assert not rejects


def test_a_damaged_shard_costs_only_itself(release: Path, taken: Any) -> None:
    first = release / "transcripts" / "train-00000-of-00001.parquet"
    first.write_bytes(first.read_bytes()[:-20])
    transcripts, (reject,) = taken(release)
    assert [t.id for t in transcripts] == ["test-0", "test-1", "test-2"]
    assert (reject.path, reject.reason.split(":")[0]) == (str(first), "a damaged parquet file")


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ("configs: 7", "the card README.md lists no configs that can be read: TypeError: 'int' object is not iterable"),
        (
            "configs: [{config_name: a, data_files: x}, {config_name: b, data_files: y}]",
            "a data set with the configs a, b, none of them the default; name the files instead",
        ),
        ("configs: [{config_name: a, data_files: ../*}]", "the card README.md names files outside of its folder: ../*"),
        ("configs: [{config_name: a, data_files: x/*}]", "the card README.md names files that are not there: x/*"),
        (
            "configs: [{config_name: a, data_files: '*.csv'}]",
            "a data file in no known format; known are parquet and JSON",
        ),
        ("configs: [", "the card README.md lists no configs that can be read: ParserError"),
    ],
)
def test_a_card_that_leads_nowhere_gets_a_clear_sentence(
    card: str, reason: str, written: Callable[..., Path], taken: Any
) -> None:
    written("set/a.csv", "id,text")
    transcripts, (reject,) = taken(written("set/README.md", f"---\n{card}\n---\n").parent)
    assert not transcripts
    assert reject.reason.startswith(reason)


def test_a_card_may_name_json_files(written: Callable[..., Path], taken: Any) -> None:
    written("set/data/a.jsonl", [{"id": "a", "text": "Yes."}])
    written("set/README.md", "---\nconfigs:\n- config_name: default\n  data_files: data/*.jsonl\n---\n")
    assert [t.id for t in taken(written("set/other.jsonl", [{"text": "No."}]).parent)[0]] == ["a"]


def test_saved_to_disk_and_json_columns(tmp_path: Path, taken: Any) -> None:
    datasets = pytest.importorskip("datasets")
    turn = {key: datasets.Value("string") for key in ("role", "content", "reasoning")}
    features = {
        "id": datasets.Value("string"),
        "messages": datasets.List(turn),
        "metadata": datasets.Json(),
        "spans": datasets.Json(),
    }
    row = {"id": "a", "messages": SAID, "metadata": {"stage": "rl"}, "spans": [1]}
    made = datasets.Dataset.from_list([row] * 3, features=datasets.Features(features))
    made.save_to_disk(tmp_path / "one")
    datasets.DatasetDict(train=made, test=made).save_to_disk(tmp_path / "two")
    made.to_parquet(tmp_path / "three.parquet")
    one, two, three = (taken(tmp_path / name) for name in ("one", "two", "three.parquet"))
    assert [t.metadata for t in one[0]] == [t.metadata for t in three[0]] == [{"stage": "rl", "spans": [1]}] * 3
    assert [t.metadata["split"] for t in two[0]] == ["train"] * 3 + ["test"] * 3
    assert one[1] == two[1] == three[1] == []
    assert one[0][0].messages == three[0][0].messages


def test_without_the_extra_an_address_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtra, match=r"pip install 'feint\[hub\]'"):
        list(reading.read(["hf://datasets/org/name"]))


def test_an_address_that_is_none() -> None:
    with pytest.raises(InputError, match="expected hf://datasets/ORG/NAME"):
        list(reading.read(["hf://models/org/name"]))


@pytest.fixture
def served(release: Path) -> Iterator[str]:
    """The address of a hub that serves the release as org/name."""
    command = [sys.executable, str(Path(__file__).parents[1] / "hub_server.py"), str(release)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout
        yield server.stdout.readline().strip()
        server.terminate()


def test_addresses_are_read_from_the_hub(served: str, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    addresses = [
        f"hf://datasets/org/{name}" for name in ("name", "name@v1#gold", "name#transcripts/test", "name@v9", "other")
    ]
    environment = os.environ | {
        "HF_ENDPOINT": served,
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_OFFLINE": "0",
    }
    command = [sys.executable, "-c", READ, *addresses]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    default, gold, test, revision, missing = json.loads(done.stdout)
    assert [row[0] for row in default] == [*(f"train-{i}" for i in range(3)), *(f"test-{i}" for i in range(3))]
    assert gold == [["train-row-1", "hf://datasets/org/name@v1#gold", {"split": "train"}]]
    assert [row[0] for row in test] == ["test-0", "test-1", "test-2"]
    assert revision == (
        "cannot load hf://datasets/org/name@v9: the data set has no such revision; expected a branch, a tag or a commit after '@'"
    )
    assert missing.startswith(
        "cannot load hf://datasets/org/other: the hub has no such data set for whoever asks; check"
    )


def test_without_a_network_there_is_one_clear_sentence(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    for more, sentence in [
        ({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set; unset it to go online"),
        (
            {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": "http://127.0.0.1:9"},
            "the hub cannot be reached; look after the network",
        ),
    ]:
        environment = os.environ | {"HF_HOME": str(tmp_path / "hf")} | more
        command = [sys.executable, "-c", READ, "hf://datasets/org/name"]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
        (told,) = json.loads(done.stdout)
        assert told.startswith(f"cannot load hf://datasets/org/name: {sentence}")


def test_memory_stays_flat(shard: Callable[..., Path]) -> None:
    path = shard("a.parquet", {"text": [f"{i} {'x' * 100_000}" for i in range(3000)]})
    tracemalloc.start()
    count = sum(1 for _ in hub_dataset.read(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 3000
    assert peak < 100 << 20
