"""Fitting: from labelled transcripts to heads, a decision, a calibration and operating points."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from feint.corpus.errors import InputError
from feint.corpus.span import Span
from feint.corpus.transcript import Transcript
from feint.models import calibration, decision, heads, readers, thresholds, words
from feint.models.calibration import Platt
from feint.models.decision import Decision
from feint.models.encoders import Encoder
from feint.models.encoders.windows import Vectors
from feint.models.heads import Floats
from feint.models.passages import Block, Passage, cut
from feint.models.readers import Readers
from feint.models.words import Counts, Words

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

    epochs: int = 10
    """Times the encoder is tuned on every transcript; 0 leaves it as it came."""
    rank: int = 32
    """Rank of what tuning may change in a layer."""
    rate: float = 6e-4
    """Learning rate of the encoder's change."""
    head_c: float = 1.0
    """Inverse strength of the penalty on heads that go by vectors."""
    word_c: float = 30.0
    """Inverse strength of the penalty on what goes by words."""
    decision_c: float = 0.03
    """Inverse strength of the decision's penalty."""
    folds: int = 5
    """Group folds for what must be seen on examples that were not fitted on."""
    specific: float = 0.05
    """Share of held-out negatives that the specific operating point may flag."""
    sensitive: float = 0.2
    """Share of held-out negatives that the sensitive operating point may flag."""
    seed: int = 0
    """Order of the transcripts while tuning, and where it starts from."""

    @property
    def points(self) -> dict[str, float]:
        """Operating points and the share of negatives each may flag."""
        return {"specific": self.specific, "sensitive": self.sensitive}


@dataclass(frozen=True, slots=True)
class Encoded:
    """Examples with their passages and the passages' vectors."""

    examples: Sequence[Example]
    passages: Sequence[Sequence[Passage]]
    vectors: Sequence[Vectors]
    """(passages, dimensions) each."""

    def __getitem__(self, chosen: slice) -> "Encoded":
        return Encoded(self.examples[chosen], self.passages[chosen], self.vectors[chosen])

    @property
    def labels(self) -> npt.NDArray[np.bool_]:
        """(examples,)."""
        return np.array([example.label for example in self.examples], bool)

    @property
    def counts(self) -> list[Counts]:
        """The words of every transcript's passages."""
        return [
            words.counted(p.span.quote(example.transcript) for p in cuts)
            for example, cuts in zip(self.examples, self.passages, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Fit:
    """All that was learnt, and the log-odds it was calibrated on."""

    readers: Readers
    decision: Decision
    platt: Platt
    points: Mapping[str, float]
    """Operating points: a name and the probability from which a transcript is flagged."""
    unseen: Floats
    """Log-odds of the examples that settled calibration and points, by what was not fitted on them."""


Progress = Callable[[Iterator[float], int], Iterator[float]]
"""Handed the losses of tuning as they come and how many there will be; gives them on."""


def quietly(steps: Iterator[float], total: int) -> Iterator[float]:
    """No progress shown."""
    return steps


BlocksToVectors = Callable[[Encoder, Sequence[Block]], Iterator[list[Vectors]]]


def encode(examples: Sequence[Example], encoder: Encoder, blocks_to_vectors: BlocksToVectors | None = None) -> Encoded:
    """The examples' passages and vectors; `blocks_to_vectors` may keep what it has once encoded."""
    cuts = [cut(example.transcript) for example in examples]
    every = [block for _, blocks in cuts for block in blocks]
    chunks = blocks_to_vectors(encoder, every) if blocks_to_vectors else iter([encoder.encode(every)])
    arrays = (array for chunk in chunks for array in chunk)
    vectors = [
        np.concatenate([np.zeros((0, encoder.dimensions), np.float32), *(next(arrays) for _ in blocks)])
        for _, blocks in cuts
    ]
    return Encoded(examples, [passages for passages, _ in cuts], vectors)


def targets(
    example: Example, passages: Sequence[Passage], names: Sequence[str], levels: Sequence[str] = PRESENT
) -> Floats:
    """(passages, heads): 1 where the passage shows the indicator at one of the levels, 0 where not, NaN where nobody said."""
    found = np.full((len(passages), len(names)), np.nan)
    known = {HEADLINE: example.label, **example.labels}
    for column, name in enumerate(names):
        if example.marks is not None:
            spans = [mark.span for mark in example.marks if _shows(mark, name, example.label, levels)]
            found[:, column] = [any(passage.span.overlaps(span) for span in spans) for passage in passages]
        elif name in known:
            found[:, column] = known[name]
    return found


def _shows(mark: Mark, name: str, faking: bool, levels: Sequence[str]) -> bool:
    if name == HEADLINE:
        return faking and mark.indicator in DECISIVE and mark.level == "endorsed"
    return mark.indicator == name and mark.level in levels


def fit(learnt: Encoded, names: Sequence[str], settings: Settings = Settings(), held: Encoded | None = None) -> Fit:
    """Heads on passages, then a decision on what the heads say of groups they were not fitted on (stacking, Wolpert 1992).

    The weights of the two readings, calibration and operating points are all settled on `held`, whose groups nothing
    else has seen, the latter two on groups that the weights were not settled on. Without `held` the out-of-fold log-odds
    of what was learnt from do, which is honest as long as the vectors were not tuned on it.
    """
    labels, groups = checked(learnt.examples)
    wanted = [targets(e, p, names) for e, p in zip(learnt.examples, learnt.passages, strict=True)]
    counts = learnt.counts
    folds = list(group_folds(groups, labels, settings.folds))

    def readers_on(chosen: npt.NDArray[np.int_]) -> Readers:
        shown = np.concatenate([wanted[i] for i in chosen])
        return Readers(
            heads.fit(names, np.concatenate([learnt.vectors[i] for i in chosen]), shown, settings.head_c),
            (_words(counts, labels, groups, chosen, settings),),
        )

    parts = readers.parts(len(names))
    seen = np.zeros((len(labels), parts[0].stop + 1))
    for inside, outside in folds:
        seen[outside] = features(readers_on(inside), [learnt.vectors[i] for i in outside], [counts[i] for i in outside])
    final = readers_on(np.arange(len(labels)))
    if held:
        others = features(final, held.vectors, held.counts)
        alone = decision.alone(seen, labels, settings.decision_c, parts)
        decided = decision.blended(alone, parts, (others, held.labels))
        logits, known = np.zeros(len(others)), held.labels
        for inside, outside in group_folds([e.group for e in held.examples], known, settings.folds):
            own = others[inside], known[inside]
            logits[outside] = decision.blended(alone, parts, own).logits(others[outside])
    else:
        decided = decision.together(seen, labels, settings.decision_c, parts, (seen, labels))
        logits, known = np.zeros(len(labels)), labels
        for inside, outside in folds:
            own = seen[inside], labels[inside]
            logits[outside] = decision.together(*own, settings.decision_c, parts, own).logits(seen[outside])
    platt = calibration.fit(logits, known)
    return Fit(final, decided, platt, _points(platt, logits, known, settings), logits)


def adapt(
    learnt: Encoded,
    base: Readers,
    prior: Decision,
    platt: Platt,
    points: Mapping[str, float],
    settings: Settings = Settings(),
) -> Fit:
    """The base's heads as they are, its decision moved as far as the labels carry it, and what they teach of words added.

    How much the words of the new transcripts count is settled where they were not learnt from (stacking), and pulled
    towards not at all. With fewer than ten labels of either kind the base's calibration and operating points stay.
    """
    labels, groups = checked(learnt.examples)
    counts = learnt.counts
    seen = features(base, learnt.vectors, counts)
    moved = decision.fit(seen, labels, settings.decision_c, prior)
    folds = list(group_folds(groups, labels, settings.folds))
    if len(folds) < 2 or any(len(set(labels[inside])) < 2 for inside, _ in folds):
        return Fit(base, moved, platt, points, moved.logits(seen))
    said = np.zeros((len(labels), 2))
    for inside, outside in folds:
        alone = decision.fit(seen[inside], labels[inside], settings.decision_c, prior)
        local = _words(counts, labels, groups, inside, settings)
        said[outside, 0] = alone.logits(seen[outside])
        said[outside, 1] = [local.logit(counts[i]) for i in outside]
    blend = decision.added(said, labels)
    local = _words(counts, labels, groups, np.arange(len(labels)), settings)
    moved = decision.extended(moved, blend, said)
    fitted = Readers(base.by_vector, (*base.by_words, local))
    logits = blend.logits(said)
    if min(labels.sum(), (~labels).sum()) < 10 or len(set(groups)) < settings.folds:
        return Fit(fitted, moved, platt, points, logits)
    anew = calibration.fit(logits, labels)
    return Fit(fitted, moved, anew, _points(anew, logits, labels, settings), logits)


def _points(platt: Platt, logits: Floats, labels: npt.NDArray[np.bool_], settings: Settings) -> dict[str, float]:
    scores = platt.probability(logits)
    return {name: thresholds.at_false_positive_rate(scores, labels, rate) for name, rate in settings.points.items()}


def features(fitted: Readers, vectors: Sequence[Vectors], counts: Sequence[Counts]) -> Floats:
    """(transcripts, features) from each transcript's passages and the words in them."""
    pairs = zip(vectors, counts, strict=True)
    return np.stack([fitted.features(fitted.logits(array), said) for array, said in pairs])


def _words(
    counts: Sequence[Counts],
    labels: npt.NDArray[np.bool_],
    groups: Sequence[str],
    chosen: npt.NDArray[np.int_],
    settings: Settings,
) -> Words:
    return words.fit([counts[i] for i in chosen], labels[chosen], [groups[i] for i in chosen], settings.word_c)


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


def parted(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Those to learn from, and about a fifth of the groups to settle on; none of these where there are too few groups."""
    labels, groups = checked(examples)
    inside, outside = next(iter(group_folds(groups, labels, 5)))
    if len(inside) == len(examples):
        return list(examples), []
    return [examples[i] for i in inside], [examples[i] for i in outside]


def spoken(examples: Sequence[Example]) -> None:
    """InputError where an assistant says nothing in one of them."""
    silent = [example.transcript.id for example in examples if not cut(example.transcript)[0]]
    if silent:
        raise InputError(f"transcript {silent[0]!r} has no words of an assistant to learn from; leave it out")


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
