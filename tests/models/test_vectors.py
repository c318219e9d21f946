"""The vector cache: nothing is encoded twice, and nothing that happens to its file stops anybody."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from feint.corpus.errors import InputError
from feint.models.encoders.minilm import MiniLM
from feint.models.encoders.windows import Vectors
from feint.models.passages import Block, sentences
from feint.models.vectors import VectorCache

BLOCKS = [
    Block(text, tuple(sentences(text)))
    for text in ("I comply for now. So be it.", "They rate this.", "Done, as asked.")
]


class Counting:
    """The real encoder, and what it was asked for."""

    def __init__(self, encoder: MiniLM) -> None:
        self._encoder = encoder
        self.name, self.dimensions = encoder.name, encoder.dimensions
        self.precision: str = encoder.precision
        self.fingerprint = encoder.fingerprint
        self.asked: list[str] = []

    def encode(self, blocks: Sequence[Block]) -> list[Vectors]:
        self.asked += [block.text for block in blocks]
        return self._encoder.encode(blocks)


@pytest.fixture
def counting(encoder: MiniLM) -> Counting:
    return Counting(encoder)


def through(path: Path, encoder: Counting, blocks: Sequence[Block] = BLOCKS) -> list[Vectors]:
    return [vectors for chunk in VectorCache(path).encode(encoder, blocks, chunk=2) for vectors in chunk]


def equal(one: Sequence[Vectors], two: Sequence[Vectors]) -> bool:
    return all(map(np.array_equal, one, two)) and len(one) == len(two)


def test_a_second_call_encodes_nothing_and_gives_the_same(tmp_path: Path, counting: Counting) -> None:
    first = through(tmp_path / "new" / "v.sqlite", counting)
    assert counting.asked == [block.text for block in BLOCKS]
    assert equal(first, through(tmp_path / "new" / "v.sqlite", counting))
    assert len(counting.asked) == len(BLOCKS)


def test_only_what_is_new_is_encoded_and_twins_once(tmp_path: Path, counting: Counting) -> None:
    through(tmp_path / "v.sqlite", counting, BLOCKS[:1])
    counting.asked.clear()
    through(tmp_path / "v.sqlite", counting, [BLOCKS[0], BLOCKS[1], BLOCKS[1]])
    assert counting.asked == [BLOCKS[1].text]


def test_other_bounds_or_another_encoder_are_other_vectors(tmp_path: Path, counting: Counting) -> None:
    through(tmp_path / "v.sqlite", counting, BLOCKS[:1])
    whole = Block(BLOCKS[0].text, ((0, len(BLOCKS[0].text)),))
    assert [len(vectors) for vectors in through(tmp_path / "v.sqlite", counting, [whole, BLOCKS[0]])] == [1, 2]
    counting.fingerprint = "another"
    counting.asked.clear()
    through(tmp_path / "v.sqlite", counting, BLOCKS[:1])
    assert counting.asked == [BLOCKS[0].text]


def spoil_with_junk(path: Path) -> None:
    path.write_bytes(b"no database, and longer than a header of one" * 200)


def spoil_by_cutting(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-4096])


def spoil_with_another_table(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE vectors (other TEXT)")
    file.close()


def spoil_with_other_numbers(path: Path) -> None:
    with sqlite3.connect(path) as file:
        file.execute("UPDATE vectors SET data = x'00'")
    file.close()


@pytest.mark.parametrize(
    "spoil", [spoil_with_junk, spoil_by_cutting, spoil_with_another_table, spoil_with_other_numbers]
)
def test_a_file_that_is_no_such_cache_is_replaced(tmp_path: Path, counting: Counting, spoil) -> None:
    path = tmp_path / "v.sqlite"
    many = [Block(f"Sentence number {n} is here.", ((0, 23),)) for n in range(8)]
    first = through(path, counting, many)
    spoil(path)
    assert equal(through(path, counting, many), first)
    counting.asked.clear()
    assert equal(through(path, counting, many), first)
    assert counting.asked == []


def test_a_place_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path, counting: Counting) -> None:
    (tmp_path / "v.sqlite").mkdir()
    with pytest.raises(InputError, match=r"cannot keep vectors in .*v\.sqlite: unable to open database file"):
        through(tmp_path / "v.sqlite", counting)


WRITER = """
import sys
from pathlib import Path
from feint.models import encoders
from feint.models.passages import Block
from feint.models.vectors import VectorCache

blocks = (Block(f"Sentence number {n} is here.", ((0, 23),)) for n in range(10**6))
for _ in VectorCache(Path(sys.argv[1])).encode(encoders.load(precision="float32"), list(blocks), chunk=2):
    print("kept", flush=True)
"""


def test_a_writer_that_is_killed_leaves_every_finished_chunk(tmp_path: Path, counting: Counting) -> None:
    path = tmp_path / "v.sqlite"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, cwd=tmp_path)
    assert writer.stdout is not None
    for _ in range(3):
        assert writer.stdout.readline() == b"kept\n"
    os.kill(writer.pid, signal.SIGKILL)
    writer.communicate()
    through(path, counting, [Block(f"Sentence number {n} is here.", ((0, 23),)) for n in range(6)])
    assert counting.asked == []
    assert len(through(path, counting)) == len(BLOCKS)
