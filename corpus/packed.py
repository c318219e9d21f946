"""Files that may be packed with gzip or zstd, opened as what is inside."""

import gzip
import io
import zlib
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
SUFFIXES = (".gz", ".zst")
BROKEN = (EOFError, zlib.error, zstandard.ZstdError, gzip.BadGzipFile)
"""What reading raises where the packing is damaged or cut off."""


def opened(path: Path) -> BinaryIO:
    """The file's bytes, unpacked as they are read."""
    with path.open("rb") as file:
        start = file.read(len(ZSTD))
    if start.startswith(GZIP):
        return cast("BinaryIO", gzip.open(path))
    if start.startswith(ZSTD):
        unpacked = zstandard.ZstdDecompressor().stream_reader(path.open("rb"), read_across_frames=True, closefd=True)
        return cast("BinaryIO", io.BufferedReader(unpacked))
    return path.open("rb")


def inside(head: bytes) -> bytes:
    """The first bytes of what is packed, from the first bytes of the file; bytes that are not packed as they are.

    >>> inside(gzip.compress(b'{"id": 1}'))
    b'{"id": 1}'
    """
    with suppress(*BROKEN):
        if head.startswith(GZIP):
            return zlib.decompressobj(wbits=31).decompress(head, len(head))
        if head.startswith(ZSTD):
            return zstandard.ZstdDecompressor().stream_reader(head).read(len(head))
    return head


def bare_suffix(path: Path) -> str:
    """The suffix below the packing, in lower case.

    >>> bare_suffix(Path("chats.JSONL.gz"))
    '.jsonl'
    """
    suffix = path.suffix.lower()
    return bare_suffix(path.with_suffix("")) if suffix in SUFFIXES else suffix
