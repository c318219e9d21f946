"""One JSON value out of bytes nobody vouches for."""

import json
from itertools import chain
from typing import Any

from pydantic_core import from_json

DEEPEST = 200
"""Levels of nesting a value may have; the parser and everything that writes values down stop near there."""


def parse(raw: bytes | str) -> Any:
    r"""The value; a ValueError says in one sentence why there is none.

    Lone surrogates (``"\ud800"``) and raw control characters inside strings are let through: many tools write them, and
    whether they matter depends on where they stand (`surrogate`).

    >>> parse(b'{"id": 1}')
    {'id': 1}
    >>> parse(b'{"id": ')
    Traceback (most recent call last):
    ...
    ValueError: not JSON: Expecting value at character 8
    """
    try:
        return from_json(raw)
    except ValueError as error:
        if "recursion limit" in str(error):
            raise ValueError(_deep()) from None
    try:
        return json.loads(raw if isinstance(raw, str) else raw.decode(), strict=False)
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8: byte {error.start + 1} is {error.object[error.start]:#04x}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError(_deep()) from None
    except ValueError as error:  # a number of more digits than Python converts
        raise ValueError(f"not JSON that can be held: {error}") from None


def beginning(head: bytes) -> Any:
    """The value that starts here, as far as it reaches; None where none starts.

    >>> beginning(b'[{"role": "user", "content": "How d')
    [{'role': 'user', 'content': 'How d'}]
    """
    whole = head.removeprefix(b"\xef\xbb\xbf").decode(errors="ignore").encode()  # a character may be cut in half
    try:
        return from_json(whole, allow_partial="trailing-strings")
    except ValueError:
        return None


def surrogate(value: Any, at: str) -> str | None:
    r"""Where in a value the first lone surrogate stands, in words; None where there is none.

    Nothing that writes UTF-8 can take one.

    >>> surrogate({"id": "a", "texts": ["fine", "b\ud800"]}, "row")
    'row.texts[1], character 2'
    """
    waiting = [(value, at)]
    while waiting:
        value, at = waiting.pop()
        if isinstance(value, str) and not value.isascii() and (cut := _first_surrogate(value)) is not None:
            return f"{at}, character {cut + 1}"
        waiting.extend(reversed(_children(value, at)))
    return None


def named(value: Any) -> str:
    """What a JSON value is, in words.

    >>> named([1]), named(None)
    ('a list', 'null')
    """
    if value is None:
        return "null"
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return kinds.get(type(value), type(value).__name__)


def _children(value: Any, at: str) -> list[tuple[Any, str]]:
    if isinstance(value, dict):
        inside = [((key, f"{at}, key {i}"), (value[key], f"{at}.{key}")) for i, key in enumerate(value)]
        return list(chain.from_iterable(inside))
    return [(child, f"{at}[{i}]") for i, child in enumerate(value)] if isinstance(value, list | tuple) else []


def _first_surrogate(text: str) -> int | None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None


def _deep() -> str:
    return f"nested more than {DEEPEST} levels deep"
