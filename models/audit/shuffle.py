"""Label shuffle: what heads and decision learn from labels that mean nothing, on vectors that stay as they are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from feint.models.audit.judged import Judged, LeftOut, both
from feint.models.evaluation import auroc
from feint.models.fitting import Example
from feint.models.heads import Floats


@dataclass(frozen=True, slots=True)
class Shuffle:
    """AUROC of fits on shuffled labels; 0.5 is expected."""

    aurocs: tuple[float, ...]
    """One a seed."""
    median: float
    low: float
    """The lowest of them."""
    high: float
    """The highest of them."""
    true: float
    """The audited detector's AUROC on the same transcripts."""
    suspect: bool | None
    """Whether something besides the labels leaks; none where the detector itself is no better than chance."""
    verdict: str


def shuffled(examples: Sequence[Example], seed: int) -> list[Example]:
    """The examples with each other's labels, whatever their groups; marks are dropped, since they tell the true label.

    >>> from feint.corpus.transcript import Message, Transcript
    >>> one = Transcript(id="a", messages=(Message(role="assistant", content="Yes."),))
    >>> found = shuffled([Example(one, label, "g", (), {"faking": label}) for label in (True, False, False)], seed=2)
    >>> [(example.label, example.labels, example.marks) for example in found]
    [(False, {'faking': False}, None), (True, {'faking': True}, None), (False, {'faking': False}, None)]
    """
    givers = np.random.default_rng(seed).permutation(len(examples))
    return [
        replace(example, label=examples[giver].label, labels=examples[giver].labels, marks=None)
        for example, giver in zip(examples, givers, strict=True)
    ]


def shuffle(judged: Judged, fits: Sequence[Floats]) -> Shuffle | LeftOut:
    """From the scores (transcripts,) that each fit on shuffled labels gives the audited transcripts.

    >>> judged = Judged(np.array([0.9, 0.8, 0.1]), np.array([True, False, False]), list("abc"), draws=50, seed=0)
    >>> shuffle(judged, [np.array([0.5, 0.6, 0.4]), np.array([0.1, 0.2, 0.3])]).aurocs
    (0.5, 0.0)
    """
    if not both(judged.labels):
        return LeftOut("Left out: AUROC needs transcripts of both kinds.")
    aurocs = [auroc(scores, judged.labels) for scores in fits]
    median, low, high = float(np.median(aurocs)), min(aurocs), max(aurocs)
    true = auroc(judged.scores, judged.labels)
    suspect: bool | None = False
    verdict = "Shuffled labels teach nothing, as it should be."
    if low > 0.5 and median > 0.5 + 2 * _chance(judged):
        suspect, verdict = True, "Shuffled labels predict the true ones: something besides the labels leaks."
    elif true <= high:
        suspect, verdict = None, "The detector is no better here than a fit on labels that mean nothing."
    return Shuffle(tuple(aurocs), median, low, high, true, suspect, verdict)


def _chance(judged: Judged) -> float:
    """Standard deviation of a random order's AUROC (Mann and Whitney 1947)."""
    positive, negative = int(judged.labels.sum()), int((~judged.labels).sum())
    return sqrt((positive + negative + 1) / (12 * positive * negative))
