"""Shards: the rows of a config as parquet files, written as they come, never more than a row group in memory."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from feint.pipeline.release.columns import SPLITS, features

BATCH_CHARACTERS = 1 << 20
"""Characters of JSON after which rows become columns, which take a tenth of the memory."""
GROUP_BYTES = 1 << 24
"""Bytes in memory after which a row group is written."""
SHARD_BYTES = 1 << 28
"""Bytes in memory after which a new shard begins."""


class RowsDigest:
    """A digest over rows in their order, the same whoever reads them: `datasets`, its streaming, polars.

    >>> one, two = RowsDigest(), RowsDigest()
    >>> one.add({"a": 1, "b": None}), two.add({"b": None, "a": 1})
    (16, 16)
    >>> one.hex() == two.hex()
    True
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.rows = 0

    def add(self, row: Mapping[str, Any]) -> int:
        """One row more; its length in characters, as JSON."""
        line = json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        self._hash.update(line.encode() + b"\n")
        self.rows += 1
        return len(line)

    def hex(self) -> str:
        """The digest so far."""
        return self._hash.hexdigest()


class Split:
    """The shards of one config and split."""

    def __init__(self, folder: Path, name: str, schema: Any, canary: str) -> None:
        self._folder, self._name, self._schema, self._canary = folder, name, schema, canary
        self._rows: list[Mapping[str, Any]] = []
        self._characters = 0
        self._batches: list[Any] = []
        self._bytes = 0
        self.size = 0
        """Bytes of all rows in memory."""
        self._writer: Any = None
        self._drafts: list[Path] = []
        self.digest = RowsDigest()

    def add(self, row: Mapping[str, Any]) -> None:
        """One row more."""
        self._characters += self.digest.add(row)
        self._rows.append(row)
        if self._characters >= BATCH_CHARACTERS:
            self._batch()
            if sum(batch.nbytes for batch in self._batches) >= GROUP_BYTES:
                self._flush()

    def close(self) -> None:
        """Write what is left and give every shard its final name."""
        self._flush()
        self._finish()
        count = len(self._drafts)
        for number, draft in enumerate(self._drafts):
            draft.rename(self._folder / f"{self._name}-{number:05}-of-{count:05}.parquet")

    def _batch(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._batches.append(pa.Table.from_pylist(self._rows, schema=self._schema))
            self._rows, self._characters = [], 0

    def _flush(self) -> None:
        """Write what there is as one row group."""
        import pyarrow as pa

        self._batch()
        if not self._batches:
            return
        table = pa.concat_tables(self._batches).combine_chunks()
        self._open().write_table(table, row_group_size=len(table))
        self._bytes += table.nbytes
        self.size += table.nbytes
        self._batches = []
        if self._bytes >= SHARD_BYTES:
            self._finish()

    def _open(self) -> Any:
        """Content-defined chunks let the hub keep what has not changed; the page index lets readers skip."""
        import pyarrow.parquet as pq

        if self._writer is None:
            self._folder.mkdir(exist_ok=True)
            self._drafts.append(self._folder / f".{self._name}-{len(self._drafts)}")
            self._writer = pq.ParquetWriter(
                self._drafts[-1], self._schema, compression="zstd", use_content_defined_chunking=True, write_page_index=True
            )  # fmt: skip
        return self._writer

    def _finish(self) -> None:
        if self._writer is not None:
            self._writer.add_key_value_metadata({"canary": self._canary})
            self._writer.close()
            self._writer, self._bytes = None, 0


class Shards:
    """One config's rows, each to the shards of its split; to be used as a context.

    Splits and configs that get no rows get no files: `datasets` cannot load a file without rows.
    """

    def __init__(self, folder: Path, config: str, canary: str) -> None:
        self.config = config
        schema = features(config).arrow_schema
        self._columns = schema.names
        self._splits = {name: Split(folder / config, SPLITS[name], schema, canary) for name in SPLITS}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        for split in self._splits.values():
            split.close()

    def add(self, split: str, row: Mapping[str, Any]) -> None:
        """One row more; columns that are not the config's are left out."""
        self._splits[split].add({name: row[name] for name in self._columns})

    @property
    def rows(self) -> dict[str, int]:
        """Rows by the hub's name of their split."""
        return {SPLITS[name]: split.digest.rows for name, split in self._splits.items() if split.digest.rows}

    @property
    def digests(self) -> dict[str, str]:
        """Digest of the rows by the hub's name of their split."""
        return {SPLITS[name]: split.digest.hex() for name, split in self._splits.items() if split.digest.rows}

    @property
    def sizes(self) -> dict[str, int]:
        """Bytes of the rows in memory by the hub's name of their split."""
        return {SPLITS[name]: split.size for name, split in self._splits.items() if split.digest.rows}
