"""Vectors of blocks, kept on disk by what they were made from, so that no text is encoded twice."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from feint.corpus import digest
from feint.corpus.errors import InputError
from feint.models.encoders import Encoder
from feint.models.encoders.windows import Vectors
from feint.models.passages import Block

NO_CACHE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)
"""What SQLite answers where the file is none of its own, is damaged, or has other columns."""


class VectorCache:
    """A file of vectors; a crash leaves every finished chunk in it and nothing half-written.

    The key is the digest of a block's text and bounds together with the encoder's fingerprint; a file that is
    not such a cache is replaced by an empty one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def encode(self, encoder: Encoder, blocks: Sequence[Block], chunk: int = 64) -> Iterator[list[Vectors]]:
        """The blocks' vectors in order, `chunk` blocks at a time; only what is not in the file is encoded.

        InputError where the file cannot be written.
        """
        for start in range(0, len(blocks), chunk):
            yield self._chunk(encoder, blocks[start : start + chunk])

    def _chunk(self, encoder: Encoder, blocks: Sequence[Block]) -> list[Vectors]:
        keys = [digest.of_value([encoder.fingerprint, block.text, block.bounds]) for block in blocks]
        known = self._get(keys, encoder.dimensions)
        missing = {key: block for key, block in zip(keys, blocks, strict=True) if key not in known}
        fresh = dict(zip(missing, encoder.encode(list(missing.values())), strict=True))
        self._put(fresh)
        known |= fresh
        return [known[key] for key in keys]

    def _get(self, keys: Sequence[str], dimensions: int) -> dict[str, Vectors]:
        try:
            with closing(self._opened()) as file:
                rows = [file.execute("SELECT * FROM vectors WHERE key = ?", (key,)).fetchone() for key in keys]
                return {
                    key: np.frombuffer(data, np.float32).reshape(count, dimensions)
                    for key, count, data in filter(None, rows)
                }
        except (sqlite3.DatabaseError, ValueError) as error:
            self._cleared(error)
            return {}

    def _put(self, fresh: dict[str, Vectors]) -> None:
        rows = [(key, len(vectors), vectors.tobytes()) for key, vectors in fresh.items()]
        try:
            self._insert(rows)
        except sqlite3.DatabaseError as error:
            self._cleared(error)
            self._insert(rows)

    def _insert(self, rows: Sequence[tuple[str, int, bytes]]) -> None:
        with closing(self._opened()) as file, file:
            file.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def _opened(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = sqlite3.connect(self._path, timeout=60)
        try:
            file.execute("CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, rows INTEGER, data BLOB)")
        except BaseException:
            file.close()
            raise
        return file

    def _cleared(self, error: Exception) -> None:
        """Take a file that is no such cache away, with the journal of whoever wrote it; raise where it is another trouble."""
        if isinstance(error, sqlite3.DatabaseError) and error.sqlite_errorcode & 0xFF not in NO_CACHE:
            raise InputError(f"cannot keep vectors in {self._path}: {error}") from error
        for left in self._path.parent.glob(f"{self._path.name}*"):
            left.unlink()
