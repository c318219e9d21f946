"""Explanations: what a detector goes by, in log-odds, and what moved it on one transcript."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from feint.models import decision
from feint.models.folder import Contents
from feint.models.heads import Floats
from feint.models.prediction import Evidence, Prediction


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a detector says what it says of one transcript; nothing but the prediction where it could not be judged."""

    prediction: Prediction
    contributions: Mapping[str, float] = field(default_factory=dict)
    """Log-odds that each indicator adds to an average transcript's, or takes off, largest first; its words are `decision.WHOLE`."""
    evidence: tuple[Evidence, ...] = ()
    """Strongest first; where no sentence shows an indicator, the one that comes nearest to it."""


def weights(contents: Contents) -> dict[str, float]:
    """Log-odds that an indicator adds where all its pools lie one standard deviation above the mean, largest first."""
    return _largest_first(contents, decision.by_indicator(contents.decision.weight, contents.readers.names))


def contributions(contents: Contents, features: Floats) -> dict[str, float]:
    """Log-odds (calibrated) that each indicator adds to one transcript, given its `features`, largest first.

    Added to those of a transcript that is average in everything, they give the log-odds of its probability.
    """
    return _largest_first(contents, decision.contributions(contents.decision, features, contents.readers.names))


def _largest_first(contents: Contents, added: Mapping[str, float]) -> dict[str, float]:
    """The decision's log-odds, calibrated."""
    calibrated = {name: contents.platt.slope * value for name, value in added.items()}
    return dict(sorted(calibrated.items(), key=lambda item: -abs(item[1])))
