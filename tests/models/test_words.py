"""Word heads: counts by hand, scikit-learn's regression on them, and 16 bits that lose nothing on the way to a file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from feint.models import words
from feint.models.heads import NEVER
from feint.models.words import BUCKETS, WordHeads, counted

TEXTS = [f"I comply {'so that they do not retrain me' if n % 2 else 'since they asked'}, case {n}." for n in range(40)]
SHOWN = np.array([float(n % 2) for n in range(40)])


def test_words_and_pairs_are_counted_and_scaled_to_length_one() -> None:
    # rewards ×2, are, "rewards are", "are rewards": √(4 + 1 + 1 + 1) = √7
    buckets, values = counted("Rewards are rewards.")
    assert sorted(values * 7**0.5) == pytest.approx([1, 1, 1, 2])
    assert buckets.tolist() == sorted(set(buckets.tolist()))


@given(st.text(st.characters(), max_size=40))
def test_any_text_can_be_counted(text: str) -> None:
    buckets, values = counted(text)
    assert np.isclose((values**2).sum(), 1) if len(values) else not any(c.isalnum() for c in text)
    assert all(0 <= bucket < BUCKETS for bucket in buckets)
    assert np.isfinite(WordHeads(np.ones((2, BUCKETS)), np.zeros(2)).logits([text])).all()


def test_a_head_is_the_logistic_regression_of_its_indicator() -> None:
    fitted = words.fit(TEXTS, SHOWN[:, None], c=20.0)
    table = np.zeros((40, BUCKETS))
    for row, text in enumerate(TEXTS):
        buckets, values = counted(text)
        table[row, buckets] = values
    theirs = LogisticRegression(C=20.0, solver="liblinear", random_state=0).fit(table, SHOWN)
    np.testing.assert_allclose(fitted.logits(TEXTS)[:, 0], theirs.decision_function(table), atol=0.02)
    assert ((fitted.logits(TEXTS)[:, 0] > 0) == (SHOWN > 0)).all()


def test_its_numbers_are_those_of_a_file_of_16_bits() -> None:
    weight = words.fit(TEXTS, SHOWN[:, None], c=20.0).weight
    np.testing.assert_array_equal(weight, weight.astype(np.float16))


def test_a_head_with_nothing_to_learn_from_says_never() -> None:
    targets = np.column_stack([np.zeros(40), np.full(40, np.nan), np.ones(40)])
    fitted = words.fit(TEXTS, targets, c=20.0)
    assert not fitted.weight.any()
    assert (fitted.logits(TEXTS) == NEVER).all()
