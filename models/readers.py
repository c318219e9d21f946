"""Readers: what is read off a transcript, by the meaning of its passages, and by all its words at once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feint.models import decision
from feint.models.heads import Floats, Heads
from feint.models.words import Counts, Words


@dataclass(frozen=True, slots=True)
class Readers:
    """A head for each indicator on the vectors of passages, and regressions for the headline on the words of the whole text."""

    by_vector: Heads
    by_words: tuple[Words, ...]
    """One, and one more for each source that it was adapted to."""

    @property
    def names(self) -> tuple[str, ...]:
        """Indicator of each head."""
        return self.by_vector.names

    def logits(self, vectors: npt.NDArray[np.floating]) -> Floats:
        """Log-odds (passages, heads) that a passage shows an indicator."""
        return self.by_vector.logits(vectors)

    def features(self, logits: Floats, counts: Counts) -> Floats:
        """What the decision goes by, (2 × heads + regressions,), given all passages' log-odds (passages, heads) and words."""
        return np.append(decision.pool(logits), [words.logit(counts) for words in self.by_words])


def parts(heads: int) -> tuple[slice, slice]:
    """Where the two readings stand among the features: vectors, words."""
    pools = heads * len(decision.POOLS)
    return slice(0, pools), slice(pools, None)
