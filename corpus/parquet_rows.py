"""Rows of a parquet file as Python values, a slice at a time, so that memory stays flat however long the file is."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

MAGIC = b"PAR1"
_FIRST = 64
"""Rows of the first slice; it shows how large rows are."""
_MOST = 10_000
_BYTES = 1 << 25
"""Bytes a slice should have."""


def columns(path: Path) -> dict[str, Any]:
    """Names and polars types of the columns but those of bytes (images, audio); a ValueError for a damaged file."""
    import polars as pl  # takes longer to import than most logs take to read

    try:
        return {name: kind for name, kind in pl.read_parquet_schema(path).items() if "Binary" not in str(kind)}
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ValueError(f"a damaged parquet file: {_first_line(error)}") from error


def rows(path: Path, wanted: Collection[str]) -> Iterator[dict[str, Any]]:
    """Every row with the wanted columns, dates and decimals as text; a ValueError for a damaged file.

    Slices are cut again and again from the one lazy frame, because a file often has all its rows in one group: a reader
    of batches holds that group whole, a slice only its pages.
    """
    import polars as pl
    import polars.selectors as cs

    as_text = (cs.temporal() | cs.decimal()).cast(pl.String)
    frame = pl.scan_parquet(path, glob=False).select(wanted).with_columns(as_text)
    start, size = 0, _FIRST
    while True:
        try:
            part = frame.slice(start, size).collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise ValueError(f"a damaged parquet file, from row {start + 1} on: {_first_line(error)}") from error
        yield from part.iter_rows(named=True)
        if part.height < size:
            return
        start += size
        size = max(1, min(_MOST, _BYTES * part.height // max(1, int(part.estimated_size()))))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
