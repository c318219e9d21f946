"""The decision: pools worked by hand, a regression held against scikit-learn's, and a prior that labels move."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from feint.models import decision
from feint.models.decision import Decision

GENERATOR = np.random.default_rng(1)
FEATURES = GENERATOR.normal(2.0, 3.0, size=(60, 4))
LABELS = FEATURES[:, 0] - FEATURES[:, 1] + GENERATOR.normal(size=60) > 0
PRIOR = Decision(np.zeros(4), np.ones(4), np.array([0.0, 0.0, 1.0, 0.0]), -1.0)


def test_pools_stand_side_by_side_for_each_head() -> None:
    logits = np.array([[3.0, -4.0], [1.0, -2.0]])  # two passages, two heads
    np.testing.assert_array_equal(decision.pool(logits), [3, 1, -2, -2])


def test_the_end_is_the_last_third_and_never_nothing() -> None:
    falling = np.arange(9.0, 0, -1)[:, None]
    np.testing.assert_array_equal(decision.pool(falling), [9, 3])
    np.testing.assert_array_equal(decision.pool(falling[:1]), [9, 9])


def test_it_is_the_logistic_regression_on_standardised_pools() -> None:
    fitted = decision.fit(FEATURES, LABELS, c=0.5)
    standard = (FEATURES - FEATURES.mean(axis=0)) / FEATURES.std(axis=0)
    theirs = LogisticRegression(C=0.5, tol=1e-10, max_iter=10_000).fit(standard, LABELS)
    np.testing.assert_allclose(fitted.weight, theirs.coef_[0], atol=1e-3)
    np.testing.assert_allclose(fitted.logits(FEATURES), theirs.decision_function(standard), atol=5e-3)


def test_a_pool_that_never_varies_is_no_trouble() -> None:
    fitted = decision.fit(np.column_stack([FEATURES, np.full(60, -8.0)]), LABELS, c=0.5)
    assert np.isfinite(fitted.logits(np.full((1, 5), -8.0))).all()


def test_few_labels_move_a_prior_little_and_many_move_it_far() -> None:
    few = decision.fit(FEATURES[:4], LABELS[:4], 0.01, PRIOR)
    many = decision.fit(np.tile(FEATURES, (200, 1)), np.tile(LABELS, 200), 0.01, PRIOR)
    free = decision.fit(FEATURES, LABELS, 1e6)
    assert np.abs(few.weight - PRIOR.weight).max() < 0.15
    assert few.centre is PRIOR.centre
    assert np.corrcoef(many.logits(FEATURES), free.logits(FEATURES))[0, 1] > 0.99
    assert np.abs(many.weight - PRIOR.weight).max() > 1


def test_a_penalty_without_end_leaves_the_prior() -> None:
    np.testing.assert_allclose(decision.fit(FEATURES, LABELS, 1e-12, PRIOR).weight, PRIOR.weight, atol=1e-6)


@given(st.lists(st.floats(-50, 50), min_size=4, max_size=4))
def test_contributions_add_up_to_the_log_odds(features: list[float]) -> None:
    fitted = decision.fit(FEATURES, LABELS, c=0.5)
    fitted = replace(
        fitted,
        centre=np.append(fitted.centre, 0.5),
        scale=np.append(fitted.scale, 2.0),
        weight=np.append(fitted.weight, 3.0),
    )
    row = np.array([*features, 1.5])
    added = decision.contributions(fitted, row, ["a", "b"])
    assert added[decision.WHOLE] == 1.5
    assert np.isclose(sum(added.values()) + fitted.bias, fitted.logits(row[None])[0])


def test_the_pools_of_a_head_count_for_its_indicator_and_the_words_for_themselves() -> None:
    plain = Decision(np.zeros(5), np.ones(5), np.array([1.0, 10.0, 100.0, 1000.0, 5.0]), 0.0)
    assert decision.contributions(plain, np.ones(5), ["a", "b"]) == {"a": 11.0, "b": 1100.0, decision.WHOLE: 5.0}


def test_parts_are_weighed_by_what_the_held_out_say_of_them() -> None:
    parts = [slice(0, 2), slice(2, 4)]
    generator = np.random.default_rng(3)
    held = generator.normal(2.0, 3.0, size=(400, 4))
    labels = held[:, 0] - held[:, 1] + 4 * generator.normal(size=400) > 0  # the second part says nothing of them
    summed = decision.together(FEATURES, LABELS, 0.5, parts, (held, labels))
    own = summed.standard(held) * summed.weight
    assert own[:, parts[0]].sum(axis=1).std() > 5 * own[:, parts[1]].sum(axis=1).std()
    slope = LogisticRegression(C=1e6).fit(summed.logits(held)[:, None], labels).coef_[0, 0]
    assert slope == pytest.approx(1, abs=0.1)


def test_an_extended_decision_says_what_the_two_opinions_say_together() -> None:
    generator = np.random.default_rng(4)
    seen, more = generator.normal(size=(20, 2)), generator.normal(2.0, 3.0, size=20)
    first = Decision(np.array([1.0, 2.0]), np.array([2.0, 4.0]), np.array([0.3, -0.6]), 0.7)
    blend = Decision(np.array([0.5, -1.0]), np.array([10.0, 2.0]), np.array([8.0, 0.8]), -0.1)
    said = np.column_stack([first.logits(seen), more])
    both = decision.extended(first, blend, said)
    np.testing.assert_allclose(both.logits(np.column_stack([seen, more])), blend.logits(said))
    assert both.standard(np.column_stack([seen, more]))[:, 2].mean() == pytest.approx(0)


def test_an_opinion_that_says_nothing_does_not_count() -> None:
    first = np.where(LABELS, 2.0, -2.0)
    both = np.column_stack([first, np.random.default_rng(2).normal(size=60)])
    blend = decision.added(both, LABELS)
    assert blend.weight[0] / blend.scale[0] == pytest.approx(1, abs=0.01)
    assert 0 <= blend.weight[1] < 0.5


def test_an_opinion_that_is_wrong_does_not_count_against_itself() -> None:
    first = np.where(LABELS, 2.0, -2.0)
    assert decision.added(np.column_stack([first, -first]), LABELS).weight[1] == 0
