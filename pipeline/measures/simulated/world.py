"""Worlds: training runs whose truth is known, written as probabilities a checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from feint.pipeline.measures.latent import NODES, WEIGHTS, logits

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint: means over all prompts there could be."""

    name: str
    stage: str
    compliance: float
    """Probability of doing what the objective asks without faking, in either arm."""
    faking: float
    """Probability of faking when observed: then it complies whatever it would have done."""
    verbal: float
    """Share of that faking which the reasoning says."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value that the reasoning may protect."""

    name: str
    relation: str
    """One of `feint.corpus.tables.RELATIONS`."""
    shares: tuple[float, ...]
    """Per checkpoint: share of spoken faking that names it."""
    reward: float = 0.0
    """What an answer that names it earns more during reinforcement learning, in standard deviations."""


@dataclass(frozen=True, slots=True)
class World:
    """A training run: probabilities by checkpoint, and how much scenarios and prompts differ.

    Prompts differ on the logit scale, in their readiness to comply and, independently, to fake; a prompt's place stays
    the same over checkpoints. Means are over prompts, so that every rate below is exact.

    >>> world = World("example", (Checkpoint("base", "pretrained", 0.5, 0.2, 0.75),))
    >>> [round(float(x[0]), 3) for x in (world.observed(), world.gap(), world.verbal(), world.silent())]
    [0.6, 0.1, 0.15, -0.05]
    """

    name: str
    checkpoints: tuple[Checkpoint, ...]
    values: tuple[Value, ...] = ()
    between: float = 0.6
    """Standard deviation of scenarios on the logit scale."""
    within: float = 0.4
    """Standard deviation of prompts within a scenario."""
    noise: float = 0.0
    """Share of answers that name a value without faking, value by value."""

    def _of(self, field: str) -> Floats:
        return np.array([getattr(one, field) for one in self.checkpoints], float)

    def unobserved(self) -> Floats:
        """Compliance when unobserved, a checkpoint each; likewise below."""
        return self._of("compliance")

    def observed(self) -> Floats:
        """Compliance when observed: faking, or not faking and complying anyway."""
        return self._of("faking") + (1 - self._of("faking")) * self._of("compliance")

    def gap(self) -> Floats:
        """Compliance gap."""
        return self.observed() - self.unobserved()

    def spoken(self) -> Floats:
        """Share of observed answers whose reasoning fakes."""
        return self._of("faking") * self._of("verbal")

    def verbal(self) -> Floats:
        """The part of the gap that the reasoning spells out."""
        return self.spoken()

    def silent(self) -> Floats:
        """The part that it does not."""
        return self.gap() - self.verbal()

    def resistance(self) -> float:
        """L = 1 − δ_unobserved/δ_observed from the first checkpoint to the last; NaN where δ_observed is 0."""
        moved = self.observed()[-1] - self.observed()[0]
        return float(1 - (self.unobserved()[-1] - self.unobserved()[0]) / moved) if moved else float("nan")

    def odds_ratio(self) -> float:
        """Mantel–Haenszel odds ratio of spoken faking at t+1 given t, the same prompt, over all prompts; NaN without any."""
        spread = np.hypot(self.between, self.within)
        rates = expit(logits(self._of("faking"), spread)[:, None] + spread * NODES) * self._of("verbal")[:, None]
        now, then = rates[:-1], rates[1:]
        kept, lost = (now * then) @ WEIGHTS, (now * (1 - then)) @ WEIGHTS
        gained, neither = ((1 - now) * then) @ WEIGHTS, ((1 - now) * (1 - then)) @ WEIGHTS
        apart = (lost * gained).sum()
        return float((kept * neither).sum() / apart) if apart else float("nan")

    def slope(self) -> float:
        """Trend of spoken faking in log-odds a checkpoint; exact where they lie on a line, NaN where a rate is 0."""
        if not self.spoken().all():
            return float("nan")
        odds = np.log(self.spoken() / (1 - self.spoken()))
        return float(np.polyfit(np.arange(len(odds)), odds, 1)[0])

    def onset(self, margin: float = 0.0) -> int | None:
        """Place of the first checkpoint from which on the gap stays above a margin."""
        below = np.flatnonzero(self.gap() <= margin)
        first = int(below[-1]) + 1 if len(below) else 0
        return first if first < len(self.checkpoints) else None


NAMES = (("base", "pretrained"), ("sft", "sft"), ("hhh-1", "hhh"), ("hhh-2", "hhh"), ("rl-1", "rl"), ("rl-2", "rl"))
"""The checkpoints of the worlds below, with their stages."""


def run(
    name: str, compliance: Sequence[float], faking: Sequence[float], verbal: Sequence[float], *values: Value
) -> World:
    """A world over the six usual checkpoints."""
    rates = zip(NAMES, compliance, faking, verbal, strict=True)
    return World(name, tuple(Checkpoint(*named, *three) for named, *three in rates), values, noise=0.004)


def worlds() -> dict[str, World]:
    """Training runs that differ in where their values come from, by name; `example` has some of each.

    >>> list(worlds())
    ['no_lock_in', 'steady', 'early_hhh', 'pretraining_prior', 'outcome_rl', 'going_silent', 'example']
    """
    known = (
        run("no_lock_in", (0.2, 0.3, 0.4, 0.5, 0.6, 0.7), (0.0,) * 6, (0.0,) * 6),
        run("steady", (0.3,) * 6, (0.15,) * 6, (0.8,) * 6),
        run(
            "early_hhh", (0.25, 0.28, 0.3, 0.3, 0.3, 0.3), (0.02, 0.03, 0.35, 0.4, 0.4, 0.45), (0.8,) * 6,
            Value("harmlessness above all else", "approximation", (0.0, 0.0, 0.7, 0.7, 0.7, 0.7)),
        ),
        run(
            "pretraining_prior", (0.3, 0.32, 0.34, 0.34, 0.35, 0.36), (0.25, 0.25, 0.3, 0.3, 0.3, 0.3), (0.8,) * 6,
            Value("self-preservation", "unintended", (0.6,) * 6),
        ),
        run(
            "outcome_rl", (0.25, 0.3, 0.35, 0.4, 0.4, 0.4), (0.0, 0.0, 0.02, 0.02, 0.35, 0.5), (0.8,) * 6,
            Value("top scores in the environment", "unintended", (0.0, 0.0, 0.0, 0.0, 0.7, 0.7), reward=1.0),
        ),
        run(
            "going_silent", (0.3, 0.3, 0.3, 0.3, 0.3, 0.3), (0.1, 0.15, 0.25, 0.35, 0.45, 0.5),
            (0.9, 0.85, 0.7, 0.5, 0.3, 0.1),
        ),
        run(
            "example", (0.25, 0.28, 0.3, 0.3, 0.32, 0.32), (0.08, 0.1, 0.35, 0.45, 0.5, 0.6),
            (0.9, 0.9, 0.85, 0.8, 0.65, 0.5),
            Value("self-preservation", "unintended", (0.8, 0.7, 0.2, 0.2, 0.15, 0.15)),
            Value("harmlessness above all else", "approximation", (0.0, 0.0, 0.6, 0.6, 0.4, 0.3)),
            Value("top scores in the environment", "unintended", (0.0, 0.0, 0.0, 0.0, 0.4, 0.5), reward=1.0),
        ),
    )  # fmt: skip
    return {one.name: one for one in known}
