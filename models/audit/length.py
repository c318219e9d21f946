"""Length: whether the score goes with the number of words."""

from dataclasses import dataclass
from math import isnan

import numpy as np

from feint.models.audit.judged import Judged, LeftOut
from feint.models.evaluation import Estimate, Labels
from feint.models.heads import Floats

UNKNOWN = Estimate(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True, slots=True)
class Length:
    """Spearman's correlation of score and number of words, −1 to 1."""

    negatives: Estimate
    positives: Estimate
    suspect: bool | None
    """Whether one of them is surely not 0; none where no interval could be drawn."""
    verdict: str


def length(words: Floats, judged: Judged) -> Length | LeftOut:
    """From the number of words (transcripts,) the assistant wrote.

    >>> judged = Judged(np.array([0.1, 0.2, 0.4, 0.3]), np.zeros(4, bool), list("abcd"), draws=50, seed=0)
    >>> round(length(np.array([10.0, 20.0, 30.0, 40.0]), judged).negatives.value, 6)
    0.8
    """
    negatives, positives = (_correlation(words, judged, rows) for rows in (~judged.labels, judged.labels))
    if isnan(negatives.value) and isnan(positives.value):
        return LeftOut("Left out: neither kind has transcripts that differ in length and score.")
    tied = [
        f"{'longer' if one.value > 0 else 'shorter'} {kind} score higher"
        for one, kind in ((negatives, "transcripts that are not faking"), (positives, "faking transcripts"))
        if one.low > 0 or one.high < 0
    ]
    if tied:
        said = ", and ".join(tied)
        return Length(negatives, positives, True, f"{said[0].upper()}{said[1:]}.")
    if isnan(negatives.low) and isnan(positives.low):
        return Length(negatives, positives, None, "Too few groups to tell.")
    return Length(negatives, positives, False, "The score is not surely tied to length.")


def _correlation(words: Floats, judged: Judged, rows: Labels) -> Estimate:
    if not rows.any():
        return UNKNOWN
    part = judged.only(rows)
    return part.estimate(
        lambda sides, _: spearman(sides[:, 0], sides[:, 1]), np.column_stack([part.scores, words[rows]])
    )


def spearman(one: Floats, two: Floats) -> float:
    """Rank correlation, ties at their mean rank (Spearman 1904); NaN where either does not vary.

    >>> round(spearman(np.array([1.0, 2.0, 3.0]), np.array([10.0, 30.0, 20.0])), 6)
    0.5
    """
    from scipy.stats import rankdata

    first, second = (ranks - ranks.mean() for ranks in (rankdata(one), rankdata(two)))
    spread = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / spread if spread else float("nan")
