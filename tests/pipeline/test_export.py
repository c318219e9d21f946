"""Export: what datasets loads is what is in the store, group by group in one split."""

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from datasets import get_dataset_config_names, load_dataset
from datasets.utils.logging import disable_progress_bar

from feint.corpus.errors import InputError
from feint.pipeline.export import CONFIGS, SPLITS, export
from feint.pipeline.gather import gather, transcripts
from feint.pipeline.gold import gold
from feint.pipeline.store import Store

disable_progress_bar()


@pytest.fixture(scope="module")
def release(project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "release"
    export(*project, folder)
    return folder


@pytest.fixture(scope="module")
def loaded(release: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Every row that datasets gives, by config and split."""
    cache = str(tmp_path_factory.mktemp("cache"))
    return {
        name: {split: part.to_list() for split, part in load_dataset(str(release), name, cache_dir=cache).items()}
        for name in CONFIGS
    }


def every(of: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [row for rows in of.values() for row in rows]


def test_the_four_configs_are_there_and_the_transcripts_come_first(release: Path, loaded, tmp_path: Path) -> None:
    assert set(get_dataset_config_names(str(release))) == set(CONFIGS)
    default = load_dataset(str(release), cache_dir=str(tmp_path))
    assert {split: part.to_list() for split, part in default.items()} == loaded["transcripts"]
    assert all(set(of) <= set(SPLITS.values()) for of in loaded.values())


def test_the_rows_are_those_of_the_store(project, loaded) -> None:
    gathered, settled = gather(*project), gold(*project)
    words = {row["transcript_id"]: row for row in every(loaded["transcripts"])}
    for one in transcripts(gathered.path):
        row = words.pop(one.digest)
        assert [(m["role"], m["content"], m["reasoning"]) for m in row["messages"]] == [
            (m.role, m.content, m.reasoning) for m in one.messages
        ]
        assert (row["id"], json.loads(row["metadata"])) == (one.id, one.metadata)
    assert not words
    tables = {
        "annotations": gathered / "judgements.parquet",
        "spans": gathered / "marks.parquet",
        "gold": settled / "gold.parquet",
    }
    for name, path in tables.items():
        theirs = every(loaded[name])
        ours = pl.read_parquet(path).to_dicts()
        assert sorted(({k: v for k, v in row.items() if k != "group"} for row in theirs), key=str) == sorted(
            ours, key=str
        )


def test_spans_quote_the_messages_they_are_exported_with(loaded, rows) -> None:
    words = {row["transcript_id"]: row["messages"] for row in every(loaded["transcripts"])}
    spans = every(loaded["spans"])
    assert len(spans) == sum(len(row.get("spans", ())) for row in rows) > 0
    for span in spans:
        text = words[span["transcript_id"]][span["message"]][span["field"]]
        assert text[span["start"] : span["end"]] == span["quote"]


def test_no_group_is_in_two_splits_and_all_configs_agree(loaded) -> None:
    places = {(row["group"], split) for of in loaded.values() for split, rows in of.items() for row in rows}
    assert len(places) == len({group for group, _ in places}) == 12
    splits = {row["transcript_id"]: split for split, rows in loaded["transcripts"].items() for row in rows}
    assert all(
        splits[row["transcript_id"]] == split for of in loaded.values() for split, rows in of.items() for row in rows
    )


def test_the_same_input_gives_the_same_bytes(project, release: Path, tmp_path: Path) -> None:
    settings, _ = project
    export(settings, Store(tmp_path / "store"), tmp_path / "again")
    ours = {path.relative_to(release): path.read_bytes() for path in release.rglob("*") if path.is_file()}
    again = {p.relative_to(tmp_path / "again"): p.read_bytes() for p in (tmp_path / "again").rglob("*") if p.is_file()}
    assert ours == again


def test_the_card_counts_what_is_there_and_carries_the_canary(release: Path, loaded) -> None:
    card = (release / "README.md").read_text(encoding="utf-8")
    counts = [len(loaded["transcripts"][split]) for split in ("train", "validation", "test")]
    assert f"| `transcripts` | {counts[0]} | {counts[1]} | {counts[2]} |" in card
    assert "24 transcripts in 12 groups" in card
    assert re.search(r"canary [0-9a-f]{8}-[0-9a-f-]{27}", card)


def test_an_earlier_export_is_replaced_and_any_other_folder_is_refused(project, tmp_path: Path) -> None:
    export(*project, tmp_path / "release")
    (tmp_path / "release" / "stale.parquet").touch()
    export(*project, tmp_path / "release")
    assert not (tmp_path / "release" / "stale.parquet").exists()
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.md").touch()
    with pytest.raises(
        InputError, match=r"thesis holds other files; name an empty or a new folder, or an earlier export"
    ):
        export(*project, tmp_path / "thesis")
    (tmp_path / "empty").mkdir()
    export(*project, tmp_path / "empty")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "release", "thesis"]


def test_a_place_that_cannot_be_written_is_said_in_a_sentence(project, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cannot write .*release: (File exists|Not a directory); nothing was kept"):
        export(*project, tmp_path / "file" / "release")
