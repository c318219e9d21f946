"""Members of a zip come out whole, or not at all with a sentence."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest

from feint.corpus import zip_members

CONTENT = b"They watch. " * 1000


@pytest.fixture
def only(parts: Any) -> Callable[..., bytes]:
    """What is read from a zip with one member of these properties."""
    entry, zipped, _ = parts

    def read(content: bytes = CONTENT, **properties: Any) -> bytes:
        file = io.BytesIO(zipped([entry("a.json", content, **properties)]))
        (member,) = zip_members.members(file)
        return zip_members.read(file, member)

    return read


@pytest.mark.parametrize(("method", "frames"), [(0, 1), (8, 1), (93, 1), (93, 7)])
def test_every_packing_gives_the_bytes(method: int, frames: int, only: Callable[..., bytes]) -> None:
    assert only(method=method, frames=frames) == CONTENT
    assert only(b"", method=method) == b""


def test_the_last_of_two_members_of_one_name_counts(parts: Any) -> None:
    entry, zipped, _ = parts
    entries = [entry("a", b"old"), entry("b", b"other"), entry("a", b"new")]
    file = io.BytesIO(zipped(entries))
    assert [zip_members.read(file, member) for member in zip_members.members(file)] == [b"new", b"other"]
    file = io.BytesIO(zipped(entries, directory=False))
    assert [zip_members.read(file, member) for member in zip_members.rescued(file)] == [b"new", b"other"]


@pytest.mark.parametrize(
    ("properties", "sentence"),
    [
        ({"method": 12}, "packed with zip method 12; known are 0 (stored), 8 (deflate) and 93 (zstd)"),
        ({"flags": 1}, "encrypted; decrypt the log first"),
        ({"method": 0, "claimed": 9}, "damaged: its 12000 bytes are not the 9 that were written"),
        ({"claimed": 1 << 30}, "0.0 MiB would unpack to 1,024.0 MiB, too much for a sample; not unpacked"),
        ({"claimed": 100 << 20}, "0.0 MiB would unpack to 100.0 MiB, too much for a sample; not unpacked"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    properties: dict[str, Any], sentence: str, only: Callable[..., bytes]
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        only(**properties)


@pytest.mark.parametrize("method", [8, 93])
def test_a_damaged_member_is_not_taken(method: int, only: Callable[..., bytes]) -> None:
    with pytest.raises(ValueError, match="damaged"):
        only(method=method, damaged=True)


@pytest.mark.parametrize("method", [8, 93])
def test_a_member_that_lies_about_its_size_is_not_unpacked_further(method: int, only: Callable[..., bytes]) -> None:
    with pytest.raises(ValueError, match="damaged: its 101 bytes are not the 100 that were written"):
        only(b"\0" * (50 << 20), method=method, claimed=100)


def test_a_zip_of_many_bombs_is_refused_as_a_whole(parts: Any) -> None:
    entry, zipped, _ = parts
    content = zipped([entry(f"{i}", b"x", claimed=60 << 20) for i in range(100)])
    with pytest.raises(ValueError, match=r"would unpack to 6,000\.0 MiB"):
        zip_members.check_total(zip_members.members(io.BytesIO(content)), len(content))


def test_every_cut_of_a_zip_gives_the_members_that_are_whole(parts: Any) -> None:
    entry, zipped, _ = parts
    whole = [zipped([entry("a", b"1" * 50)] * count, directory=False) for count in range(3)]
    content = zipped([entry("a", b"1" * 50), entry("b", b"2" * 50), entry("c", b"3" * 50)])
    for cut in range(len(content)):
        file = io.BytesIO(content[:cut])
        found = zip_members.rescued(file)
        assert [zip_members.read(file, member)[:1] for member in found] == [b"1", b"2", b"3"][: len(found)]
        assert len(found) == min(3, cut // (len(whole[1])))
