"""The members of a zip, read whole and one at a time; none is unpacked that claims, or turns out, to be beyond reason.

The standard library reads zstd members only from Python 3.14 on, and a zip that was cut off not at all: its directory
stands at the end. What is left of such a zip is found by going from member to member.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import zstandard

LARGEST = 1 << 29
"""Bytes one member may unpack to."""
RATIO = 250
"""How many times larger than its packed bytes a member, or the whole zip, may be; real logs stay below 50."""
SMALL = 1 << 26
"""Bytes below which the ratio does not matter."""

_LOCAL = b"PK\x03\x04"
_LOCAL_SIZE = 30
_ENCRYPTED, _SIZE_FOLLOWS = 1, 8
"""Bits of a member's flags."""
_IN_EXTRA = 0xFFFFFFFF
"""A size that stands in the zip64 field instead."""


@dataclass(frozen=True, slots=True)
class Member:
    """What the zip says of one member."""

    name: str
    offset: int
    """Where its local header begins."""
    method: int
    packed: int
    """Bytes in the zip."""
    size: int
    """Bytes unpacked."""
    checksum: int
    encrypted: bool


def members(file: BinaryIO) -> list[Member]:
    """Every member the directory names, the last of each name; a ValueError where there is no directory."""
    try:
        found = zipfile.ZipFile(file).infolist()
    except (zipfile.BadZipFile, OSError, ValueError, OverflowError, NotImplementedError, struct.error) as error:
        raise ValueError(f"no zip directory: {error}") from error
    every = (
        Member(i.filename, i.header_offset, i.compress_type, i.compress_size, i.file_size, i.CRC, bool(i.flag_bits & 1))
        for i in found
    )
    return list({member.name: member for member in every}.values())


def rescued(file: BinaryIO) -> list[Member]:
    """Every member that is whole in a zip whose directory is lost; the last of each name."""
    return list({member.name: member for member in _in_sequence(file)}.values())


def check_total(found: list[Member], size: int) -> None:
    """A ValueError for a zip of this many bytes that would unpack to more than is reasonable."""
    total = sum(member.size for member in found)
    if total > SMALL and total > RATIO * size:
        raise ValueError(f"{_mib(size)} would unpack to {_mib(total)}, which no log does; not unpacked")


def read(file: BinaryIO, member: Member) -> bytes:
    """Its bytes; a ValueError says in one sentence why it cannot be unpacked."""
    if member.encrypted:
        raise ValueError("encrypted; decrypt the log first")
    if max(member.size, member.packed) > LARGEST or member.size > max(SMALL, RATIO * member.packed):
        raise ValueError(
            f"{_mib(member.packed)} would unpack to {_mib(member.size)}, too much for a sample; not unpacked"
        )
    begins, _, _ = _contents(file, member.offset)
    try:
        file.seek(begins)
        content = _unpack(file.read(member.packed), member)
    except (zlib.error, zstandard.ZstdError, EOFError) as error:
        raise ValueError(f"damaged: {error}") from error
    if len(content) != member.size or zlib.crc32(content) != member.checksum:
        raise ValueError(f"damaged: its {len(content)} bytes are not the {member.size} that were written")
    return content


def _unpack(packed: bytes, member: Member) -> bytes:
    """The bytes, at most one more than the member says, so that a lie shows without being unpacked."""
    match member.method:
        case 0:  # stored
            return packed
        case 8:  # deflate
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, member.size + 1)
        case 93:  # zstd, often in several frames
            frames = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed), read_across_frames=True)
            return frames.read(member.size + 1)
        case method:
            raise ValueError(f"packed with zip method {method}; known are 0 (stored), 8 (deflate) and 93 (zstd)")


def _contents(file: BinaryIO, offset: int) -> tuple[int, bytes, bytes]:
    """Where the packed bytes of the member at offset begin, its local header, and its name with the extra fields."""
    file.seek(min(offset, file.seek(0, io.SEEK_END)))
    header = file.read(_LOCAL_SIZE)
    if len(header) < _LOCAL_SIZE or not header.startswith(_LOCAL):
        raise ValueError("damaged: the zip has no such member where its directory says")
    variable = file.read(_number(header, 26, 2) + _number(header, 28, 2))
    return file.tell(), header, variable


def _in_sequence(file: BinaryIO) -> Iterator[Member]:
    end = file.seek(0, io.SEEK_END)
    offset = 0
    while True:
        try:
            begins, header, variable = _contents(file, offset)
        except ValueError:
            return
        flags, name_length = _number(header, 6, 2), _number(header, 26, 2)
        packed, size = _sizes(header, variable[name_length:])
        if flags & _SIZE_FOLLOWS or begins + packed > end:
            return
        name = variable[:name_length].decode(errors="replace")
        encrypted = bool(flags & _ENCRYPTED)
        yield Member(name, offset, _number(header, 8, 2), packed, size, _number(header, 14, 4), encrypted)
        offset = begins + packed


def _sizes(header: bytes, extra: bytes) -> tuple[int, int]:
    """Packed and unpacked bytes; those of a large member stand in the zip64 field, unpacked first."""
    packed, size = _number(header, 18, 4), _number(header, 22, 4)
    while len(extra) >= 4 and _IN_EXTRA in (packed, size):
        length = _number(extra, 2, 2)
        if _number(extra, 0, 2) == 1 and length >= 16:
            return _number(extra, 12, 8), _number(extra, 4, 8)
        extra = extra[4 + length :]
    return packed, size


def _number(raw: bytes, at: int, length: int) -> int:
    return int.from_bytes(raw[at : at + length], "little")


def _mib(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MiB"
