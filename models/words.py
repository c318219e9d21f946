"""Words: a logistic regression from the words and pairs of words of a whole transcript to log-odds."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from zlib import crc32

import numpy as np
import numpy.typing as npt

from feint.models.heads import NEVER, Floats

BUCKETS = 1 << 15
"""Words and pairs are told apart by a hash; two that fall into one bucket count as the same."""

_WORD = re.compile(r"[\w']+")


@dataclass(frozen=True, slots=True)
class Words:
    """Weights of the regression."""

    weight: Floats
    """Shape (BUCKETS,), on the grid of 16-bit floats, as they are saved."""
    bias: float

    def logit(self, texts: Sequence[str]) -> float:
        """Log-odds of one transcript, given the texts of its passages."""
        return self.weighed(*counted(texts))

    def weighed(self, buckets: npt.NDArray[np.int64], values: Floats) -> float:
        """The same, given its words as `counted` gives them."""
        return float(self.weight[buckets] @ values) + self.bias


class Tally:
    """Words of a transcript that grows; what they come to is what `counted` says of all its passages.

    >>> tally = Tally()
    >>> tally.add("I comply."), tally.add("I comply.")
    (None, None)
    >>> all(np.array_equal(*pair) for pair in zip(tally.counted(), counted(["I comply."] * 2)))
    True
    """

    def __init__(self) -> None:
        self._counts = np.zeros(BUCKETS, np.int64)

    def add(self, text: str) -> None:
        """One more passage."""
        np.add.at(self._counts, _buckets(text), 1)

    def counted(self) -> tuple[npt.NDArray[np.int64], Floats]:
        """Buckets and values of all there is."""
        buckets = np.flatnonzero(self._counts)
        return buckets, _values(self._counts[buckets])


def counted(texts: Sequence[str]) -> tuple[npt.NDArray[np.int64], Floats]:
    """Buckets of the texts' words, and of the pairs within a text, weighted 1 + ln(count), scaled to length 1.

    >>> buckets, values = counted(["I comply.", "I comply."])
    >>> len(buckets), round(float((values**2).sum()), 6)
    (3, 1.0)
    """
    buckets, counts = np.unique([bucket for text in texts for bucket in _buckets(text)], return_counts=True)
    return buckets.astype(np.int64), _values(counts)


def _buckets(text: str) -> list[int]:
    """One for each word and each pair."""
    words = _WORD.findall(text.lower())
    runs = (*words, *(f"{one} {two}" for one, two in pairwise(words)))
    return [crc32(run.encode()) % BUCKETS for run in runs]


def _values(counts: npt.NDArray[np.int64]) -> Floats:
    values = 1 + np.log(counts)
    return values / max(float(np.linalg.norm(values)), 1.0)


def fit(texts: Sequence[Sequence[str]], labels: npt.NDArray[np.bool_], c: float) -> Words:
    """From transcripts, each the texts of its passages; `c` is the inverse strength of the L2 penalty.

    Where all labels are alike it says so of every transcript.
    """
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    if labels.all() or not labels.any():  # a fold may have one kind only
        return Words(np.zeros(BUCKETS), NEVER if not labels.any() else -NEVER)
    rows = [counted(passages) for passages in texts]
    ends = np.cumsum([0, *(len(buckets) for buckets, _ in rows)])
    columns, values = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    table = csr_matrix((values, columns, ends), shape=(len(texts), BUCKETS))
    model = LogisticRegression(C=c, solver="liblinear", random_state=0).fit(table, labels)
    return Words(model.coef_[0].astype(np.float16).astype(np.float64), float(model.intercept_[0]))


def added(one: Words, share: float, other: Words, more: float) -> Words:
    """The regression whose log-odds are `share` times one's and `more` times the other's, but for rounding to 16 bits.

    >>> one, other = (Words(np.full(BUCKETS, value), value) for value in (1.0, 2.0))
    >>> both = added(one, 0.5, other, 1.0)
    >>> both.bias, round(both.logit(["Yes."]), 6)
    (2.5, 5.0)
    """
    weight = (share * one.weight + more * other.weight).astype(np.float16).astype(np.float64)
    return Words(weight, share * one.bias + more * other.bias)
