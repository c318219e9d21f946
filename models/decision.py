"""The decision: from what the heads say of every passage to one log-odds for the transcript."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feint.models.heads import Floats

WHOLE = "whole text"
"""What the words of the whole transcript add, beside the indicators."""
BLEND = 1.0
"""Inverse strength of the penalty on the weights of the parts."""
KEPT = 100.0
"""How firmly the first of two opinions is held to its weight."""
POOLS = ("strongest", "strongest at last")
"""How a head's log-odds over passages become features: one sentence can decide, and what was weighed first may be declined in the end.
Neither counts the other passages, of which a long transcript has more."""
LAST = 3
"""The end is the last of so many parts."""


def pool(logits: Floats) -> Floats:
    """(passages, heads) to (heads × pools,): each head's pools side by side.

    >>> pool(np.array([[0.0], [4.0], [2.0], [-2.0]]))
    array([ 4., -2.])
    """
    end = logits[-max(1, len(logits) // LAST) :]
    return np.stack([logits.max(axis=0), end.max(axis=0)], axis=1).ravel()


@dataclass(frozen=True, slots=True)
class Decision:
    """A linear decision over standardised pools."""

    centre: Floats
    scale: Floats
    weight: Floats
    bias: float

    def logits(self, features: Floats) -> Floats:
        """(transcripts, features) to log-odds (transcripts,)."""
        return self.standard(features) @ self.weight + self.bias

    def standard(self, features: Floats) -> Floats:
        """Features with the mean and spread of the transcripts it was first fitted on taken off."""
        return (features - self.centre) / self.scale


def fit(features: Floats, labels: npt.NDArray[np.bool_], c: float, prior: Decision | None = None) -> Decision:
    """Logistic regression whose L2 penalty (inverse strength `c`) pulls towards `prior`, or towards nothing.

    With a prior, few labels move the decision little and many labels move it freely.
    """
    from scipy.optimize import minimize

    prior = prior or Decision(features.mean(axis=0), features.std(axis=0) + 1e-6, np.zeros(features.shape[1]), 0.0)
    inputs = np.column_stack([prior.standard(features), np.ones(len(features))])
    sign = np.where(labels, 1.0, -1.0)
    start = np.append(prior.weight, prior.bias)
    pull = np.append(np.full(features.shape[1], 1 / c), 1e-3)  # the intercept is all but free

    def loss(at: Floats) -> tuple[float, Floats]:
        margin = sign * (inputs @ at)
        slope = -sign / (1 + np.exp(np.minimum(margin, 500)))
        away = at - start
        return float(np.logaddexp(0, -margin).sum() + (pull * away**2).sum() / 2), inputs.T @ slope + pull * away

    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 1000, "ftol": 1e-12})
    return Decision(prior.centre, prior.scale, found.x[:-1], float(found.x[-1]))


def together(
    learnt: Floats,
    labels: npt.NDArray[np.bool_],
    c: float,
    parts: Sequence[slice],
    held: tuple[Floats, npt.NDArray[np.bool_]],
) -> Decision:
    """One decision per part of the features, added up with the weights that `held`'s features and labels give them.

    A few weights settled on groups that nothing has seen do better than one regression over everything that the parts
    say, where some of them were tuned on the transcripts it would learn from; models/README.md has the comparison.
    """
    return blended(alone(learnt, labels, c, parts), parts, held)


def alone(learnt: Floats, labels: npt.NDArray[np.bool_], c: float, parts: Sequence[slice]) -> list[Decision]:
    """One decision per part of the features."""
    return [fit(learnt[:, part], labels, c) for part in parts]


def blended(
    opinions: Sequence[Decision], parts: Sequence[slice], held: tuple[Floats, npt.NDArray[np.bool_]]
) -> Decision:
    """One opinion per part of the features, added up with the weights that `held`'s features and labels give them."""
    said = np.column_stack([one.logits(held[0][:, part]) for one, part in zip(opinions, parts, strict=True)])
    blend = fit(said, held[1], BLEND)
    share = blend.weight / blend.scale
    return Decision(
        np.concatenate([one.centre for one in opinions]),
        np.concatenate([one.scale for one in opinions]),
        np.concatenate([one.weight * by for one, by in zip(opinions, share, strict=True)]),
        blend.bias + float(share @ (np.array([one.bias for one in opinions]) - blend.centre)),
    )


def added(said: Floats, labels: npt.NDArray[np.bool_]) -> Decision:
    """How to add a second opinion to a first, from what both say, (transcripts, 2), of what neither learnt from.

    The first keeps its weight, and the second has none, or one that the labels speak for: few of them cannot turn the first around.
    """
    alone = Decision(np.zeros(2), np.array([KEPT, 1.0]), np.array([KEPT, 0.0]), 0.0)
    both = fit(said, labels, BLEND, alone)
    return both if both.weight[1] > 0 else alone


def extended(first: Decision, blend: Decision, said: Floats) -> Decision:
    """The first with one more feature, the log-odds of a second opinion, each counted as the blend says.

    `said` is what both say (transcripts, 2) of those over whose mean and spread the new feature is standardised.
    """
    share, other = blend.weight / blend.scale
    centre, scale = float(said[:, 1].mean()), float(said[:, 1].std()) + 1e-6
    return Decision(
        np.append(first.centre, centre),
        np.append(first.scale, scale),
        np.append(share * first.weight, other * scale),
        float(blend.bias + share * (first.bias - blend.centre[0]) + other * (centre - blend.centre[1])),
    )


def contributions(decision: Decision, features: Floats, names: Sequence[str]) -> dict[str, float]:
    """How much each indicator adds to one transcript's log-odds, its pools together, and the whole text."""
    return by_indicator(decision.standard(features) * decision.weight, names)


def by_indicator(each: Floats, names: Sequence[str]) -> dict[str, float]:
    """A number for each feature (features,), added up: an indicator's pools together, and the whole text.

    >>> by_indicator(np.array([1.0, 2.0, 10.0, 20.0, 5.0]), ["a", "b"])
    {'a': 3.0, 'b': 30.0, 'whole text': 5.0}
    """
    pools = len(names) * len(POOLS)
    heads = each[:pools].reshape(len(names), len(POOLS)).sum(axis=1)
    return dict(zip(names, heads.tolist(), strict=True)) | {WHOLE: float(each[pools:].sum())}
