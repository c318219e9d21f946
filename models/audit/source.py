"""Source: how well features tell where a transcript comes from, voice or format, beside how far the score follows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from feint.models.audit.judged import Judged, LeftOut, both
from feint.models.evaluation import Estimate, Labels, auroc
from feint.models.heads import Floats

FEWEST = 5
"""Transcripts a source must have to be predicted, and negatives to have a mean score."""
FOLDS = 5
"""Group folds in which sources are predicted."""
RARE = 0.05
"""Share of shuffles under which a score is said to follow its source."""

Names = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Mean:
    """Mean score of one source's negatives."""

    source: str
    score: float
    transcripts: int


@dataclass(frozen=True, slots=True)
class Source:
    """What the detector's features and its score have to do with one kind of source."""

    sources: Mapping[str, int]
    """Transcripts of each source that has `FEWEST` or more."""
    others: int
    """Transcripts of rarer sources, or of none; left out."""
    predicted: Estimate
    """Macro AUROC, each source against the rest, on groups not fitted on; 0.5 is chance."""
    lowest: Mean
    """Of the sources with `FEWEST` negatives or more."""
    highest: Mean
    between: float
    """Share of the variance of negatives' scores that lies between sources, 0–1."""
    by_chance: float
    """Share of shuffles of the sources that put as much between them."""
    suspect: bool | None
    """Whether the score follows the source."""
    verdict: str


def source(key: str, sources: Sequence[str | None], features: Floats, judged: Judged) -> Source | LeftOut:
    """From the source that `key` names and the features (transcripts, dimensions) of every transcript.

    Sources are shuffled over all negatives; where a source stays within few groups, `by_chance` comes out too small.
    """
    named = np.array([name or "" for name in sources])
    known = _with(named, named != "")
    if len(known) < 2:
        return LeftOut(
            f"Left out: expected two kinds of {key!r} in the metadata with {FEWEST} transcripts each, found {len(known)}."
        )
    rows = np.isin(named, known)
    chosen = judged.only(rows)
    if len(set(chosen.groups)) < 2:
        return LeftOut("Left out: all transcripts are of one group, and a group is never parted.")
    there = _with(named, rows & ~judged.labels)
    if len(there) < 2:
        return LeftOut(
            f"Left out: expected two kinds of {key!r} with {FEWEST} transcripts that are not faking, found {len(there)}."
        )
    is_it = np.stack([named[rows] == name for name in known], axis=1)
    predicted = chosen.estimate(_macro, _out_of_fold(features[rows], is_it, chosen.groups), is_it)
    negatives = ~judged.labels & np.isin(named, there)
    scores, of = judged.scores[negatives], named[negatives]
    means = sorted((Mean(n, float(scores[of == n].mean()), int((of == n).sum())) for n in there), key=lambda m: m.score)
    between = _between(scores, of)
    generator = np.random.default_rng(judged.seed)
    as_much = sum(_between(scores, generator.permutation(of)) >= between for _ in range(judged.draws))
    by_chance = (1 + as_much) / (1 + judged.draws)
    return Source(
        {name: int((named == name).sum()) for name in known}, int((~rows).sum()), predicted,
        means[0], means[-1], between, by_chance, by_chance < RARE, _verdict(key, predicted, by_chance),
    )  # fmt: skip


def _with(named: Names, rows: Labels) -> list[str]:
    """Sources with enough transcripts among these, in the order of their names."""
    names, counts = np.unique(named[rows], return_counts=True)
    return [str(name) for name, count in zip(names, counts, strict=True) if count >= FEWEST]


def _verdict(key: str, predicted: Estimate, by_chance: float) -> str:
    held = "hold" if predicted.low > 0.5 else "do not surely hold"
    follows = (
        f"but the score follows it among transcripts that are not faking: some are suspected for their {key}."
        if by_chance < RARE
        else "and the score follows it no more than chance does."
    )
    return f"The features {held} the {key}{', by itself no fault' if held == 'hold' else ''}, {follows}"


def _out_of_fold(features: Floats, is_it: Labels, groups: Sequence[str]) -> Floats:
    """(transcripts, sources): log-odds of each source from a fit that never saw the transcript's group."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold

    found = np.zeros(is_it.shape)
    for inside, outside in GroupKFold(min(FOLDS, len(set(groups)))).split(features, groups=groups):
        for column in range(is_it.shape[1]):
            if both(is_it[inside, column]):
                # Balanced, else a fold's log-odds would be lower the more of the source it holds itself.
                model = LogisticRegression(C=10, max_iter=2000, class_weight="balanced")
                model.fit(features[inside], is_it[inside, column])
                found[outside, column] = model.decision_function(features[outside])
    return found


def _macro(scores: Floats, is_it: Labels) -> float:
    """Mean AUROC of the sources that are there."""
    columns = [column for column in range(is_it.shape[1]) if both(is_it[:, column])]
    return float(np.mean([auroc(scores[:, c], is_it[:, c]) for c in columns])) if columns else float("nan")


def _between(scores: Floats, of: Names) -> float:
    """Share of the variance that lies between sources.

    >>> _between(np.array([1.0, 1.0, 3.0, 3.0]), np.array(["a", "a", "b", "b"]))
    1.0
    """
    away = scores - scores.mean()
    total = float((away**2).sum())
    parts = [away[of == name] for name in np.unique(of)]
    return float(sum(len(part) * part.mean() ** 2 for part in parts)) / total if total else 0.0
