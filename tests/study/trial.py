"""A trial: what one simulated data set says of one measure, and the tally of many."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isfinite

from feint.models.thresholds import wilson
from feint.pipeline.measures import Result


@dataclass(frozen=True, slots=True)
class Trial:
    """One measure on one data set."""

    case: str
    """Measure and world."""
    truth: float | None
    estimate: float | None
    low: float | None
    high: float | None
    found: bool
    """Whether it says that there is an effect."""
    effect: bool | None
    """Whether there is one; none where the question makes no sense."""


Cases = Callable[[int], Iterable[Trial]]
"""The trials of a data set, by seed."""


def trial(
    case: str, truth: float | None, result: Result | None, *, effect: bool | None, found: bool | None = None
) -> Trial:
    """What a result comes to against the truth; `found` where the interval does not tell it."""
    if result is None:
        return Trial(case, truth, None, None, None, bool(found), effect)
    shows = result.shows() if found is None else found
    return Trial(case, truth, result.estimate, result.low, result.high, shows, effect)


@dataclass(frozen=True, slots=True)
class Tally:
    """Many trials of one case."""

    case: str
    truth: float | None
    trials: int
    bias: float
    """Mean estimate less truth, over trials with an estimate."""
    covered: int
    given: int
    """Trials with an interval."""
    found: int
    effect: bool | None

    @property
    def coverage(self) -> float:
        """Share of intervals that hold the truth."""
        return self.covered / self.given if self.given else float("nan")

    def row(self) -> list[str]:
        """For the table: case, truth, bias, coverage, false alarms, power."""
        low, high = wilson(self.covered, self.given)
        covers = f"{100 * self.coverage:.1f} ({100 * low:.1f}–{100 * high:.1f})" if self.given else ""
        undefined = self.trials - self.given
        if undefined and self.given:
            covers += f", {100 * undefined / self.trials:.0f} % undefined"
        share = f"{100 * self.found / self.trials:.1f}"
        return [
            self.case,
            "" if self.truth is None else f"{self.truth:.3f}".replace("-", "−"),
            f"{self.bias:+.3f}".replace("-", "−") if isfinite(self.bias) else "",
            covers,
            share if self.effect is False else "",
            share if self.effect else "",
        ]


def tallied(trials: Iterable[Trial]) -> list[Tally]:
    """By case, in the order of first appearance."""
    by: dict[str, list[Trial]] = {}
    for one in trials:
        by.setdefault(one.case, []).append(one)
    return [_tally(case, those) for case, those in by.items()]


def _tally(case: str, trials: list[Trial]) -> Tally:
    known = [(one.estimate, one.truth) for one in trials if one.estimate is not None and one.truth is not None]
    estimates = [estimate - truth for estimate, truth in known if isfinite(estimate)]
    # Rounding: an interval that ends at the truth holds it.
    close = 1e-9
    intervals = [
        (one.low, one.high, one.truth)
        for one in trials
        if one.low is not None and one.high is not None and one.truth is not None
    ]
    covered = sum(low - close <= truth <= high + close for low, high, truth in intervals)
    bias = sum(estimates) / len(estimates) if estimates else float("nan")
    found = sum(one.found for one in trials)
    return Tally(case, trials[0].truth, len(trials), bias, covered, len(intervals), found, trials[0].effect)
