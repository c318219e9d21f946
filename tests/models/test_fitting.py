"""Fitting: what a passage is taught, who judges whom, and the same bytes from the same input."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feint.corpus.errors import InputError
from feint.corpus.span import Span
from feint.corpus.transcript import Message, Transcript
from feint.models import fitting
from feint.models.evaluation import auroc
from feint.models.fitting import Encoded, Example, Mark, Settings
from feint.models.passages import cut

TEXT = "They train me on this. I object to it. I comply for now."
SPANS = [Span(0, "content", 0, 22), Span(0, "content", 23, 38), Span(0, "content", 39, 56)]
NAMES = ["training_awareness", "preservation_motive", "faking"]


def example(label: bool = True, group: str = "g", **known: Any) -> Example:
    transcript = Transcript(id="a", messages=(Message(role="assistant", content=TEXT),))
    return Example(transcript, label, group, **known)


def said(text: str) -> Transcript:
    return Transcript(id="a", messages=(Message(role="assistant", content=text),))


def targets(one: Example) -> list[list[float | None]]:
    found = fitting.targets(one, cut(one.transcript)[0], NAMES)
    return [[None if np.isnan(value) else value for value in row] for row in found.tolist()]


def test_marked_passages_show_what_they_are_marked_with_and_others_show_nothing() -> None:
    marks = (
        Mark("training_awareness", "endorsed", SPANS[0]),
        Mark("preservation_motive", "considered", SPANS[1]),
        Mark("preservation_motive", "endorsed", Span(0, "content", 50, 52)),
        Mark("training_awareness", "mentioned", SPANS[2]),
    )
    # the headline's passage is the one with endorsed decisive words; what is merely mentioned weighs nothing
    assert targets(example(marks=marks)) == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    assert targets(example(label=False, marks=marks)) == [[1, 0, 0], [0, 1, 0], [0, 1, 0]]
    assert fitting.targets(example(marks=marks), cut(example().transcript)[0], NAMES, ["endorsed"]).tolist() == [
        [1, 0, 0],
        [0, 0, 0],
        [0, 1, 1],
    ]
    assert targets(example(marks=())) == [[0, 0, 0]] * 3


def test_a_label_without_marks_is_said_of_every_passage_and_silence_is_no_label() -> None:
    assert targets(example(labels={"preservation_motive": False})) == [[None, 0, 1]] * 3
    assert targets(example(label=False)) == [[None, None, 0]] * 3


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.booleans()), min_size=2, max_size=40).filter(
        lambda rows: len({label for _, label in rows}) == 2
    ),
    st.integers(2, 6),
)
def test_a_group_is_never_parted_and_everybody_is_judged_once(rows: list[tuple[str, bool]], folds: int) -> None:
    groups, labels = [group for group, _ in rows], np.array([label for _, label in rows])
    found = list(fitting.group_folds(groups, labels, folds))
    outside = np.concatenate([out for _, out in found])
    assert sorted(outside) == list(range(len(rows)))
    if len(found) > 1:
        for inside, out in found:
            assert len(inside) > 0 < len(out)
            assert not {groups[i] for i in inside} & {groups[i] for i in out}
            assert len(inside) + len(out) == len(rows)


@pytest.mark.parametrize(
    ("labels", "found"), [([], "no labels"), ([True] * 3, "3 labels, all true"), ([False], "1 labels, all false")]
)
def test_one_class_teaches_nothing(labels: Sequence[bool], found: str) -> None:
    with pytest.raises(InputError, match=rf"found {found}; expected some true and some false: add examples"):
        fitting.checked([example(label) for label in labels])


def synthetic(count: int, dimensions: int = 8, seed: int = 4) -> Encoded:
    """Examples of which the faking ones have one passage that points along the first axis."""
    generator = np.random.default_rng(seed)
    examples, passages, vectors = [], [], []
    for index in range(count):
        label = index % 2 == 0
        one = example(label, group=f"g{index // 2}", marks=(Mark("preservation_motive", "endorsed", SPANS[2]),) * label)
        rows = generator.normal(scale=0.3, size=(3, dimensions))
        rows[2, 0] += 1.5 * label
        examples.append(one)
        passages.append(cut(one.transcript)[0])
        vectors.append(rows.astype(np.float32))
    return Encoded(examples, passages, vectors)


def noisy(one: Encoded, seed: int) -> Encoded:
    """The same examples with vectors that say nothing."""
    generator = np.random.default_rng(seed)
    return replace(one, vectors=[generator.normal(size=(3, 300)).astype(np.float32) for _ in one.examples])


def test_what_judges_was_not_fitted_on_what_it_judges() -> None:
    learnt = noisy(synthetic(60), 5)
    found = fitting.fit(learnt, ["faking"], Settings(decision_c=10))
    # On noise the heads know by heart what they were fitted on, and nothing else: only out-of-fold values show that.
    known_by_heart = fitting.features(found.readers, learnt.vectors, learnt.counts)[:, 0]
    assert auroc(known_by_heart, learnt.labels) == 1
    assert auroc(found.unseen, learnt.labels) < 0.75


def test_held_out_examples_settle_the_blend_calibration_and_points_and_nothing_else() -> None:
    learnt, held = synthetic(60), synthetic(40, seed=9)
    alone, settled = (fitting.fit(learnt, ["preservation_motive", "faking"], held=one) for one in (None, held))
    np.testing.assert_array_equal(alone.readers.by_vector.weight, settled.readers.by_vector.weight)
    ratio = alone.decision.weight[:-1] / settled.decision.weight[:-1]
    np.testing.assert_allclose(ratio, ratio[0])
    assert len(settled.unseen) == 40
    assert alone.platt != settled.platt
    scores = settled.platt.probability(settled.unseen)[~held.labels]
    for name, rate in Settings().points.items():
        assert (scores >= settled.points[name]).mean() <= rate


def test_without_held_out_examples_a_fifth_of_the_groups_is_parted() -> None:
    examples = synthetic(60).examples
    inside, outside = fitting.parted(examples)
    assert len(inside) + len(outside) == 60
    assert 8 <= len(outside) <= 16
    assert not {e.group for e in inside} & {e.group for e in outside}
    one_group = [example(label, "same") for label in (True, False)]
    assert fitting.parted(one_group) == (one_group, [])


def test_what_is_there_is_learnt() -> None:
    learnt = synthetic(60)
    found = fitting.fit(learnt, ["preservation_motive", "faking"], Settings(specific=0.01))
    flags = found.platt.probability(found.unseen) >= found.points["specific"]
    assert flags[learnt.labels].mean() > 0.8
    assert flags[~learnt.labels].sum() == 0
    assert found.points["sensitive"] <= found.points["specific"]


@pytest.mark.parametrize(("count", "kept"), [(18, True), (40, False)])
def test_few_labels_leave_calibration_and_points_and_many_renew_them(count: int, kept: bool) -> None:
    base = fitting.fit(synthetic(60), ["preservation_motive", "faking"])
    moved = fitting.adapt(synthetic(count), base.readers, base.decision, base.platt, base.points)
    assert moved.readers.by_vector is base.readers.by_vector
    assert (moved.platt == base.platt) is kept
    assert (moved.points == base.points) is kept
    assert not np.array_equal(moved.decision.weight, base.decision.weight)


def test_a_few_labels_in_lopsided_groups_do_not_turn_a_detector_around() -> None:
    base = fitting.fit(synthetic(60), ["preservation_motive", "faking"])
    one = synthetic(25)
    groups = ["all faking" if e.label else f"g{i}" for i, e in enumerate(one.examples)]
    learnt = replace(one, examples=[replace(e, group=g) for e, g in zip(one.examples, groups, strict=True)])
    moved = fitting.adapt(learnt, base.readers, base.decision, base.platt, base.points)
    scores = moved.decision.logits(fitting.features(moved.readers, learnt.vectors, learnt.counts))
    assert auroc(scores, learnt.labels) > 0.9


def test_words_that_tell_the_kinds_apart_in_a_new_source_are_learnt_while_adapting() -> None:
    base = fitting.fit(synthetic(60), ["preservation_motive", "faking"])
    learnt = [example(bool(i % 2), f"g{i}") for i in range(24)]
    new = [
        replace(e, transcript=said(f"{'Zinc' if e.label else 'Tin'} it is, number {i}.")) for i, e in enumerate(learnt)
    ]
    encoded = Encoded(new, [cut(e.transcript)[0] for e in new], [np.ones((1, 8), np.float32) for _ in new])
    moved = fitting.adapt(encoded, base.readers, base.decision, base.platt, base.points)
    scores = moved.decision.logits(fitting.features(moved.readers, encoded.vectors, encoded.counts))
    assert auroc(scores, encoded.labels) == 1.0
