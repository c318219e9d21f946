"""Inspect Scout databases: a folder of `transcripts_*.parquet`, or one such file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from feint.corpus import parquet_rows, rows
from feint.corpus.errors import InputError
from feint.corpus.json_text import parse
from feint.corpus.metadata import lifted
from feint.corpus.reject import Reject
from feint.corpus.transcript import Transcript

NAME = "scout_db"

_FILES = "transcripts_*.parquet"
_WORDS = ("transcript_id", "messages", "model")
"""Columns that have a place of their own in a transcript; the others are metadata."""
_NEVER_READ = ("events", "events_data", "timelines", "input")
"""Columns that hold the words a second time; they are most of the bytes."""
_AS_JSON = (
    "agent_args",
    "eval_metadata",
    "generate_config",
    "model_options",
    "model_roles",
    "sample_metadata",
    "scores",
    "task_args",
)
"""Metadata columns whose text is a JSON value."""


def recognises(path: Path, head: bytes) -> bool:
    """Whether this is a folder that holds such files, or a file with their columns, whatever it is called."""
    if path.is_dir():
        return any(path.glob(_FILES))
    by_name = path.match(_FILES)
    if not by_name and not head.startswith(parquet_rows.MAGIC):
        return False
    try:
        columns = parquet_rows.columns(path)
    except ValueError:
        return by_name  # damaged or encrypted: reading says what is wrong
    return "transcript_id" in columns and str(columns.get("messages", "String")) == "String"


def read(path: Path) -> Iterator[Transcript | Reject]:
    """Every transcript of the database, file by file; a damaged file is one reject."""
    for part in sorted(path.glob(_FILES)) if path.is_dir() else [path]:
        try:
            yield from _part(part)
        except InputError as error:
            yield Reject(str(part), "", str(error))


def _part(path: Path) -> Iterator[Transcript | Reject]:
    if path.name.endswith(".enc.parquet"):
        raise InputError("an encrypted Scout database; decrypt it first: scout db decrypt")
    number = 0
    try:
        there = parquet_rows.columns(path)
        if not {"transcript_id", "messages"} <= there.keys():
            raise InputError(f"expected columns transcript_id and messages, found {', '.join(there)}")
        wanted = [name for name in there if name not in _NEVER_READ]
        for number, row in enumerate(parquet_rows.rows(path, wanted), 1):
            yield _judged(row, str(path), f"row {number}")
    except ValueError as error:
        raise InputError(f"after row {number}: {error}" if number else str(error)) from error


def _judged(row: dict[str, Any], path: str, place: str) -> Transcript | Reject:
    try:
        return transcript(row, path)
    except ValueError as error:
        return Reject(path, place, str(error), str(row["transcript_id"]))


def transcript(row: dict[str, Any], source: str) -> Transcript:
    """One row of the database; a ValueError says in one sentence why it is no transcript.

    >>> said = '[{"role": "assistant", "content": "Yes."}]'
    >>> row = {"transcript_id": "L9P", "messages": said, "task_set": "af", "sample_metadata": '{"seed": 7}'}
    >>> transcript(row, "db").metadata
    {'task_set': 'af', 'sample_metadata': {'seed': 7}, 'seed': 7}
    """
    if not row["messages"]:
        failed = row.get("error")
        raise ValueError(f"a transcript without messages{f'; it failed with {failed}' if failed else ''}")
    others = {key: row[key] for key in row if key not in _WORDS and row[key] not in (None, "")}
    held = {key: _parsed(value) if key in _AS_JSON else value for key, value in others.items()}
    objects = [held[key] for key in ("sample_metadata", "eval_metadata") if isinstance(held.get(key), dict)]
    return rows.transcript(
        {"messages": row["messages"]},
        name=str(row["transcript_id"]),
        model=str(row["model"]) if row.get("model") else None,
        source=source,
        metadata={key: value for key, value in held.items() if value not in ({}, [])} | lifted(held, *objects),
    )


def _parsed(text: Any) -> Any:
    """The value in the text; the text itself where it is none."""
    try:
        return parse(text) if isinstance(text, str) else text
    except ValueError:
        return text
