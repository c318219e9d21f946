"""Readers: the pools of heads on passages, and the words of the whole text beside them."""

import numpy as np
import pytest

from feint.models.heads import Heads
from feint.models.readers import Readers, parts
from feint.models.words import BUCKETS, Words, counted

VECTORS = np.array([[1.0, 0.0], [0.0, 1.0]])


def test_features_are_pools_and_words_side_by_side() -> None:
    (bucket,), _ = counted(["rewards"])
    weight = np.zeros(BUCKETS)
    weight[bucket] = 3.0
    readers = Readers(Heads(("a", "b"), np.array([[1.0, -1.0], [0.0, 2.0]]), np.zeros(2)), Words(weight, 0.5))
    logits = readers.logits(VECTORS)
    assert logits.tolist() == [[1, 0], [-1, 2]]
    # each head's strongest and mean, and 0.5 plus 3 times one over the root of two for one of the two words
    expected = [1, 0, 2, 1, 0.5 + 3 / 2**0.5]
    assert readers.features(logits, ["Rewards!", "Nothing."]) == pytest.approx(expected)
    assert readers.names == ("a", "b")
    assert [part.stop for part in parts(2)] == [4, 5]
