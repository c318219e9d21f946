"""The ledger: what people did in one project, each task as Label Studio last gave it, in one SQLite file."""

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from feint.corpus import digest
from feint.corpus.errors import InputError

LEDGER = "ledger.sqlite3"
_TABLES = """
    CREATE TABLE IF NOT EXISTS tasks (
        task INTEGER PRIMARY KEY, transcript TEXT NOT NULL, stamp TEXT NOT NULL, digest TEXT NOT NULL,
        whole BLOB NOT NULL
    );
    CREATE INDEX IF NOT EXISTS by_transcript ON tasks (transcript);
    CREATE TABLE IF NOT EXISTS annotators (number INTEGER PRIMARY KEY, name TEXT NOT NULL);
"""
_INSERT = "INSERT OR REPLACE INTO tasks VALUES (?, ?, ?, ?, ?)"
_ASKED = 500
"""Names in one query; SQLite takes 999."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A task as it was exported, with its annotations."""

    task: int
    transcript_id: str
    """Digest of the words it shows, as the task says; empty where it does not."""
    stamp: str
    """Its `Held.stamp` *before* it was exported: a change while it was read is newer, and is read next time."""
    whole: Mapping[str, Any]


class Ledger:
    """Annotated tasks by their number; every `put` and `drop` is there as a whole or not at all.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder) / "ledger.sqlite3") as ledger:
    ...     ledger.put([Entry(7, "words", "2026-11-28T12:00:00Z", {"id": 7})])
    ...     ledger.seen(), list(ledger.of(["words", "others"]))
    ({7: '2026-11-28T12:00:00Z'}, [{'id': 7}])
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._db = sqlite3.connect(path, timeout=60)
        try:
            self._db.executescript(_TABLES)
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise InputError(f"{path} is no ledger ({error}); delete it and pull again") from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def seen(self) -> dict[int, str]:
        """Every task, and its stamp before it was read."""
        return dict(self._db.execute("SELECT task, stamp FROM tasks"))

    def put(self, entries: Iterable[Entry]) -> None:
        """Write tasks down, in the place of what was known of them."""
        rows = [_row(one) for one in entries]
        with self._db:
            self._db.executemany(_INSERT, rows)

    def drop(self, tasks: Iterable[int]) -> None:
        """Forget tasks."""
        with self._db:
            self._db.executemany("DELETE FROM tasks WHERE task = ?", [(task,) for task in tasks])

    def replace(self, entries: Iterable[Entry]) -> int:
        """Hold these and no others; how many. Where they end in an error, what was there stays."""
        count = 0
        with self._db:
            self._db.execute("DELETE FROM tasks")
            for one in entries:
                self._db.execute(_INSERT, _row(one))
                count += 1
        return count

    def name(self, annotators: Mapping[int, str]) -> None:
        """What annotators are called, by number."""
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO annotators VALUES (?, ?)", sorted(annotators.items()))

    def annotators(self) -> dict[int, str]:
        """The same, as it was last told."""
        return dict(self._db.execute("SELECT number, name FROM annotators"))

    def of(self, transcripts: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The tasks that show these transcripts, in the order of their numbers within each few hundred."""
        for start in range(0, len(transcripts), _ASKED):
            names = transcripts[start : start + _ASKED]
            holes = ",".join("?" * len(names))
            for (whole,) in self._db.execute(
                f"SELECT whole FROM tasks WHERE transcript IN ({holes}) ORDER BY task",  # noqa: S608  holes
                names,
            ):
                yield _unpacked(whole)

    def shown(self) -> Iterator[tuple[int, str]]:
        """Number of each task, and the transcript it shows."""
        yield from self._db.execute("SELECT task, transcript FROM tasks ORDER BY task")

    def digest(self) -> str:
        """Name of everything in it; the same tasks have the same, in whatever order they were pulled."""
        tasks = list(self._db.execute("SELECT task, digest FROM tasks ORDER BY task"))
        return digest.of_value([sorted(self.annotators().items()), tasks])


def _row(entry: Entry) -> tuple[int, str, str, str, bytes]:
    words = json.dumps(entry.whole, ensure_ascii=False, sort_keys=True)
    packed = zlib.compress(words.encode("utf-8", "surrogatepass"), 1)
    return entry.task, entry.transcript_id, entry.stamp, digest.of_text(words), packed


def _unpacked(whole: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(zlib.decompress(whole).decode("utf-8", "surrogatepass"))
    return found
