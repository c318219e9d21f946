"""JSON lines: one transcript a line, each in the project's own form or in any of the usual chat shapes."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from feint.corpus import layout, packed
from feint.corpus.errors import InputError
from feint.corpus.json_text import parse
from feint.corpus.reject import Reject
from feint.corpus.rows import from_row
from feint.corpus.transcript import Transcript

NAME = "jsonl"
LONGEST = 1 << 28
"""Bytes a line may have; a longer one is passed over without being held."""


def recognises(path: Path, head: bytes) -> bool:
    """Whether the first line is a row, or the suffix promises lines; packed or not."""
    return not path.is_dir() and layout.of(path, head) == "lines"


def read(path: Path) -> Iterator[Transcript | Reject]:
    """Every line as a transcript or a reject, in order; nothing but one line is held in memory."""
    with packed.opened(path) as file:
        yield from from_lines(file, str(path))


def from_lines(file: BinaryIO, path: str) -> Iterator[Transcript | Reject]:
    """The same from any open file, such as standard input; blank lines are skipped."""
    for number, line in _numbered(file, path):
        place = f"line {number}"
        if len(line) > LONGEST:
            yield Reject(path, place, f"longer than {LONGEST >> 20} MiB, which no transcript is")
            continue
        try:
            row = parse(line)
        except ValueError as error:
            yield Reject(path, place, str(error))
            continue
        yield from_row(row, path, place)


def _numbered(file: BinaryIO, path: str) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, from 1; of one that is too long only its beginning."""
    number = 0
    try:
        while line := file.readline(LONGEST + 1):
            number += 1
            if number == 1:
                _check_text(line)
                line = line.removeprefix(b"\xef\xbb\xbf")
            if not line.isspace():
                yield number, line
            while len(line) > LONGEST and not line.endswith(b"\n"):
                line = file.readline(LONGEST + 1)
    except packed.BROKEN as error:
        raise InputError(f"{path} is packed and damaged or cut off after line {number}: {error}") from error


def _check_text(line: bytes) -> None:
    if line.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in line[:4].strip():
        raise InputError("found UTF-16 or binary bytes, expected lines of JSON in UTF-8; save the file as UTF-8")
    if b"\0" in line and not line.lstrip(b"\xef\xbb\xbf \t").startswith((b"{", b"[")):
        raise InputError("found binary bytes, expected lines of JSON in UTF-8")
