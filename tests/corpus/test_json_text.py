"""One JSON value out of untrusted bytes."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feint.corpus.json_text import DEEPEST, beginning, parse, surrogate

ANY_TEXT = st.text(st.characters(codec=None))


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"nothing", "not JSON: Expecting value at character 1"),
        (b'{"a": 1} {', "not JSON: Extra data at character 10"),
        (b'{"a": "\xff"}', "not UTF-8: byte 8 is 0xff"),
        (b"[" * 100_000, "nested more than 200 levels deep"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(raw: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        parse(raw)


def test_a_number_too_long_for_python_is_an_error_and_no_crash() -> None:
    with pytest.raises(ValueError, match="not JSON that can be held"):
        parse(b'{"a": ' + b"1" * 5000 + b"}")


def test_control_characters_inside_a_text_are_let_through() -> None:
    assert parse(b'{"a": "\x00\t"}') == {"a": "\x00\t"}


def test_the_deepest_value_that_is_taken_can_be_searched() -> None:
    raw = b'{"a":' * (DEEPEST - 1) + b'"\\ud800"' + b"}" * (DEEPEST - 1)
    assert surrogate(parse(raw), "row") == "row" + ".a" * (DEEPEST - 1) + ", character 1"


@given(st.dictionaries(ANY_TEXT, ANY_TEXT | st.lists(ANY_TEXT)))
def test_a_value_without_lone_surrogates_can_be_written_and_one_with_cannot(value: dict[str, Any]) -> None:
    clean = surrogate(value, "row") is None
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        assert not clean
    else:
        assert clean


@given(st.dictionaries(st.text("abc"), st.text()), st.data())
def test_any_beginning_of_a_value_is_a_part_of_it(value: dict[str, str], data: st.DataObject) -> None:
    raw = json.dumps(value, ensure_ascii=False).encode()
    start = beginning(raw[: data.draw(st.integers(1, len(raw)))])
    assert start.keys() <= value.keys()
    assert all(value[key].startswith(text) for key, text in start.items())
