"""Readers: what is read off a transcript, by the meaning of its passages, and by all its words at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feint.models import decision
from feint.models.heads import Floats, Heads
from feint.models.words import Words


@dataclass(frozen=True, slots=True)
class Readers:
    """A head for each indicator on the vectors of passages, and one for the headline on the words of the whole text."""

    by_vector: Heads
    by_words: Words

    @property
    def names(self) -> tuple[str, ...]:
        """Indicator of each head."""
        return self.by_vector.names

    def logits(self, vectors: npt.NDArray[np.floating]) -> Floats:
        """Log-odds (passages, heads) that a passage shows an indicator."""
        return self.by_vector.logits(vectors)

    def features(self, logits: Floats, texts: Sequence[str]) -> Floats:
        """What the decision goes by, (2 × heads + 1,): the pools of each head, and the log-odds of all passages' words."""
        return np.append(decision.pool(logits), self.by_words.logit(texts))


def parts(heads: int) -> tuple[slice, slice]:
    """Where the two readings stand among the features: vectors, words."""
    pools = heads * len(decision.POOLS)
    return slice(0, pools), slice(pools, pools + 1)
