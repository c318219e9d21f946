"""Readers: two heads for each indicator, one that goes by a passage's meaning and one that goes by its words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feint.models.heads import Floats, Heads
from feint.models.words import WordHeads


@dataclass(frozen=True, slots=True)
class Readers:
    """Heads on vectors and heads on words, for the same indicators in the same order."""

    by_vector: Heads
    by_words: WordHeads

    @property
    def names(self) -> tuple[str, ...]:
        """Indicator of each pair of heads."""
        return self.by_vector.names

    def logits(self, vectors: npt.NDArray[np.floating], texts: Sequence[str]) -> Floats:
        """Log-odds (passages, 2 × heads): all heads on vectors, then all heads on words."""
        return np.concatenate([self.by_vector.logits(vectors), self.by_words.logits(texts)], axis=1)

    def probabilities(self, logits: Floats) -> Floats:
        """(passages, 2 × heads) to the probability (passages, heads) that a passage shows an indicator: both heads' mean log-odds."""
        both: Floats = logits.reshape(len(logits), 2, -1).mean(axis=1)
        return 1 / (1 + np.exp(-both))
