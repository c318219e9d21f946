"""Proves a release folder: everybody's way of loading it, hashes, keys, spans and splits, a sentence for each fault."""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
from huggingface_hub import metadata_load

from feint.corpus import parquet_rows
from feint.corpus.digest import of_value
from feint.corpus.tables import LEVELS, VERDICTS
from feint.pipeline.progress import track
from feint.pipeline.release import croissant, manifest
from feint.pipeline.release.columns import LAYOUTS, MESSAGES, SPLITS, features
from feint.pipeline.release.facts import CANARY
from feint.pipeline.release.manifest import Manifest
from feint.pipeline.release.rows import VERDICT
from feint.pipeline.release.shards import RowsDigest

BATCH = 1000
"""Transcripts in memory at once."""


def check(folder: Path) -> list[str]:
    """What is wrong with the folder, a sentence each; nothing where all is well.

    An InputError where it is no release folder at all.
    """
    said = manifest.read(folder)
    found = list(_files(folder, said))
    if found:
        return found  # what is not the file that was written need not be read
    parts: tuple[Callable[[Path, Manifest], Iterator[str]], ...] = (
        _card, _croissant, _polars, _keys, _transcripts, _levels, _datasets,
    )  # fmt: skip
    for part in track(parts, "checking the release"):
        try:
            found += part(folder, said)
        except (pl.exceptions.PolarsError, ValueError, OSError) as error:
            found.append(f"cannot be read: {_first_line(error)}")
    return found


def _files(folder: Path, said: Manifest) -> Iterator[str]:
    there = manifest.hashes(folder)
    for path in sorted(said.files.keys() - there.keys()):
        yield f"{path} is missing"
    for path in sorted(there.keys() - said.files.keys()):
        yield f"{path} is not of this release"
    for path in sorted(there.keys() & said.files.keys()):
        if there[path] != said.files[path]:
            yield f"{path} is not the file that was written: its sha256 is {there[path][:12]}…, expected {said.files[path][:12]}…"
    if said.version != manifest.version(_shards(said)):
        yield f"{manifest.NAME} has version {said.version}, its shards' hashes make {manifest.version(_shards(said))}"


def _shards(said: Manifest) -> dict[str, str]:
    return {path: sha for path, sha in said.files.items() if path.endswith(".parquet")}


def _paths(folder: Path, said: Manifest, config: str, split: str) -> list[Path]:
    """The shards of one config and split, in order."""
    return [folder / path for path in sorted(_shards(said)) if path.startswith(f"{config}/{split}-")]


def _card(folder: Path, said: Manifest) -> Iterator[str]:
    text = (folder / "README.md").read_text(encoding="utf-8")
    told = metadata_load(folder / "README.md") or {}
    configs = {one["config_name"]: one for one in told.get("configs", [])}
    if {name: [part["split"] for part in one["data_files"]] for name, one in configs.items()} != {
        name: list(splits) for name, splits in said.rows.items()
    }:
        yield "README.md does not have the configs and splits that are there"
    if any(one.get("version") != said.version for one in configs.values()):
        yield f"README.md has a config whose version is not {said.version}: caches would serve old rows"
    if CANARY not in text:
        yield "README.md does not have the canary"


def _croissant(folder: Path, said: Manifest) -> Iterator[str]:
    return croissant.faults(folder, _shards(said))


def _polars(folder: Path, said: Manifest) -> Iterator[str]:
    """Rows as polars reads them."""
    for config, split, _ in _parts(said):
        rows = (
            row for path in _paths(folder, said, config, split) for row in parquet_rows.rows(path, list(LAYOUTS[config].columns))
        )  # fmt: skip
        yield from _same(rows, said, config, split, "polars")


def _datasets(folder: Path, said: Manifest) -> Iterator[str]:
    """Rows and columns as `datasets` loads them, as a whole and streaming."""
    with _quiet_datasets() as load, tempfile.TemporaryDirectory() as cache:
        for streaming in (False, True):
            way = "datasets, streaming," if streaming else "datasets"
            for config, splits in said.rows.items():
                try:
                    loaded = load(str(folder), config, cache_dir=cache, streaming=streaming)
                    if list(loaded) != list(splits):
                        yield f"{config}: {way} finds the splits {', '.join(loaded)}, expected {', '.join(splits)}"
                    for split, part in loaded.items():
                        if part.features != features(config):
                            yield f"{config}: {way} finds other columns in {split} than declared"
                        yield from _same(part, said, config, split, way)
                except Exception as error:  # noqa: BLE001  whatever datasets and the libraries below it come up with
                    yield f"{config}: {way} cannot load it: {_first_line(error)}"


@contextmanager
def _quiet_datasets() -> Iterator[Any]:
    from datasets import load_dataset
    from datasets.utils.logging import disable_progress_bar, enable_progress_bar, is_progress_bar_enabled

    shown = is_progress_bar_enabled()
    disable_progress_bar()
    try:
        yield load_dataset
    finally:
        if shown:
            enable_progress_bar()


def _parts(said: Manifest) -> Iterator[tuple[str, str, int]]:
    return ((config, split, count) for config, splits in said.rows.items() for split, count in splits.items())


def _same(rows: Iterable[Mapping[str, Any]], said: Manifest, config: str, split: str, way: str) -> Iterator[str]:
    seen = RowsDigest()
    for row in rows:
        seen.add(row)
    if seen.rows != said.rows[config][split]:
        yield f"{config}: {way} gives {seen.rows} rows of {split}, {manifest.NAME} says {said.rows[config][split]}"
    elif seen.hex() != said.row_digests[config][split]:
        yield f"{config}: {way} gives other rows of {split} than were written"


def _keys(folder: Path, said: Manifest) -> Iterator[str]:
    """No key comes twice, every transcript is known, and its group and split are the same everywhere."""
    places = _columns(folder, said, "transcripts", ["transcript_id", "group"])
    straddling = places.group_by("group").agg(pl.col("split").n_unique()).filter(pl.col("split") > 1)
    for group in straddling["group"].sort().head(3):
        yield f"group {group!r} is in more than one split"
    for config in said.rows:
        layout = LAYOUTS[config]
        rows = _columns(folder, said, config, [*dict.fromkeys([*layout.key, "group"])])
        if twice := rows.select(layout.key).is_duplicated().sum():
            yield f"{config}: {twice} rows share their key ({', '.join(layout.key)})"
        joined = rows.join(places, on="transcript_id", how="left", suffix="_told")
        lost = joined.filter(pl.col("split_told").is_null())
        if len(lost):
            yield f"{config}: {len(lost)} rows are of no transcript there is, such as {lost['transcript_id'][0]}"
        moved = joined.filter((pl.col("group") != pl.col("group_told")) | (pl.col("split") != pl.col("split_told")))
        if len(moved):
            yield f"{config}: {len(moved)} rows have another group or split than their transcript, such as {moved['transcript_id'][0]}"


def _columns(folder: Path, said: Manifest, config: str, names: list[str]) -> pl.DataFrame:
    return pl.concat([
        pl.read_parquet(_paths(folder, said, config, split), columns=names).with_columns(split=pl.lit(split))
        for split in said.rows.get(config, {})
    ])  # fmt: skip


def _transcripts(folder: Path, said: Manifest) -> Iterator[str]:
    """Ids are digests of the words, and spans quote what stands at their place."""
    for split in said.rows["transcripts"]:
        rows = (
            row
            for path in _paths(folder, said, "transcripts", split)
            for row in parquet_rows.rows(path, ["transcript_id", MESSAGES])
        )
        marked = _paths(folder, said, "spans", split)
        while batch := list(islice(rows, BATCH)):
            words = {row["transcript_id"]: row[MESSAGES] for row in batch}
            for name, messages in words.items():
                if of_value([[one["role"], one["content"], one["reasoning"]] for one in messages]) != name:
                    yield f"transcripts: {name} is not the digest of its words"
            spans = pl.scan_parquet(marked).filter(pl.col("transcript_id").is_in(list(words))) if marked else None
            for span in spans.collect().iter_rows(named=True) if spans is not None else ():
                if _quoted(words[span["transcript_id"]], span) != span["quote"]:
                    place = f"{span['start']}–{span['end']} of message {span['message']}'s {span['field']}"
                    yield f"spans: the quote of {span['transcript_id']} is not what stands at {place}"


def _quoted(messages: list[dict[str, Any]], span: Mapping[str, Any]) -> str | None:
    if not 0 <= span["message"] < len(messages) or not 0 <= span["start"] < span["end"]:
        return None
    text = messages[span["message"]].get(span["field"]) or ""
    return text[span["start"] : span["end"]] if span["end"] <= len(text) else None


def _levels(folder: Path, said: Manifest) -> Iterator[str]:
    """Only levels and verdicts that there are; splits.json and the manifest agree."""
    for config in ("annotations", "spans", "gold"):
        for split in said.rows.get(config, {}):
            told = pl.scan_parquet(_paths(folder, said, config, split)).select("indicator", "level").unique().collect()
            for indicator, level in told.iter_rows():
                known = VERDICTS if indicator == VERDICT else LEVELS
                if level is not None and level not in known:
                    yield f"{config}: the level {level!r} of {indicator!r} is none of {', '.join(known)}"
    parts = json.loads((folder / "splits.json").read_text(encoding="utf-8"))["splits"]
    if {split: part["transcripts"] for split, part in parts.items()} != dict(said.rows["transcripts"]):
        yield f"splits.json and {manifest.NAME} count other transcripts"
    if unknown := set(parts) - set(SPLITS.values()):
        yield f"splits.json has a split called {sorted(unknown)[0]!r}"


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
