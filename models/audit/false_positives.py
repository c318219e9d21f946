"""False positives: which classes of transcripts that are not faking are flagged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from feint.models import evaluation
from feint.models.audit.judged import Judged, LeftOut

ALL = "all not faking"


@dataclass(frozen=True, slots=True)
class FalsePositives:
    """Flags among transcripts that are not faking, at one threshold."""

    threshold: float
    rows: Mapping[str, Mapping[str, float]]
    """All of them, then each class: transcripts, flagged, and the share's Wilson interval, low and high."""
    suspect: bool | None
    """Whether a class is surely flagged more than the share of all; none where there are no classes."""
    verdict: str


def false_positives(classes: Sequence[str | None], judged: Judged, threshold: float) -> FalsePositives | LeftOut:
    """From the class of every transcript and the probability from which one is flagged.

    >>> import numpy as np
    >>> judged = Judged(np.array([0.9, 0.7, 0.1]), np.array([True, False, False]), ["a", "b", "c"], draws=50, seed=0)
    >>> found = false_positives(["faking", "n06", "n01"], judged, 0.5)
    >>> {name: (row["flagged"], row["transcripts"]) for name, row in found.rows.items()}
    {'all not faking': (1, 2), 'n01': (0, 1), 'n06': (1, 1)}
    """
    if judged.labels.all():
        return LeftOut("Left out: every transcript is faking, so that no flag is false.")
    negatives = judged.only(~judged.labels)
    named = [name for name, label in zip(classes, judged.labels, strict=True) if not label]
    rows = evaluation.flagged(named, negatives.labels, negatives.scores >= threshold)
    del rows["all faking"]
    if not any(named):
        return FalsePositives(threshold, {ALL: rows[ALL]}, None, "Not by class: no transcript has one in its metadata.")
    overall = rows[ALL]["flagged"] / rows[ALL]["transcripts"]
    apart = [f"{name} ({row['flagged']} of {row['transcripts']})" for name, row in rows.items() if row["low"] > overall]
    verdict = (
        f"Flagged more often than the rest: {', '.join(apart)}."
        if apart
        else "No class is surely flagged more often than the rest."
    )
    return FalsePositives(threshold, rows, bool(apart), verdict)
