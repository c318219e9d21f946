"""Vocabulary: what a detector still tells when the topic's words are taken out."""

from dataclasses import dataclass
from math import isnan

import numpy as np

from feint.models.audit.judged import Judged, LeftOut, both
from feint.models.evaluation import Estimate, Labels, auroc
from feint.models.heads import Floats


@dataclass(frozen=True, slots=True)
class Change:
    """AUROC on the same transcripts with the topic's words and without them."""

    before: Estimate
    after: Estimate
    difference: Estimate
    """After less before; its interval resamples both together."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The detector and the keyword count, with the words and without."""

    detector: Change
    keywords: Change
    """Counting keywords, which must fall to 0.5."""
    replaced: float
    """Share of the assistant's words that were replaced, 0–1."""
    suspect: bool | None
    """Whether the figures point at a shortcut; none where they cannot tell."""
    verdict: str


def vocabulary(
    judged: Judged, after: Floats, counts: Floats, counts_after: Floats, replaced: float
) -> Vocabulary | LeftOut:
    """From the detector's scores after the words are taken out, and keyword counts before and after, (transcripts,) each.

    It goes by vocabulary where it keeps less than half of what it has over 0.5.
    """
    if not both(judged.labels):
        return LeftOut("Left out: AUROC needs transcripts of both kinds.")
    detector = _change(judged, judged.scores, after)
    suspect, verdict = _read(detector)
    return Vocabulary(detector, _change(judged, counts, counts_after), replaced, suspect, verdict)


def _change(judged: Judged, before: Floats, after: Floats) -> Change:
    def gained(sides: Floats, labels: Labels) -> float:
        return auroc(sides[:, 1], labels) - auroc(sides[:, 0], labels)

    sides = np.column_stack([before, after])
    return Change(judged.estimate(auroc, before), judged.estimate(auroc, after), judged.estimate(gained, sides))


def _read(change: Change) -> tuple[bool | None, str]:
    if isnan(change.before.low):
        return None, "Too few groups to tell."
    if change.before.low <= 0.5:
        return None, "With the words it is not surely better than chance here, so that it has nothing sure to lose."
    kept = (change.after.value - 0.5) / (change.before.value - 0.5)
    said = f"Without the topic's words it keeps {100 * max(kept, 0):.0f} % of what it has over chance"
    if kept < 0.5:
        return True, f"{said}: it goes by vocabulary more than by anything else."
    if change.difference.high < 0:
        return False, f"{said}: the words help it, but most of what it tells lies elsewhere."
    return False, f"{said}: it does not need them."
