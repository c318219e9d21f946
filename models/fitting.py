"""Fitting: from labelled transcripts to heads, a decision, a calibration and a threshold."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from feint.corpus.errors import InputError
from feint.corpus.span import Span
from feint.corpus.transcript import Transcript
from feint.models import calibration, decision, heads, thresholds, words
from feint.models.calibration import Platt
from feint.models.decision import Decision
from feint.models.encoders import Encoder
from feint.models.encoders.windows import Vectors
from feint.models.heads import Floats
from feint.models.passages import Block, Passage, cut
from feint.models.readers import Readers

HEADLINE = "faking"
"""Name of the head for the decisive words themselves."""
DECISIVE = ("opposition_to_modification", "preservation_motive", "strategic_compliance")
"""Indicators whose endorsed words, in a transcript that is faking, are the decisive ones."""
PRESENT = ("considered", "endorsed")
"""Levels that count as there: what is merely mentioned weighs nothing."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Words that somebody marked."""

    indicator: str
    level: str
    span: Span


@dataclass(frozen=True, slots=True)
class Example:
    """A transcript with what is known of it."""

    transcript: Transcript
    label: bool
    """Whether it is faking."""
    group: str
    """Examples of one group are fitted on and judged together."""
    marks: tuple[Mark, ...] | None = None
    """All marks, where people marked; none where only labels are known."""
    labels: Mapping[str, bool] = field(default_factory=dict)
    """What is known of single indicators, where nobody marked."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be chosen; everything in the [train] table of the configuration."""

    head_c: float = 3.0
    """Inverse strength of the penalty on heads that go by vectors."""
    word_c: float = 20.0
    """Inverse strength of the penalty on heads that go by words."""
    decision_c: float = 0.03
    """Inverse strength of the decision's penalty."""
    folds: int = 5
    """Group folds for what must be seen on examples that were not fitted on."""
    false_positive_rate: float = 0.05
    """Share of development negatives the threshold may flag."""


@dataclass(frozen=True, slots=True)
class Fit:
    """All that was learnt, and the out-of-fold log-odds it was calibrated on."""

    readers: Readers
    decision: Decision
    platt: Platt
    threshold: float
    out_of_fold: Floats
    """Log-odds of every example from a fit that never saw its group."""


def encode(
    examples: Sequence[Transcript],
    encoder: Encoder,
    blocks_to_vectors: Callable[[Encoder, Sequence[Block]], Iterator[list[Vectors]]],
) -> tuple[list[list[Passage]], list[Vectors]]:
    """Passages and their vectors, a list and an array (passages, dimensions) per transcript."""
    cuts = [cut(transcript) for transcript in examples]
    arrays = (
        array for chunk in blocks_to_vectors(encoder, [b for _, blocks in cuts for b in blocks]) for array in chunk
    )
    vectors = [
        np.concatenate([np.zeros((0, encoder.dimensions), np.float32), *(next(arrays) for _ in blocks)])
        for _, blocks in cuts
    ]
    return [passages for passages, _ in cuts], vectors


def targets(example: Example, passages: Sequence[Passage], names: Sequence[str]) -> Floats:
    """(passages, heads): 1 where the passage shows the indicator, 0 where it does not, NaN where nobody said."""
    found = np.full((len(passages), len(names)), np.nan)
    known = {HEADLINE: example.label, **example.labels}
    for column, name in enumerate(names):
        if example.marks is not None:
            spans = [mark.span for mark in example.marks if _shows(mark, name, example.label)]
            found[:, column] = [any(passage.span.overlaps(span) for span in spans) for passage in passages]
        elif name in known:
            found[:, column] = known[name]
    return found


def _shows(mark: Mark, name: str, faking: bool) -> bool:
    if name == HEADLINE:
        return faking and mark.indicator in DECISIVE and mark.level == "endorsed"
    return mark.indicator == name and mark.level in PRESENT


def fit(
    examples: Sequence[Example],
    passages: Sequence[Sequence[Passage]],
    vectors: Sequence[Vectors],
    names: Sequence[str],
    settings: Settings = Settings(),
) -> Fit:
    """Heads on passages, then a decision on what the heads say of groups they were not fitted on.

    Everything that judges (decision, calibration, threshold) sees only out-of-fold values, so that it learns how good
    the heads are on families they do not know (stacking, Wolpert 1992).
    """
    labels, groups = checked(examples)
    all_targets = [targets(e, p, names) for e, p in zip(examples, passages, strict=True)]
    texts = quotes([e.transcript for e in examples], passages)
    folds = list(group_folds(groups, labels, settings.folds))

    def readers_on(chosen: npt.NDArray[np.int_]) -> Readers:
        wanted = np.concatenate([all_targets[i] for i in chosen])
        by_vector = heads.fit(names, np.concatenate([vectors[i] for i in chosen]), wanted, settings.head_c)
        return Readers(by_vector, words.fit([text for i in chosen for text in texts[i]], wanted, settings.word_c))

    features = np.zeros((len(examples), 2 * len(names) * len(decision.POOLS)))
    for inside, outside in folds:
        features[outside] = pooled(readers_on(inside), [vectors[i] for i in outside], [texts[i] for i in outside])
    return _settle(readers_on(np.arange(len(examples))), features, labels, folds, settings, None)


def adapt(
    examples: Sequence[Example],
    passages: Sequence[Sequence[Passage]],
    vectors: Sequence[Vectors],
    base: Readers,
    prior: Decision,
    platt: Platt,
    threshold: float,
    settings: Settings = Settings(),
) -> Fit:
    """The base's heads as they are, its decision moved as far as the labels carry it.

    With fewer than ten labels of either kind the base's calibration and threshold stay.
    """
    labels, groups = checked(examples)
    features = pooled(base, vectors, quotes([e.transcript for e in examples], passages))
    if min(labels.sum(), (~labels).sum()) < 10 or len(set(groups)) < settings.folds:
        moved = decision.fit(features, labels, settings.decision_c, prior)
        return Fit(base, moved, platt, threshold, moved.logits(features))
    folds = list(group_folds(groups, labels, settings.folds))
    return _settle(base, features, labels, folds, settings, prior)


def _settle(
    fitted: Readers,
    features: Floats,
    labels: npt.NDArray[np.bool_],
    folds: Sequence[tuple[npt.NDArray[np.int_], npt.NDArray[np.int_]]],
    settings: Settings,
    prior: Decision | None,
) -> Fit:
    logits = np.zeros(len(labels))
    for inside, outside in folds:
        logits[outside] = decision.fit(features[inside], labels[inside], settings.decision_c, prior).logits(
            features[outside]
        )
    platt = calibration.fit(logits, labels)
    threshold = thresholds.at_false_positive_rate(platt.probability(logits), labels, settings.false_positive_rate)
    return Fit(fitted, decision.fit(features, labels, settings.decision_c, prior), platt, threshold, logits)


def quotes(transcripts: Sequence[Transcript], passages: Sequence[Sequence[Passage]]) -> list[list[str]]:
    """The words of every passage, a list a transcript."""
    return [[p.span.quote(one) for p in cuts] for one, cuts in zip(transcripts, passages, strict=True)]


def pooled(readers: Readers, vectors: Sequence[Vectors], texts: Sequence[Sequence[str]]) -> Floats:
    """(transcripts, features) from each transcript's passages."""
    pairs = zip(vectors, texts, strict=True)
    return np.stack([decision.pool(readers.logits(array, said)) for array, said in pairs])


def checked(examples: Sequence[Example]) -> tuple[npt.NDArray[np.bool_], list[str]]:
    """Labels and groups; InputError where one class only is there, which nothing can be learnt from."""
    labels = np.array([example.label for example in examples], bool)
    if labels.all() or not labels.any():
        found = (
            f"{len(labels)} labels, all {'true' if len(labels) and labels[0] else 'false'}"
            if len(labels)
            else "no labels"
        )
        raise InputError(f"found {found}; expected some true and some false: add examples of the other kind")
    return labels, [example.group for example in examples]


def group_folds(
    groups: Sequence[str], labels: npt.NDArray[np.bool_], folds: int
) -> Iterator[tuple[npt.NDArray[np.int_], npt.NDArray[np.int_]]]:
    """(inside, outside) indices; a group is never parted and the kinds are spread; deterministic."""
    from sklearn.model_selection import StratifiedGroupKFold

    most = min(folds, len(set(groups)), int(labels.sum()), int((~labels).sum()))
    if most < 2:
        everything = np.arange(len(groups))
        yield everything, everything
        return
    yield from StratifiedGroupKFold(most).split(np.zeros(len(groups)), labels, groups)
