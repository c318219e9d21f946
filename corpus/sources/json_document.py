"""One JSON document: an array of rows, a single row, rows in a sequence, or one conversation as a list of messages."""

from collections.abc import Iterator
from itertools import chain, count, islice
from pathlib import Path

from feint.corpus import chat, layout, packed
from feint.corpus.document import Document
from feint.corpus.errors import InputError
from feint.corpus.reject import Reject
from feint.corpus.rows import from_row
from feint.corpus.transcript import Transcript

NAME = "json_document"


def recognises(path: Path, head: bytes) -> bool:
    """Whether this is a JSON document whose first item is a row or a message; packed or not."""
    return not path.is_dir() and layout.of(path, head) == "document"


def read(path: Path) -> Iterator[Transcript | Reject]:
    """Every row as a transcript or a reject, in order; nothing but one row is held in memory."""
    numbers = count(1)
    with packed.opened(path) as file:
        document = Document(file)
        try:
            while opening := document.peek():
                for row in _rows(document, opening):
                    yield from_row(row, str(path), f"item {next(numbers)}")
        except ValueError as error:
            raise InputError(f"item {next(numbers)} cannot be read: {error}") from error
        except packed.BROKEN as error:
            raise InputError(f"packed and damaged or cut off after item {next(numbers) - 1}: {error}") from error


def _rows(document: Document, opening: str) -> Iterator[object]:
    if opening != "[":
        yield document.value()
        return
    items = document.items()
    beginning = list(islice(items, 1))
    if beginning and chat.is_message(beginning[0]):
        yield [*beginning, *items]
    else:
        yield from chain(beginning, items)
