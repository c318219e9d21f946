"""A JSON document read in pieces gives the values that reading it whole gives."""

import io
import json
import re
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feint.corpus import document
from feint.corpus.document import Document

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


def opened(content: bytes) -> Document:
    return Document(io.BytesIO(content))


def every(content: bytes) -> list[Any]:
    reading = opened(content)
    values = []
    while reading.peek():
        values.append(reading.value())
    return values


@pytest.fixture(params=[1, 3, 1 << 20], ids=lambda size: f"{size} bytes a time")
def _chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "_CHUNK", request.param)


@pytest.mark.usefixtures("_chunk")
class TestInPieces:
    """However the bytes arrive."""

    @given(st.lists(VALUES, max_size=6), st.sampled_from([None, 1]), st.booleans())
    def test_an_array_is_the_same_item_by_item(self, values: list[Any], indent: int | None, plain: bool) -> None:
        content = json.dumps(values, indent=indent, ensure_ascii=plain).encode()
        assert list(opened(content).items()) == values

    @given(st.lists(VALUES, min_size=1, max_size=6))
    def test_values_in_a_sequence(self, values: list[Any]) -> None:
        assert every("\n".join(json.dumps(value) for value in values).encode()) == values

    def test_a_byte_order_mark_is_not_part_of_it(self) -> None:
        assert every(b"\xef\xbb\xbf[1]") == [[1]]

    @pytest.mark.parametrize(
        ("content", "kept", "sentence"),
        [
            (b'[{"a": 1}, {"a": x}, {"a": 2}]', 1, "not JSON: Expecting value at character 18"),
            (b'[{"a": 1} {"a": 2}]', 1, "not JSON: Expecting ',' at character 11"),
            (b'[{"a": 1}, {"a": "and th', 1, "cut off: the JSON ends in the middle, after 24 characters"),
            (b'[{"a": 1}', 1, "cut off: the JSON ends in the middle, after 9 characters"),
            (b"[" * 5000, 0, "nested more than 200 levels deep"),
        ],
    )
    def test_what_came_before_an_error_is_kept(self, content: bytes, kept: int, sentence: str) -> None:
        items = opened(content).items()
        assert len(list(islice(items, kept))) == kept
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            next(items)


def test_a_broken_value_is_not_searched_for_its_end_to_the_end_of_the_file() -> None:
    file = io.BytesIO(b'[{"a": 1 "b": 2}, ' + b" " * (5 << 20))
    with pytest.raises(ValueError, match="not JSON"):
        list(Document(file).items())
    assert file.tell() <= 2 << 20
