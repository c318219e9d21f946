"""Inclusion: what was drawn stands for all, whatever the queue preferred; checked by hand and by drawing again and again."""

from fractions import Fraction
from itertools import permutations

import numpy as np
import polars as pl
import pytest

from feint.annotation.inclusion import Prevalence, prevalence, weights
from feint.annotation.queue import draw
from feint.corpus.errors import InputError
from feint.corpus.tables import Candidates, Draws

SHARES = {"random": 0.4, "uncertainty": 0.4, "diversity": 0.2}


def candidates(names, faking=None, read=()):
    rows = [(n, int(n in read), None if faking is None else faking[at], 0.0, 0.0) for at, n in enumerate(names)]
    return Candidates.validate(pl.DataFrame(rows, Candidates.column_names(), orient="row"), cast=True)


def drawn(*rows):
    """(round, transcript, probability, among) each."""
    given = [(at, r, name, "random", q, among, 1, 0.0) for at, (r, name, q, among) in enumerate(rows, 1)]
    return Draws.validate(pl.DataFrame(given, Draws.column_names(), orient="row"), cast=True)


def told(labels):
    return pl.DataFrame(list(labels.items()), schema={"transcript_id": pl.String, "present": pl.Boolean}, orient="row")


def test_uniform_draws_all_count_the_same() -> None:
    draws = drawn((1, "a", 1 / 5, 5), (1, "b", 1 / 4, 4), (2, "c", 1 / 3, 3))
    rounds = [candidates("abcde"), candidates("abcde", read="ab")]
    found = weights(rounds, draws, told({"a": True, "b": False, "c": False}))
    assert found["weight"].to_list() == pytest.approx([5 / 3] * 3)


def test_weights_by_hand() -> None:
    # l is 1/6 to 1/2 of 1 / (3 * 2) + 1 / (2 * 1): 1/4 and 3/4. Of a: 1/4 / 0.6 + 3/4; of b: 3/4 / 0.5.
    draws = drawn((1, "a", 0.6, 3), (1, "b", 0.5, 2))
    found = weights([candidates("abc")], draws, told({"a": True, "b": True}))
    assert dict(found.select("transcript_id", "weight").rows()) == pytest.approx({"a": 7 / 6, "b": 3 / 2})


def test_the_weighted_sum_is_exactly_unbiased_over_everything_that_could_be_drawn() -> None:
    """Two draws of four whose probabilities depend on the label that came first, in every order, in exact fractions."""
    y = {"a": 1, "b": 0, "c": 0, "d": 1}
    wants = {0: {"a": 1, "b": 2, "c": 3, "d": 4}, 1: {"a": 4, "b": 1, "c": 1, "d": 2}}
    mean = 0.0
    for one, two in permutations("abcd", 2):
        first, second = wants[0], wants[y[one]]
        q1 = Fraction(first[one], sum(first.values()))
        q2 = Fraction(second[two], sum(w for name, w in second.items() if name != one))
        draws = drawn((1, one, float(q1), 4), (1, two, float(q2), 3))
        found = weights([candidates("abcd")], draws, told({n: bool(y[n]) for n in (one, two)}))
        mean += float(q1 * q2) * sum(w * y[n] for n, w in found.select("transcript_id", "weight").rows())
    assert mean == pytest.approx(2)


def test_what_was_read_before_counts_as_itself_and_what_is_read_beside_the_queue_from_the_next_round_on() -> None:
    rounds = [candidates("abcdef", read="a"), candidates("abcdef", read="abc")]
    draws = drawn((1, "b", 1 / 5, 5), (2, "d", 1 / 3, 3))
    found = weights(rounds, draws, told({"a": True, "b": True, "c": False, "d": False}))
    # l: 1/20 and 1/6 of 13/60: 3/13 and 10/13; c was found read by the second draw.
    assert dict(found.select("transcript_id", "weight").rows()) == pytest.approx(
        {"a": 1.0, "b": 15 / 13 + 10 / 13, "c": 10 / 13, "d": 30 / 13}
    )


def test_newcomers_are_estimated_by_the_draws_since_they_came() -> None:
    rounds = [candidates("ab"), candidates("abcd", read="a")]
    draws = drawn((1, "a", 1 / 2, 2), (2, "c", 1 / 3, 3), (2, "d", 1 / 2, 2))
    found = dict(
        weights(rounds, draws, told({"a": True, "c": True, "d": False})).select("transcript_id", "weight").rows()
    )
    # c and d stand for themselves: l is 1/6 to 1/2, 1/4 and 3/4, and c counts 3 * 1/4 + 3/4, d 2 * 3/4.
    assert found["c"] == pytest.approx(1.5)
    assert found["d"] == pytest.approx(1.5)


def test_a_census_has_no_interval_but_the_truth() -> None:
    names = "abcdef"
    draws = draw(candidates(names), None, Draws.create_empty(), {"random": 1.0}, 0.0, 6, seed=3)
    found = prevalence([candidates(names)], draws, told({n: n in "ab" for n in names}))
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_only_draws_before_the_first_unanswered_one_count() -> None:
    names = [f"t{at}" for at in range(20)]
    draws = draw(candidates(names), None, Draws.create_empty(), {"random": 1.0}, 0.0, 10, seed=0)
    order = draws["transcript_id"].to_list()
    found = prevalence([candidates(names)], draws, told({n: False for n in order if n != order[6]}))
    assert found is not None
    assert (found.draws, found.waiting) == (6, 4)
    assert prevalence([candidates(names)], draws, told(dict.fromkeys(order[1:], False))) is None


def test_what_could_not_be_told_is_left_out_and_said() -> None:
    names = [f"t{at}" for at in range(12)]
    draws = draw(candidates(names), None, Draws.create_empty(), {"random": 1.0}, 0.0, 8, seed=0)
    order = draws["transcript_id"].to_list()
    found = prevalence([candidates(names)], draws, told({n: None if at < 2 else at < 5 for at, n in enumerate(order)}))
    assert found is not None
    assert found.unclear == pytest.approx(0.25)
    assert found.value == pytest.approx(3 / 6)


def test_a_round_whose_candidates_are_lost_is_missed() -> None:
    with pytest.raises(InputError, match="draws of 2 rounds with the candidates of 1"):
        prevalence([candidates("ab")], drawn((1, "a", 0.5, 2), (2, "b", 1.0, 1)), told({"a": True}))


@pytest.fixture(scope="module")
def repeated() -> tuple[float, list[tuple[Prevalence, Prevalence]]]:
    """Three rounds, preferring what an ill-calibrated detector that moves with the labels is unsure of, drawn 150 times."""
    rng = np.random.default_rng(0)
    size = 250
    names = [f"t{at:03}" for at in range(size)]
    truth = rng.random(size) < 0.12
    scores = np.clip(np.where(truth, 0.6, 0.15) + rng.normal(0, 0.2, size), 0.01, 0.99)
    vectors = np.column_stack([truth + rng.normal(0, 0.5, size), rng.normal(0, 1, (size, 2))])
    found = []
    for again in range(150):
        labels: dict[str, bool] = {}
        rounds, draws = [], Draws.create_empty()
        for _ in range(3):
            moved = np.clip(scores + (np.mean(list(labels.values())) if labels else 0) / 5, 0, 1)
            rounds.append(candidates(names, moved, read=labels))
            draws = pl.concat([draws, draw(rounds[-1], vectors, draws, SHARES, 0.2, 20, seed=again)])
            labels |= {name: bool(truth[int(name[1:])]) for name in draws["transcript_id"]}
        both = [prevalence(rounds, draws, told(labels), assisted=assisted) for assisted in (False, True)]
        found.append((both[0], both[1]))
    return float(truth.mean()), found


@pytest.mark.parametrize("assisted", [False, True])
def test_prevalence_is_unbiased_and_its_interval_covers(repeated, assisted: bool) -> None:
    truth, found = repeated
    each = [pair[assisted] for pair in found]
    values = np.array([one.value for one in each])
    assert abs(values.mean() - truth) < 3 * values.std() / len(values) ** 0.5
    assert 0.89 <= np.mean([one.low <= truth <= one.high for one in each]) <= 0.995


def test_the_raw_share_of_what_was_drawn_would_be_far_off(repeated) -> None:
    """The queue prefers what the detector is unsure of: without its probabilities nothing could be said."""
    truth, found = repeated
    assert np.mean([np.diff([pair[1].low, pair[1].high]) for pair in found]) < np.mean(
        [np.diff([pair[0].low, pair[0].high]) for pair in found]
    )
    assert 0.05 < truth < 0.2
