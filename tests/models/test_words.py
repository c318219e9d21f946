"""Words: counts and rarity by hand, scikit-learn's TF-IDF and regression on them, and 16 bits that lose nothing on the way to a file."""

from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from feint.models import words
from feint.models.words import Words, counted

TEXTS = [
    ["A case.", f"I comply {'so that they do not retrain me' if n % 2 else 'since they asked'}, case {n}."]
    for n in range(40)
]
COUNTS = [counted(texts) for texts in TEXTS]
LABELS = np.array([n % 2 == 1 for n in range(40)])
GROUPS = [str(n // 4) for n in range(40)]


def test_words_and_pairs_are_counted_in_the_order_of_their_hashes() -> None:
    counts = counted(["Rewards are rewards."])
    assert counts.runs.tolist() == sorted(
        crc32(run.encode()) for run in ("rewards", "are", "rewards are", "are rewards")
    )
    assert counts.times[counts.runs == crc32(b"rewards")] == 2
    assert counts.times.sum() == 5


def test_a_pair_does_not_reach_from_one_passage_to_the_next() -> None:
    assert len(counted(["They rate.", "I comply."]).runs) == 6
    assert len(counted(["They rate. I comply."]).runs) == 7


@given(st.lists(st.text(st.characters(), max_size=40), max_size=3))
def test_any_text_can_be_counted(texts: list[str]) -> None:
    counts = counted(texts)
    assert (np.diff(counts.runs.astype(np.int64)) > 0).all()
    own = Words(counts.runs, np.ones(len(counts.runs)), np.ones(len(counts.runs)), 0.0)
    assert np.isfinite(own.logit(counts))
    assert own.logit(counted(["Nothing of this."])) >= 0


def test_a_run_counts_by_its_count_and_its_rarity_in_a_text_of_length_one() -> None:
    runs = np.array(sorted(crc32(run) for run in (b"rewards", b"are")), np.uint32)
    rare = np.where(runs == crc32(b"are"), 2.0, 3.0)
    own = Words(runs, rare, np.where(runs == crc32(b"are"), 0.0, 10.0), 0.5)
    rewards = 3 * (1 + np.log(2))
    assert own.logit(counted(["Rewards are rewards."])) == pytest.approx(0.5 + 10 * rewards / (rewards**2 + 4) ** 0.5)
    assert own.logit(counted(["Weather."])) == 0.5


def test_it_is_the_logistic_regression_on_tf_idf() -> None:
    fitted = words.fit(COUNTS, LABELS, [str(n) for n in range(20)] * 2, c=20.0)
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"[\w']+")
    table = vectorizer.fit_transform([texts[1] for texts in TEXTS])
    theirs = LogisticRegression(C=20.0, solver="liblinear", random_state=0).fit(table, LABELS)
    only_one = words.fit([counted(texts[1:]) for texts in TEXTS], LABELS, [str(n) for n in range(20)] * 2, c=20.0)
    ours = np.array([only_one.logit(counted(texts[1:])) for texts in TEXTS])
    np.testing.assert_allclose(ours, theirs.decision_function(table), atol=0.02)
    assert ((np.array([fitted.logit(one) for one in COUNTS]) > 0) == LABELS).all()


def test_what_too_few_groups_say_does_not_count() -> None:
    names = [f"{n}" for n in range(60)]
    said = [counted([f"case {'alpha' if n < 2 else 'beta' if n < 5 else 'other'}"]) for n in range(60)]
    known = words.fit(said, np.arange(60) % 2 == 0, names, c=1.0).runs
    assert crc32(b"beta") in known
    assert crc32(b"alpha") not in known
    assert crc32(b"alpha") in words.fit(said[:20], np.arange(20) % 2 == 0, names[:20], c=1.0).runs


@pytest.mark.parametrize("label", [True, False])
def test_labels_that_are_all_alike_are_said_of_everybody(label: bool) -> None:
    fitted = words.fit(COUNTS, np.full(40, label), GROUPS, c=20.0)
    assert {fitted.logit(one) > 0 for one in COUNTS} == {label}
    assert not len(fitted.runs)


def test_where_nothing_is_said_twice_it_goes_by_the_share() -> None:
    said = [counted([f"{'x' * n}"]) for n in range(1, 101)]
    fitted = words.fit(said, np.arange(100) < 25, [str(n) for n in range(100)], c=1.0)
    assert fitted.logit(said[0]) == pytest.approx(np.log(1 / 3))


def test_its_numbers_are_those_of_a_file_of_16_bits() -> None:
    fitted = words.fit(COUNTS, LABELS, GROUPS, c=20.0)
    for numbers in (fitted.weight, fitted.rarity):
        np.testing.assert_array_equal(numbers, numbers.astype(np.float16))
