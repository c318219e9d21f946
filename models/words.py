"""Words: a logistic regression from the words and pairs of words of a whole transcript to log-odds."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from zlib import crc32

import numpy as np
import numpy.typing as npt

from feint.models.heads import NEVER, Floats

FAMILIAR = 3
"""Groups that must say a run of words before it counts: what one scenario alone says is its name. Fewer, where there are few groups."""
GROUPS = 25
"""Groups for each further one that must say it."""

Runs = npt.NDArray[np.uint32]
_WORD = re.compile(r"[\w']+")


@dataclass(frozen=True, slots=True)
class Counts:
    """Runs of a transcript, words and pairs, and how often each stands there."""

    runs: Runs
    """Their hashes, ascending."""
    times: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Words:
    """Weights of the regression; rarity and weight are on the grid of 16-bit floats, as they are saved."""

    runs: Runs
    """Hashes of the runs that count, ascending."""
    rarity: Floats
    """1 - ln of the share of transcripts that say each, as scikit-learn smooths it."""
    weight: Floats
    """Of each."""
    bias: float

    def logit(self, counts: Counts) -> float:
        """Log-odds of one transcript."""
        places, values = self._values(counts)
        return float(self.weight[places] @ values) + self.bias

    def _values(self, counts: Counts) -> tuple[npt.NDArray[np.int64], Floats]:
        """Places of the runs that count, and their values: (1 + ln count) × rarity, scaled to length 1."""
        if not len(self.runs):
            return np.zeros(0, np.int64), np.zeros(0)
        places = np.minimum(np.searchsorted(self.runs, counts.runs), len(self.runs) - 1)
        known = self.runs[places] == counts.runs
        values = (1 + np.log(counts.times[known])) * self.rarity[places[known]]
        return places[known], values / max(float(np.linalg.norm(values)), 1.0)


class Tally:
    """Counts of a transcript that grows; no run reaches from one passage to the next.

    >>> tally = Tally()
    >>> tally.add("I comply."), tally.add("I comply.")
    (None, None)
    >>> tally.counts().times.tolist()
    [2, 2, 2]
    """

    def __init__(self) -> None:
        self._times: Counter[int] = Counter()

    def add(self, text: str) -> None:
        """One more passage."""
        words = _WORD.findall(text.lower())
        runs = chain(words, (f"{one} {two}" for one, two in pairwise(words)))
        self._times.update(crc32(run.encode(errors="surrogatepass")) for run in runs)

    def counts(self) -> Counts:
        """Of all there is."""
        runs = np.fromiter(self._times.keys(), np.uint32, len(self._times))
        times = np.fromiter(self._times.values(), np.int64, len(self._times))
        order = np.argsort(runs)
        return Counts(runs[order], times[order])


def counted(texts: Iterable[str]) -> Counts:
    """Counts of all of a transcript's passages, given their texts."""
    tally = Tally()
    for text in texts:
        tally.add(text)
    return tally.counts()


def fit(counts: Sequence[Counts], labels: npt.NDArray[np.bool_], groups: Sequence[str], c: float) -> Words:
    """From transcripts and their groups; `c` is the inverse strength of the L2 penalty.

    Where all labels are alike, or nothing is said by several groups, it says the same of every transcript.
    """
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    if labels.all() or not labels.any():  # a fold may have one kind only
        return _alike(NEVER if not labels.any() else -NEVER)
    unweighed = _familiar(counts, groups)
    if not len(unweighed.runs):
        return _alike(float(np.log(labels.mean() / (1 - labels.mean()))))
    rows = [unweighed._values(one) for one in counts]
    ends = np.cumsum([0, *(len(places) for places, _ in rows)])
    columns, values = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    table = csr_matrix((values, columns, ends), shape=(len(counts), len(unweighed.runs)))
    model = LogisticRegression(C=c, solver="liblinear", random_state=0).fit(table, labels)
    return Words(unweighed.runs, unweighed.rarity, _short(model.coef_[0]), float(model.intercept_[0]))


def _alike(bias: float) -> Words:
    return Words(np.zeros(0, np.uint32), np.zeros(0), np.zeros(0), bias)


def _familiar(counts: Sequence[Counts], groups: Sequence[str]) -> Words:
    """The runs that enough groups say, with their rarity and no weight."""
    said: dict[str, list[Runs]] = {}
    for one, group in zip(counts, groups, strict=True):
        said.setdefault(group, []).append(one.runs)
    runs, spread = np.unique(
        np.concatenate([np.unique(np.concatenate(own)) for own in said.values()]), return_counts=True
    )
    runs = runs[spread >= min(FAMILIAR, 1 + len(said) // GROUPS)]
    every = np.concatenate([one.runs for one in counts])
    heard = np.bincount(np.searchsorted(runs, every[np.isin(every, runs)]), minlength=len(runs))
    rarity = 1 + np.log((1 + len(counts)) / (1 + heard))
    return Words(runs, _short(rarity), np.zeros(len(runs)), 0.0)


def _short(numbers: Floats) -> Floats:
    return numbers.astype(np.float16).astype(np.float64)
