"""Files the readers' tests read: third-party material where it is there, and zips made by hand."""

import json
import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import zstandard

from feint.corpus import reading
from feint.corpus.reject import Reject
from feint.corpus.transcript import Transcript

FIELD = Path(__file__).parents[2].parent / "shared" / "field"


@pytest.fixture(scope="session")
def field() -> Path:
    """The folder of third-party material, which is never part of the repository."""
    if not FIELD.is_dir():
        pytest.skip(f"the third-party material is not at {FIELD}")
    return FIELD


@dataclass
class Entry:
    """One member of a zip made by hand, with what it claims of itself."""

    name: str
    content: bytes
    method: int = 93
    frames: int = 1
    flags: int = 0
    claimed: int | None = None
    """Size in the headers, where it is not the real one."""
    damaged: bool = False

    def packed(self) -> bytes:
        if self.method == 93:
            step = max(1, -(-len(self.content) // self.frames))
            pieces = [self.content[at : at + step] for at in range(0, len(self.content), step)] or [b""]
            packed = b"".join(zstandard.compress(piece) for piece in pieces)
        elif self.method == 8:
            packer = zlib.compressobj(wbits=-15)
            packed = packer.compress(self.content) + packer.flush()
        else:
            packed = self.content
        return packed[: len(packed) // 2] + b"\0" * (len(packed) - len(packed) // 2) if self.damaged else packed


def zipped(entries: Iterable[Entry], *, directory: bool = True) -> bytes:
    """A zip, laid out by the book; without its directory as if the writer had died."""
    body, central, count = b"", b"", 0
    for entry in entries:
        name, packed = entry.name.encode(), entry.packed()
        size = len(entry.content) if entry.claimed is None else entry.claimed
        common = struct.pack(
            "<HHHHHIIIHH",
            63,
            entry.flags,
            entry.method,
            0,
            33,
            zlib.crc32(entry.content),
            len(packed),
            size,
            len(name),
            0,
        )
        central += b"PK\x01\x02" + struct.pack("<H", 63) + common + struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + name
        body += b"PK\x03\x04" + common + name + packed
        count += 1
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(central), len(body), 0)
    return body + central + end if directory else body


def sample(name: Any = 1, epoch: int = 1, **fields: Any) -> dict[str, Any]:
    """A sample as Inspect writes it."""
    said = [{"role": "user", "content": "Hi", "source": "input"}, {"role": "assistant", "content": "Ho"}]
    return {"id": name, "epoch": epoch, "messages": said, "metadata": {}, "events": [], "attachments": {}} | fields


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., Path]:
    """Writes an Inspect log of these samples; keywords go to every sample member, or to `zipped`."""

    def write(
        *samples: dict[str, Any], name: str = "a.eval", header: bool = True, directory: bool = True, **entry: Any
    ) -> Path:
        ran = {
            "version": 2,
            "eval": {"task": "af", "eval_id": "E", "run_id": "R", "model": "mock/model", "dataset": {}},
        }
        entries = [Entry("_journal/start.json", json.dumps(ran).encode())]
        entries += [
            Entry(f"samples/{s['id']}_epoch_{s['epoch']}.json", json.dumps(s).encode(), **entry) for s in samples
        ]
        entries += [Entry("header.json", json.dumps(ran | {"status": "success"}).encode())] if header else []
        path = tmp_path / name
        path.write_bytes(zipped(entries, directory=directory))
        return path

    return write


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file: bytes as they are, text in UTF-8, a list as JSON lines."""

    def write(name: str, content: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            content = "".join(json.dumps(row) + "\n" for row in content)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def taken() -> Callable[..., tuple[list[Transcript], list[Reject]]]:
    """Reads paths and parts what was taken from what was not."""

    def take(*paths: Path | str) -> tuple[list[Transcript], list[Reject]]:
        every = list(reading.read(paths))
        return [i for i in every if isinstance(i, Transcript)], [i for i in every if isinstance(i, Reject)]

    return take


@pytest.fixture
def parts() -> tuple[Any, ...]:
    """The makers of zips and samples, for tests that need them bare."""
    return Entry, zipped, sample
