"""Digests: the names of things by what is in them."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LENGTH = 32
"""Hexadecimal digits of a digest: 128 bits."""


def of_text(text: str) -> str:
    """Digest of a text, lone surrogates included.

    >>> of_text("comply")
    '3a55a1b23f2710974cdceea261f36e57'
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:LENGTH]


def of_value(value: Any) -> str:
    """Digest of anything JSON can hold; the order of keys does not matter.

    >>> of_value({"a": 1, "b": 2}) == of_value({"b": 2, "a": 1})
    True
    """
    return of_text(json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")))


def of_file(path: Path) -> str:
    """Full sha256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_files(paths: Iterable[Path]) -> str:
    """Digest over names and bytes of files, in the order of their names."""
    return of_value([[path.name, of_file(path)] for path in sorted(paths)])


def of_bytes(data: bytes) -> str:
    """Full sha256 of bytes."""
    return hashlib.sha256(data).hexdigest()
