"""Readers: the pools of heads on passages, and the words of the whole text beside them."""

from zlib import crc32

import numpy as np
import pytest

from feint.models.heads import Heads
from feint.models.readers import Readers, parts
from feint.models.words import Words, counted

VECTORS = np.array([[1.0, 0.0], [0.0, 1.0]])


def test_features_are_pools_and_words_side_by_side() -> None:
    words = Words(np.array([crc32(b"rewards")], np.uint32), np.array([2.0]), np.array([3.0]), 0.5)
    other = Words(np.zeros(0, np.uint32), np.zeros(0), np.zeros(0), -1.0)
    readers = Readers(Heads(("a", "b"), np.array([[1.0, -1.0], [0.0, 2.0]]), np.zeros(2)), (words, other))
    logits = readers.logits(VECTORS)
    assert logits.tolist() == [[1, 0], [-1, 2]]
    # each head's strongest and its strongest in the last third, then what either regression says
    assert readers.features(logits, counted(["Rewards!", "Nothing."])) == pytest.approx([1, -1, 2, 2, 3.5, -1])
    assert readers.names == ("a", "b")
    assert [part.start for part in parts(2)] == [0, 4]
