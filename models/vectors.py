"""Vectors of blocks, kept on disk by what they were made from, so that no text is encoded twice."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from feint.corpus import digest
from feint.models.encoders import Encoder
from feint.models.encoders.windows import Vectors
from feint.models.passages import Block


class VectorCache:
    """A file of vectors; a crash leaves every finished chunk in it and nothing half-written.

    The key is the digest of a block's text and bounds together with the encoder's fingerprint; a file that is
    not such a cache is replaced by an empty one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def encode(self, encoder: Encoder, blocks: Sequence[Block], chunk: int = 64) -> Iterator[list[Vectors]]:
        """The blocks' vectors in order, `chunk` blocks at a time; only what is not in the file is encoded."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._path, timeout=60)) as file:
            file.execute("CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, rows INTEGER, data BLOB)")
            for start in range(0, len(blocks), chunk):
                yield self._chunk(file, encoder, blocks[start : start + chunk])

    def _chunk(self, file: sqlite3.Connection, encoder: Encoder, blocks: Sequence[Block]) -> list[Vectors]:
        keys = [digest.of_value([encoder.fingerprint, block.text, block.bounds]) for block in blocks]
        known = {key: vectors for key in keys if (vectors := _get(file, key)) is not None}
        missing = {key: block for key, block in zip(keys, blocks, strict=True) if key not in known}
        fresh = dict(zip(missing, encoder.encode(list(missing.values())), strict=True))
        with file:
            file.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                [(key, len(vectors), vectors.tobytes()) for key, vectors in fresh.items()],
            )
        known |= fresh
        return [known[key] for key in keys]


def _get(file: sqlite3.Connection, key: str) -> Vectors | None:
    found = file.execute("SELECT rows, data FROM vectors WHERE key = ?", (key,)).fetchone()
    if found is None:
        return None
    rows, data = found
    return np.frombuffer(data, np.float32).reshape(rows, -1)
