"""Readers: both kinds of heads side by side, and one probability from the two."""

import numpy as np
import pytest

from feint.models.heads import Heads
from feint.models.readers import Readers
from feint.models.words import BUCKETS, WordHeads, counted

VECTORS = np.array([[1.0, 0.0], [0.0, 1.0]])


def test_log_odds_stand_side_by_side_and_are_averaged() -> None:
    (bucket,), _ = counted("rewards")
    weight = np.zeros((2, BUCKETS))
    weight[0, bucket] = 3.0
    readers = Readers(
        Heads(("a", "b"), np.array([[1.0, -1.0], [0.0, 2.0]]), np.zeros(2)), WordHeads(weight, np.array([0.0, -2.0]))
    )
    logits = readers.logits(VECTORS, ["Rewards!", "Nothing."])
    assert logits.tolist() == [[1, 0, 3, -2], [-1, 2, 0, -2]]
    # means 2 and -1 for the first passage, -0.5 and 0 for the second
    expected = [[1 / (1 + np.exp(-2)), 1 / (1 + np.exp(1))], [1 / (1 + np.exp(0.5)), 0.5]]
    assert readers.probabilities(logits) == pytest.approx(np.array(expected))
    assert readers.names == ("a", "b")
