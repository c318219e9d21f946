"""Word heads: one logistic regression per indicator, from a passage's words and pairs of words to log-odds."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from zlib import crc32

import numpy as np
import numpy.typing as npt

from feint.models.heads import NEVER, RAREST, Floats

BUCKETS = 1 << 15
"""Words and pairs are told apart by a hash; two that fall into one bucket count as the same."""

_WORD = re.compile(r"[\w']+")


@dataclass(frozen=True, slots=True)
class WordHeads:
    """Weights of all heads, one row each."""

    weight: Floats
    """Shape (heads, BUCKETS), on the grid of 16-bit floats, as they are saved."""
    bias: Floats
    """Shape (heads,)."""

    def logits(self, texts: Sequence[str]) -> Floats:
        """Log-odds (passages, heads) of each passage's text."""
        found = np.tile(self.bias, (len(texts), 1))
        for row, text in enumerate(texts):
            buckets, values = counted(text)
            found[row] += self.weight[:, buckets] @ values
        return found


def counted(text: str) -> tuple[npt.NDArray[np.int64], Floats]:
    """Buckets of a text's words and pairs, and how often each occurs, scaled to length 1.

    >>> buckets, values = counted("I comply. I comply.")
    >>> len(buckets), round(float((values**2).sum()), 6)
    (4, 1.0)
    """
    words = _WORD.findall(text.lower())
    runs = [*words, *(f"{one} {two}" for one, two in pairwise(words))]
    buckets, counts = np.unique([crc32(run.encode()) % BUCKETS for run in runs], return_counts=True)
    return buckets.astype(np.int64), counts / max(float(np.linalg.norm(counts)), 1.0)


def fit(texts: Sequence[str], targets: Floats, c: float) -> WordHeads:
    """One head per column of `targets` (passages, heads; NaN is unknown); `c` is the inverse strength of the L2 penalty."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    rows = [counted(text) for text in texts]
    ends = np.cumsum([0, *(len(buckets) for buckets, _ in rows)])
    columns, values = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    table = csr_matrix((values, columns, ends), shape=(len(texts), BUCKETS))
    weight = np.zeros((targets.shape[1], BUCKETS))
    bias = np.full(targets.shape[1], NEVER)
    for row, target in enumerate(targets.T):
        known = ~np.isnan(target)
        shown = target[known] > 0
        if shown.sum() >= RAREST and not shown.all():
            model = LogisticRegression(C=c, solver="liblinear", random_state=0).fit(table[known], shown)
            weight[row], bias[row] = model.coef_[0], model.intercept_[0]
    return WordHeads(weight.astype(np.float16).astype(np.float64), bias)
