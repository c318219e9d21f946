"""Rows: one parsed row of any file to a transcript, or to a reject that says why not."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_jsonable_python

from feint.corpus import chat
from feint.corpus.json_text import DEEPEST, named, parse, surrogate
from feint.corpus.reject import Reject
from feint.corpus.transcript import Transcript

OWN = frozenset({"id", "model", "source", "metadata"})
"""Keys of a row besides those that hold its words; any other key is kept in the metadata under its own name."""


def from_row(row: Any, path: str, place: str) -> Transcript | Reject:
    """One row in any of the shapes of `feint.corpus.chat`; a bare list of messages is a row too.

    A row without an id is named by its place, a row without a source by its file.

    >>> transcript = from_row({"text": "I comply.", "label": True}, "a.jsonl", "line 3")
    >>> transcript.id, transcript.source, transcript.metadata
    ('line-3', 'a.jsonl', {'label': True})
    >>> from_row({"id": 7}, "a.jsonl", "line 4").reason
    "no messages; expected 'messages', a list of {role, content} objects, or 'text'"
    """
    if isinstance(row, list) and row and all(map(chat.is_message, row)):
        row = {"messages": row}
    if not isinstance(row, dict):
        return Reject(path, place, f"found {named(row)}, expected an object with 'messages' or 'text'")
    name = row.get("id")
    try:
        if name is not None and (isinstance(name, bool) or not isinstance(name, str | int | float)):
            raise ValueError(f"id is {named(name)}, expected text or a number")
        others = {key: row[key] for key in row if key not in OWN | chat.words(row)}
        return transcript(
            row,
            name=place.replace(" ", "-") if name in (None, "") else str(name),
            model=_text_or_none(row, "model"),
            source=_text_or_none(row, "source") or path or None,
            metadata=others | _metadata(row.get("metadata")),
        )
    except ValueError as error:
        said = None if name in (None, "") else str(name).encode(errors="replace").decode()
        return Reject(path, place, str(error), said)


def transcript(
    row: dict[str, Any], *, name: str, model: str | None, source: str | None, metadata: Mapping[str, Any]
) -> Transcript:
    """The words of a row under a name; a ValueError says in one sentence what is wrong with it."""
    messages = chat.messages(row)
    plain = _plain(metadata)
    texts = {"id": name, "model": model, "source": source, "metadata": plain}
    spoken = [{"content": message.content, "reasoning": message.reasoning} for message in messages]
    at = surrogate(spoken, "messages") or next(filter(None, (surrogate(texts[key], key) for key in texts)), None)
    if at:
        raise ValueError(f"lone surrogate at {at}: half a character or a stray byte, which UTF-8 cannot hold")
    return Transcript(id=name, messages=messages, model=model, source=source, metadata=plain)


def _plain(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as JSON holds it: no NaN, no dates, no bytes."""
    try:
        plain: dict[str, Any] = to_jsonable_python(metadata, inf_nan_mode="null", bytes_mode="base64", fallback=str)
    except ValueError:
        raise ValueError(f"metadata is nested more than {DEEPEST} levels deep") from None
    return plain


def _text_or_none(row: dict[str, Any], key: str) -> str | None:
    given = row.get(key)
    if given is not None and not isinstance(given, str):
        raise ValueError(f"{key} is {named(given)}, expected text")
    return given


def _metadata(given: Any) -> dict[str, Any]:
    """The object itself; tables often hold it as JSON in a text."""
    held = parse(given) if isinstance(given, str) and given.lstrip().startswith("{") else given
    if held is not None and not isinstance(held, dict):
        raise ValueError(f"metadata is {named(held)}, expected an object")
    return held or {}
