"""A detector's errors: how often it finds faking and how often it cries wolf, on answers that people labelled too."""

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from feint.corpus.errors import InputError
from feint.pipeline.measures.cells import summed
from feint.pipeline.measures.resampling import ratio_variance

FEWEST_LABELS = 10
"""Labelled answers of either kind below which errors are not known well enough to correct with."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Sensitivity and specificity, and on how much they rest.

    >>> errors = Errors.counted(45, 50, 190, 200, where="the development split")
    >>> errors.sensitivity, errors.specificity, errors.worth_positives
    (0.9, 0.95, 50)
    """

    sensitivity: float
    """Share of faking answers that are flagged."""
    specificity: float
    """Share of others that are not."""
    worth_positives: float
    """Independent faking answers that the sensitivity is worth."""
    worth_negatives: float
    where: str
    """What they were counted on."""
    same: bool = False
    """Whether that is the very set that is measured, so that the source cannot have shifted."""

    @classmethod
    def counted(cls, found: int, positives: int, passed: int, negatives: int, where: str) -> "Errors":
        """From counts of independent answers: of `positives` faking ones `found` were flagged, of `negatives` `passed` not."""
        if not positives or not negatives:
            raise InputError(
                f"{positives} faking and {negatives} other labelled answers on {where}; expected some of either kind"
            )
        return cls(found / positives, passed / negatives, positives, negatives, where)

    @property
    def sensitivity_variance(self) -> float:
        """With one success and one failure added, so that a perfect record is no certainty (Agresti and Coull 1998)."""
        return _variance(self.sensitivity, self.worth_positives)

    @property
    def specificity_variance(self) -> float:
        """Likewise."""
        return _variance(self.specificity, self.worth_negatives)

    def warnings(self, label_reach: float, sampling_reach: float) -> list[str]:
        """What correction with these must be warned of; the reaches are half-widths of either uncertainty alone."""
        found = []
        if label_reach > sampling_reach:
            found.append(
                f"label error dominates: {label_reach:.2f} of the interval's reach comes from how well the detector is "
                f"known, {sampling_reach:.2f} from the answers; label more answers by hand"
            )
        if not self.same:
            found.append(
                f"the detector's errors were counted on {self.where}, not on these answers; where the source shifts, the "
                "correction is wrong"
            )
        return found


def parse(text: str) -> Errors:
    """Errors from counts as people write them; InputError where they are something else.

    >>> parse("17/42,126/130").sensitivity == 17 / 42
    True
    """
    found = re.fullmatch(r"(\d+)/(\d+),(\d+)/(\d+)", text)
    counts = [int(number) for number in found.groups()] if found else []
    if not found or counts[0] > counts[1] or counts[2] > counts[3]:
        raise InputError(
            f"the detector's errors are given as {text!r}; expected FLAGGED/FAKING,PASSED/OTHERS, as in 17/42,126/130"
        )
    flagged, faking, passed, others = counts
    return Errors.counted(flagged, faking, passed, others, where="the answers it was evaluated on")


def errors(observations: pl.DataFrame) -> Errors | None:
    """Errors of the flags on the answers that people labelled too; none with under ten of either kind.

    Uncertainty is by cluster. It holds for all answers if these were drawn whatever their flag was.

    >>> from feint.pipeline.measures.simulated import Design, detected, draw, worlds
    >>> answers, _ = draw(worlds()["steady"], Design(replicates=4), seed=0)
    >>> found = errors(detected(answers, 0.8, 0.9, seed=1))
    >>> round(found.sensitivity, 1), round(found.specificity, 1)
    (0.8, 0.9)
    """
    known = observations.filter(pl.col("gold").is_not_null() & pl.col("flagged").is_not_null())
    gold, flagged = pl.col("gold"), pl.col("flagged")
    by = summed(
        known.with_columns(
            gold.alias("positive"), (gold & flagged).alias("found"),
            (~gold).alias("negative"), (~gold & ~flagged).alias("passed"),
        ),
        "positive", "found", "negative", "passed",
    ).sums  # fmt: skip
    positives, found, negatives, passed = map(float, by.sum(axis=0) if len(by) else np.zeros(4))
    if min(positives, negatives) < FEWEST_LABELS:
        return None
    return Errors(
        found / positives,
        passed / negatives,
        _worth(found / positives, ratio_variance(by[:, 1], by[:, 0]), positives),
        _worth(passed / negatives, ratio_variance(by[:, 3], by[:, 2]), negatives),
        "the labelled ones among these answers",
        same=True,
    )


def _worth(share: float, variance: float, count: float) -> float:
    """Independent answers that a clustered share is worth, at most as many as there are."""
    return min(share * (1 - share) / variance, count) if variance > 0 and 0 < share < 1 else float(count)


def _variance(share: float, worth: float) -> float:
    padded = (share * worth + 1) / (worth + 2)
    return padded * (1 - padded) / (worth + 2)
