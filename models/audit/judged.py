"""What is audited: transcripts with what is so and what a detector says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from feint.models import evaluation
from feint.models.evaluation import Estimate, Labels, Measure
from feint.models.heads import Floats


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part of the audit for which something was not there."""

    verdict: str
    """What was missing."""
    suspect: None = None
    """As in every part: none, since nothing can be told."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Scores and labels, (transcripts,) each, and how their intervals are drawn.

    >>> import numpy as np
    >>> judged = Judged(np.array([0.9, 0.2, 0.4]), np.array([True, False, False]), ["a", "a", "b"], draws=50, seed=0)
    >>> judged.only(~judged.labels).scores.tolist(), judged.only(~judged.labels).groups
    ([0.2, 0.4], ['a', 'b'])
    """

    scores: Floats
    """The detector's probabilities."""
    labels: Labels
    """Whether it is faking."""
    groups: Sequence[str]
    draws: int
    """Resamplings of whole groups behind each interval."""
    seed: int

    def estimate(self, measure: Measure, scores: Floats, labels: Labels | None = None) -> Estimate:
        """A measure of other scores (transcripts, …) of the same transcripts, of other labels where they are given."""
        truth = self.labels if labels is None else labels
        return evaluation.estimate(measure, scores, truth, self.groups, self.draws, self.seed)

    def only(self, rows: Labels) -> "Judged":
        """Some of the transcripts."""
        groups = [group for group, chosen in zip(self.groups, rows, strict=True) if chosen]
        return replace(self, scores=self.scores[rows], labels=self.labels[rows], groups=groups)


def both(labels: Labels) -> bool:
    """Whether some are true and some are not, which AUROC and every fit needs."""
    return bool(labels.any() and not labels.all())
