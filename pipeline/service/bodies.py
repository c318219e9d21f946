"""Bodies of requests: JSON lines or JSON, to transcripts and rejects."""

from collections.abc import Iterable
from io import BytesIO
from itertools import islice
from typing import Literal

from feint.corpus import chat
from feint.corpus.errors import InputError
from feint.corpus.json_text import named, parse
from feint.corpus.reject import Reject
from feint.corpus.rows import from_row
from feint.corpus.sources import jsonl
from feint.corpus.transcript import Transcript

Form = Literal["lines", "document"]
FORMS: dict[str, Form] = {
    "application/x-ndjson": "lines",
    "application/jsonl": "lines",
    "application/json": "document",
}
"""Media types that are taken."""


def transcripts(body: bytes, form: Form, most: int) -> list[Transcript | Reject]:
    """Every row, in order, at most one more than `most`; InputError where the body as a whole cannot be read.

    >>> [one.id for one in transcripts(b'[{"id": "a", "text": "Yes."}, {"id": "b", "text": "No."}]', "document", 10)]
    ['a', 'b']
    """
    if form == "lines":
        return list(islice(jsonl.from_lines(BytesIO(body), ""), most + 1))
    try:
        value = parse(body)
    except ValueError as error:
        raise InputError(str(error)) from error
    if not isinstance(value, list | dict):
        raise InputError(f"found {named(value)}, expected a transcript or a list of transcripts")
    conversation = isinstance(value, list) and bool(value) and chat.is_message(value[0])
    rows: Iterable[object] = value if isinstance(value, list) and not conversation else [value]
    return [from_row(row, "", f"item {number}") for number, row in enumerate(islice(rows, most + 1), 1)]
