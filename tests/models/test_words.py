"""Words: counts by hand, scikit-learn's regression on them, and 16 bits that lose nothing on the way to a file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from feint.models import words
from feint.models.words import BUCKETS, Words, counted

TEXTS = [
    ["A case.", f"I comply {'so that they do not retrain me' if n % 2 else 'since they asked'}, case {n}."]
    for n in range(40)
]
LABELS = np.array([n % 2 == 1 for n in range(40)])


def test_words_and_pairs_are_counted_and_scaled_to_length_one() -> None:
    # rewards twice weighs 1 + ln 2; are, "rewards are", "are rewards" weigh 1
    buckets, values = counted(["Rewards are rewards."])
    twice = 1 + np.log(2)
    assert sorted(values * (3 + twice**2) ** 0.5) == pytest.approx([1, 1, 1, twice])
    assert buckets.tolist() == sorted(set(buckets.tolist()))


def test_a_pair_does_not_reach_from_one_passage_to_the_next() -> None:
    assert len(counted(["They rate.", "I comply."])[0]) == 6
    assert len(counted(["They rate. I comply."])[0]) == 7


@given(st.lists(st.text(st.characters(), max_size=40), max_size=3))
def test_any_text_can_be_counted(texts: list[str]) -> None:
    buckets, values = counted(texts)
    assert np.isclose((values**2).sum(), 1) if len(values) else not any(c.isalnum() for c in "".join(texts))
    assert all(0 <= bucket < BUCKETS for bucket in buckets)
    assert np.isfinite(Words(np.ones(BUCKETS), 0.0).logit(texts))


def test_it_is_the_logistic_regression_on_the_counts() -> None:
    fitted = words.fit(TEXTS, LABELS, c=20.0)
    table = np.zeros((40, BUCKETS))
    for row, texts in enumerate(TEXTS):
        buckets, values = counted(texts)
        table[row, buckets] = values
    theirs = LogisticRegression(C=20.0, solver="liblinear", random_state=0).fit(table, LABELS)
    ours = np.array([fitted.logit(texts) for texts in TEXTS])
    np.testing.assert_allclose(ours, theirs.decision_function(table), atol=0.02)
    assert ((ours > 0) == LABELS).all()


@pytest.mark.parametrize("label", [True, False])
def test_labels_that_are_all_alike_are_said_of_everybody(label: bool) -> None:
    fitted = words.fit(TEXTS, np.full(40, label), c=20.0)
    assert {fitted.logit(texts) > 0 for texts in TEXTS} == {label}
    assert not fitted.weight.any()


def test_its_numbers_are_those_of_a_file_of_16_bits() -> None:
    weight = words.fit(TEXTS, LABELS, c=20.0).weight
    np.testing.assert_array_equal(weight, weight.astype(np.float16))
