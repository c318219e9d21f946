"""The check of a release: a sentence for every way in which a folder can be wrong."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from feint.corpus.errors import InputError
from feint.pipeline.export import export
from feint.pipeline.release import check as checks
from feint.pipeline.release import manifest
from feint.pipeline.release.check import check
from feint.pipeline.release.columns import LAYOUTS, features
from feint.pipeline.release.shards import RowsDigest

Row = dict[str, Any]


@pytest.fixture(scope="module")
def release(project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("check") / "release"
    export(*project, folder)
    return folder


@pytest.fixture
def copy(release: Path, tmp_path: Path) -> Path:
    shutil.copytree(release, tmp_path / "copy")
    return tmp_path / "copy"


def rewritten(folder: Path, config: str, split: str, change: Callable[[list[Row]], None]) -> None:
    """A shard with other rows, and a manifest that vouches for it: only what the rows say can give it away."""
    path = folder / config / f"{split}-00000-of-00001.parquet"
    schema = features(config).arrow_schema
    rows = parquet.read_table(path).to_pylist()
    change(rows)
    parquet.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    told = json.loads((folder / manifest.NAME).read_text(encoding="utf-8"))
    seen = RowsDigest()
    for row in rows:
        seen.add(row)
    told["rows"][config][split], told["row_digests"][config][split] = seen.rows, seen.hex()
    old = told["version"]
    told["files"] = manifest.hashes(folder)
    told["version"] = manifest.version({path: sha for path, sha in told["files"].items() if path.endswith(".parquet")})
    for name in ("README.md", "croissant.json"):
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace(old, told["version"]), encoding="utf-8")
    told["files"] = manifest.hashes(folder)
    (folder / manifest.NAME).write_text(json.dumps(told), encoding="utf-8")


def test_what_was_exported_has_no_fault(release: Path) -> None:
    assert check(release) == []


def test_a_folder_that_is_no_release_is_said_to_be_none(tmp_path: Path, copy: Path) -> None:
    with pytest.raises(InputError, match=r"has no feint.json; expected a folder written by 'feint export'"):
        check(tmp_path)
    (copy / "feint.json").write_text('{"version": 1}')
    with pytest.raises(InputError, match=r"feint.json is no manifest: version: .*; export the folder anew"):
        check(copy)


def test_files_that_were_changed_added_or_lost_are_named(copy: Path) -> None:
    (copy / "LICENSE").write_text("mine")
    (copy / "gold" / "extra.parquet").touch()
    (copy / "splits.json").unlink()
    assert check(copy) == [
        "splits.json is missing",
        "gold/extra.parquet is not of this release",
        f"LICENSE is not the file that was written: its sha256 is {manifest.hashes(copy)['LICENSE'][:12]}…, "
        f"expected {manifest.read(copy).files['LICENSE'][:12]}…",
    ]


def moved_span(rows: list[Row]) -> None:
    rows[0]["start"] += 1


def beyond_the_text(rows: list[Row]) -> None:
    rows[0]["end"] = 10**6


def double(rows: list[Row]) -> None:
    rows.append(rows[0])


def of_nobody(rows: list[Row]) -> None:
    rows[0]["transcript_id"] = "0" * 32


def other_group(rows: list[Row]) -> None:
    rows[0]["group"] = "elsewhere"


def other_words(rows: list[Row]) -> None:
    rows[0]["messages"][0]["content"] += " More."


def no_such_level(rows: list[Row]) -> None:
    rows[0]["level"] = "certainly"


@pytest.mark.parametrize(
    ("config", "change", "sentence"),
    [
        ("spans", moved_span, "spans: the quote of "),
        ("spans", beyond_the_text, "spans: the quote of "),
        ("gold", double, "gold: 2 rows share their key (transcript_id, indicator)"),
        ("gold", of_nobody, f"gold: 1 rows are of no transcript there is, such as {'0' * 32}"),
        ("annotations", other_group, "annotations: 1 rows have another group or split than their transcript, such as "),
        ("transcripts", other_words, "is not the digest of its words"),
        ("annotations", no_such_level, "annotations: the level 'certainly' of "),
    ],
)
def test_rows_that_cannot_be_right_are_told(
    copy: Path, monkeypatch: pytest.MonkeyPatch, config: str, change: Callable[[list[Row]], None], sentence: str
) -> None:
    rewritten(copy, config, "train", change)
    monkeypatch.setattr(
        checks, "_datasets", lambda folder, said: iter(())
    )  # its own test has it; here it only takes time
    found = check(copy)
    assert any(sentence in fault for fault in found), found
    assert any("croissant.json does not have the hashes of the shards" in fault for fault in found)


def test_a_group_in_two_splits_is_told(copy: Path) -> None:
    name = parquet.read_table(copy / "transcripts" / "train-00000-of-00001.parquet")["group"][0].as_py()
    rewritten(copy, "transcripts", "test", lambda rows: rows[0].update(group=name))
    found = check(copy)
    assert f"group {name!r} is in more than one split" in found
    assert not any("datasets" in fault for fault in found)


def test_what_datasets_and_polars_cannot_load_as_written_is_told(copy: Path) -> None:
    told = json.loads((copy / manifest.NAME).read_text(encoding="utf-8"))
    told["row_digests"]["gold"]["train"] = "0" * 64
    told["rows"]["spans"]["test"] += 1
    (copy / "README.md").write_text(
        (copy / "README.md").read_text().replace(f"version: {told['version']}", "version: 0.0.1", 1)
    )
    told["files"] = manifest.hashes(copy)
    (copy / manifest.NAME).write_text(json.dumps(told), encoding="utf-8")
    found = check(copy)
    for way in ("polars", "datasets", "datasets, streaming,"):
        assert f"gold: {way} gives other rows of train than were written" in found
        assert any(fault.startswith(f"spans: {way} gives ") for fault in found)
    assert f"README.md has a config whose version is not {told['version']}: caches would serve old rows" in found


def test_every_column_has_a_meaning_and_every_key_is_a_column() -> None:
    for layout in LAYOUTS.values():
        assert set(layout.key) <= set(layout.columns)
        assert all(meaning for _, meaning in layout.columns.values())
