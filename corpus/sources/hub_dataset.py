"""Hugging Face data sets: parquet files, folders with a dataset card, `save_to_disk` folders, and `hf://` addresses.

An address is ``hf://datasets/ORG/NAME[@REVISION][#CONFIG[/SPLIT]]``. Of a data set with several configs only the
default one is read, unless the address names another; splits are read one after the other, and each row keeps the name
of its split in its metadata. Addresses and `save_to_disk` folders need the extra ``hub``; parquet does not.
"""

import importlib
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

from feint.corpus import chat, layout, parquet_rows
from feint.corpus.errors import InputError, MissingExtra
from feint.corpus.json_text import parse
from feint.corpus.reject import Reject
from feint.corpus.rows import from_row
from feint.corpus.sources import json_document, jsonl
from feint.corpus.transcript import Transcript

NAME = "hub_dataset"
ADDRESS = "hf://"
"""How an address of this source begins."""

_ADDRESS = re.compile(
    r"hf://datasets/(?P<name>[^/@#]+(/[^/@#]+)?)(@(?P<revision>[^#]+))?(#(?P<config>[^/]*)(/(?P<split>.+))?)?"
)
_CARD_WITH_CONFIGS = re.compile(rb"\A(\xef\xbb\xbf)?---\r?\n(?:(?!---\r?\n).*\n)*?configs:")
_SCOUT = "transcripts_*.parquet"


def recognises(path: Path, head: bytes) -> bool:
    """Whether this is a parquet file with a column of words, or a folder that was saved to disk or has a card."""
    if path.is_dir():
        return _is_saved(path) or _has_card(path)
    if path.suffix != ".parquet" and not head.startswith(parquet_rows.MAGIC):
        return False
    try:
        columns = parquet_rows.columns(path)
    except ValueError:
        return not path.match(_SCOUT)  # a damaged shard: reading says what is wrong
    of_scout = "transcript_id" in columns and str(columns.get("messages")) == "String"
    return chat.is_row(columns) and not of_scout


def read(path: Path) -> Iterator[Transcript | Reject]:
    """Every row as a transcript or a reject."""
    if path.is_file():
        yield from _parquet(path, split=None)
    elif _is_saved(path):
        yield from _saved(path)
    else:
        for split, pattern in _default_files(path):
            yield from _matching(path, split, pattern)


def read_address(address: str) -> Iterator[Transcript | Reject]:
    """Every row of a data set on the hub, streamed; an InputError where it cannot be had."""
    match = _ADDRESS.fullmatch(address)
    if not match:
        raise InputError(f"{address} is no address; expected hf://datasets/ORG/NAME[@REVISION][#CONFIG[/SPLIT]]")
    datasets = _datasets("reading data sets from the hub")
    try:
        loaded = datasets.load_dataset(
            match["name"],
            name=match["config"] or None,
            split=match["split"],
            revision=match["revision"],
            streaming=True,
        )
        yield from _rows_of(loaded, match["split"], address)
    except Exception as error:  # whatever the network, the hub or the file formats there come up with
        raise InputError(f"cannot load {address}: {_refused(error)}") from error


def commit(address: str) -> str | None:
    """The commit that an address means today, or meant when the hub could last be reached; none where nobody knows."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    match = _ADDRESS.fullmatch(address)
    if match is None:
        return None
    cut_off = False
    for file in ("README.md", ".gitattributes"):
        try:
            found = hf_hub_download(
                match["name"], file, repo_type="dataset", revision=match["revision"], local_files_only=cut_off
            )
        except LocalEntryNotFoundError:  # no network: it was waited for once
            cut_off = True
            continue
        except (OSError, ValueError):  # no such file, no such data set
            continue
        return Path(found).parent.name
    return None


def _datasets(what: str) -> ModuleType:
    try:
        return importlib.import_module("datasets")
    except ImportError as error:
        raise MissingExtra("hub", what) from error


def _is_saved(path: Path) -> bool:
    return (path / "dataset_dict.json").is_file() or ((path / "state.json").is_file() and any(path.glob("*.arrow")))


def _has_card(path: Path) -> bool:
    card = path / "README.md"
    return card.is_file() and bool(_CARD_WITH_CONFIGS.match(card.read_bytes()))


def _saved(path: Path) -> Iterator[Transcript | Reject]:
    datasets = _datasets("reading a data set that was saved to disk")
    try:
        loaded = datasets.load_from_disk(str(path))
    except Exception as error:  # pyarrow's errors and the folder's own files missing or damaged
        raise InputError(f"a data set saved to disk that cannot be loaded: {_first_line(error)}") from error
    yield from _rows_of(loaded, None, str(path))


def _rows_of(loaded: Any, split: str | None, path: str) -> Iterator[Transcript | Reject]:
    """Rows of a Dataset, or of all splits of a DatasetDict."""
    parts = loaded.items() if isinstance(loaded, dict) else [(split, loaded)]
    for name, part in parts:
        for number, row in enumerate(part, 1):
            yield _judged(row, name, path, number)


def _default_files(folder: Path) -> list[tuple[str | None, str]]:
    """Split and pattern of the files of the card's default config."""
    from huggingface_hub import metadata_load

    try:
        configs = (metadata_load(folder / "README.md") or {})["configs"]
        default = [c for c in configs if c.get("default")] or [c for c in configs if c["config_name"] == "default"]
        chosen = default or configs
        found = [_patterns(config.get("data_files"), config.get("data_dir", ".")) for config in chosen]
        names = ", ".join(config["config_name"] for config in configs)
    except Exception as error:  # whatever a card may hold in the place of a list of configs
        raise InputError(f"the card README.md lists no configs that can be read: {_first_line(error)}") from error
    if len(found) != 1:
        raise InputError(f"a data set with the configs {names}, none of them the default; name the files instead")
    return found[0]


def _patterns(files: Any, folder: str) -> list[tuple[str | None, str]]:
    """The ways a card may name files, as pairs of split and pattern.

    >>> _patterns([{"split": "train", "path": "a/train-*.parquet"}], ".")
    [('train', 'a/train-*.parquet')]
    >>> _patterns({"test": ["b.parquet"]}, ".")
    [('test', 'b.parquet')]
    """
    match files:
        case None:
            return [(None, f"{folder}/**/*.parquet")]
        case str():
            return [(None, files)]
        case {"path": paths}:
            return [(files.get("split"), pattern) for _, pattern in _patterns(paths, folder)]
        case dict():
            return [(split, pattern) for split, paths in files.items() for _, pattern in _patterns(paths, folder)]
        case list():
            return list(chain.from_iterable(_patterns(entry, folder) for entry in files))
    raise ValueError(f"data_files is {files!r:.60}")


def _matching(folder: Path, split: str | None, pattern: str) -> Iterator[Transcript | Reject]:
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        yield Reject(str(folder), "", f"the card README.md names files outside of its folder: {pattern}")
        return
    files = sorted(file for file in folder.glob(pattern) if file.is_file())
    if not files:
        yield Reject(str(folder), "", f"the card README.md names files that are not there: {pattern}")
    for file in files:
        try:
            yield from _file(file, split)
        except InputError as error:
            yield Reject(str(file), "", str(error))


def _file(path: Path, split: str | None) -> Iterator[Transcript | Reject]:
    if path.suffix == ".parquet":
        return _parquet(path, split)
    with path.open("rb") as file:
        laid_out = layout.of(path, file.read(1 << 16))
    if laid_out is None:
        raise InputError("a data file in no known format; known are parquet and JSON")
    return jsonl.read(path) if laid_out == "lines" else json_document.read(path)


def _parquet(path: Path, split: str | None) -> Iterator[Transcript | Reject]:
    number = 0
    try:
        columns = parquet_rows.columns(path)
        in_json = [name for name, kind in columns.items() if "arrow.json" in str(kind)]
        for number, row in enumerate(parquet_rows.rows(path, list(columns)), 1):
            held = {name: parse(row[name]) if isinstance(row[name], str) else row[name] for name in in_json}
            yield _judged(row | held, split, str(path), number)
    except ValueError as error:
        raise InputError(f"after row {number}: {error}" if number else str(error)) from error


def _judged(row: dict[str, Any], split: str | None, path: str, number: int) -> Transcript | Reject:
    """One row; an empty cell of a table says nothing."""
    said = {key: value for key, value in row.items() if value is not None}
    if split is None:
        return from_row(said, path, f"row {number}")
    return from_row({"split": split} | said, path, f"{split} row {number}")


def _refused(error: Exception) -> str:
    """Why a data set cannot be had from the hub, and what to do."""
    told = str(error).strip().partition("\n")[0]
    if any(name in told for name in ("HF_HUB_OFFLINE", "OfflineModeIsEnabled")):
        return "HF_HUB_OFFLINE is set; unset it to go online, or name a folder with a copy"
    match type(error).__name__:
        case "DatasetNotFoundError" if told.startswith("Revision"):
            return "the data set has no such revision; expected a branch, a tag or a commit after '@'"
        case "DatasetNotFoundError" if "gated" in told:
            return "it is gated and there is no access with this token; ask for it on its page, and log in with 'hf auth login'"
        case "DatasetNotFoundError":
            return "the hub has no such data set for whoever asks; check the name, and log in with 'hf auth login' where it is private"
    if isinstance(error, ConnectionError):
        return "the hub cannot be reached; look after the network and try again, or name a folder with a copy"
    return _first_line(error)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
