"""A JSON document read in pieces: values are parsed one after another, and only one is held."""

import codecs
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from feint.corpus.json_text import DEEPEST

LARGEST = 1 << 29
"""Characters one value may have."""

_CHUNK = 1 << 20
_SPACE = " \t\n\r"
_SLACK = 16
"""An error this near the end of what was read may only mean that more has to be read: a cut word, number or escape."""


class Document:
    r"""A place in a JSON text that moves forward as values are taken; a ValueError says what is wrong with the text.

    Bytes that are not UTF-8 come out as lone surrogates, so that only the value that holds them is lost.

    >>> import io
    >>> document = Document(io.BytesIO(b'{"version": 2, "samples": [{"id": 1}, {"id": 2}]}'))
    >>> for key in document.fields():
    ...     print(key, list(document.items()) if key == "samples" else document.value())
    version 2
    samples [{'id': 1}, {'id': 2}]
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._unicode = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self._decoder = json.JSONDecoder(strict=False)
        self._buffer = ""
        self._at = 0
        self._passed = 0

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            while self._at < len(self._buffer):
                if self._buffer[self._at] not in _SPACE:
                    return self._buffer[self._at]
                self._at += 1
            if not self._more(_CHUNK):
                return ""

    def value(self) -> Any:
        """The next value."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                unfinished = error.msg.startswith("Unterminated string") or error.pos > len(self._buffer) - _SLACK
                problem = self._error(error.msg, error.pos)
                if not (unfinished and self._more(len(self._buffer))):
                    raise problem from None
                continue
            except RecursionError:
                raise ValueError(f"nested more than {DEEPEST} levels deep") from None
            goes_on = isinstance(value, int | float) and end > len(self._buffer) - _SLACK  # '1' may yet become '1.5e3'
            finish = self._passed + end
            if not (goes_on and self._more(_CHUNK)):
                self._at = finish - self._passed
                return value

    def items(self) -> Iterator[Any]:
        """The items of the array that is next, one at a time."""
        yield from (self.value() for _ in self._members("[", "]"))

    def fields(self) -> Iterator[str]:
        """The keys of the object that is next; the caller takes the value after each."""
        for _ in self._members("{", "}"):
            key = self.value()
            if not isinstance(key, str):
                raise self._error("Expecting a key in quotes", self._at)
            self._take(":")
            yield key

    def _members(self, opens: str, closes: str) -> Iterator[None]:
        self._take(opens)
        if self.peek() == closes:
            self._at += 1
            return
        while True:
            yield
            if self.peek() == closes:
                self._at += 1
                return
            self._take(",")

    def _take(self, char: str) -> None:
        if self.peek() != char:
            raise self._error(f"Expecting {char!r}", self._at)
        self._at += 1

    def _more(self, size: int) -> bool:
        """Read on, at least a chunk; the part that was passed is let go."""
        kept = self._buffer[self._at :]
        if len(kept) > LARGEST:
            raise ValueError(f"one value is longer than {LARGEST >> 20} million characters, which no transcript is")
        read = self._file.read(max(size, _CHUNK))
        self._passed += self._at
        self._buffer, self._at = kept + self._unicode.decode(read, final=not read), 0
        return bool(read)

    def _error(self, message: str, position: int) -> ValueError:
        if message.startswith("Unterminated string") or not self._buffer[position:].strip():
            end = self._passed + len(self._buffer)
            return ValueError(f"cut off: the JSON ends in the middle, after {end} characters")
        return ValueError(f"not JSON: {message} at character {self._passed + position + 1}")
