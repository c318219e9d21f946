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
        buckets, values = counted(texts)
        return float(self.weight[buckets] @ values) + self.bias


def counted(texts: Sequence[str]) -> tuple[npt.NDArray[np.int64], Floats]:
    """Buckets of the texts' words, and of the pairs within a text, weighted 1 + ln(count), scaled to length 1.

    >>> buckets, values = counted(["I comply.", "I comply."])
    >>> len(buckets), round(float((values**2).sum()), 6)
    (3, 1.0)
    """
    lines = [_WORD.findall(text.lower()) for text in texts]
    runs = [run for words in lines for run in (*words, *(f"{one} {two}" for one, two in pairwise(words)))]
    buckets, counts = np.unique([crc32(run.encode()) % BUCKETS for run in runs], return_counts=True)
    values = 1 + np.log(counts)
    return buckets.astype(np.int64), values / max(float(np.linalg.norm(values)), 1.0)


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
