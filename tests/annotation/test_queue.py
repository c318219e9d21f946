"""The queue: what is drawn next, by shares, with probabilities that add up."""

import numpy as np
import polars as pl
import pytest

from feint.annotation.queue import draw, waiting
from feint.annotation.strategies import disagreement, suspicion
from feint.corpus.errors import InputError
from feint.corpus.tables import AGAIN, FIRST, Candidates, Draws

SHARES = {"random": 0.3, "uncertainty": 0.3, "diversity": 0.2, "disagreement": 0.1, "label_errors": 0.1}
NONE = Draws.create_empty()


def candidates(rows):
    return Candidates.validate(pl.DataFrame(rows, Candidates.column_names(), orient="row"), cast=True)


@pytest.fixture
def mixed():
    """Sixty unread, twenty read by two, of whom the first five disagree, and twenty read by one, five of them suspect."""
    rng = np.random.default_rng(1)
    unread = [(f"u{at:02}", 0, float(rng.random()), 0.0, 0.0) for at in range(60)]
    twice = [(f"v{at:02}", 2, 0.5, 0.5 * (at < 5), 0.0) for at in range(20)]
    once = [(f"w{at:02}", 1, 0.5, 0.0, 0.7 * (at < 5)) for at in range(20)]
    return candidates([*unread, *twice, *once]), rng.normal(size=(100, 4))


def test_a_round_holds_to_its_shares_of_first_readings_and_reads_nothing_twice(mixed) -> None:
    draws = draw(*mixed, NONE, SHARES, 0.25, 40, seed=0)
    assert draws["transcript_id"].n_unique() == 40
    assert draws["strategy"].is_in(FIRST).sum() == 32
    again = draws.filter(pl.col("strategy").is_in(AGAIN))
    assert all(name[0] in "vw" and int(name[1:]) < 5 for name in again["transcript_id"])
    assert set(again["readers"] - again["transcript_id"].str.starts_with("v").cast(pl.UInt16)) == {2}
    assert 0 < (draws.filter(pl.col("strategy").is_in(FIRST))["readers"] == 2).sum() < 20
    assert set(draws["strategy"]) == set(SHARES)


def test_the_same_call_draws_the_same_and_another_round_or_seed_another(mixed) -> None:
    one = draw(*mixed, NONE, SHARES, 0.25, 10, seed=0)
    assert one.equals(draw(*mixed, NONE, SHARES, 0.25, 10, seed=0))
    assert not one.equals(draw(*mixed, NONE, SHARES, 0.25, 10, seed=1))
    two = draw(*mixed, one, SHARES, 0.25, 10, seed=0)
    assert two["round"].unique().to_list() == [2]
    assert two["draw"].to_list() == list(range(11, 21))
    assert not set(one["transcript_id"]) & set(two["transcript_id"])


def test_stated_probabilities_are_those_with_which_transcripts_are_drawn() -> None:
    those = candidates([(name, 0, p, 0.0, 0.0) for name, p in (("a", 0.5), ("b", 0.3), ("c", 0.05), ("d", None))])
    vectors = np.array([[0.0], [1], [5], [2]])
    stated: dict[str, float] = {}
    seen = dict.fromkeys("abcd", 0)
    before = Draws.create_empty()
    for seed in range(500):
        (name, probability), *_ = (
            draw(those, vectors, before, {"random": 0.3, "uncertainty": 0.5, "diversity": 0.2}, 0, 1, seed=seed)
            .select("transcript_id", "probability")
            .rows()
        )
        assert stated.setdefault(name, probability) == probability
        seen[name] += 1
    assert sum(stated.values()) == pytest.approx(1)
    assert min(stated.values()) >= 0.3 / 4
    for name, probability in stated.items():
        assert abs(seen[name] / 500 - probability) < 4 * (probability * (1 - probability) / 500) ** 0.5


def test_diversity_goes_where_nothing_has_been_read() -> None:
    rows = [(f"a{at}", int(at == 0), None, 0.0, 0.0) for at in range(10)] + [("far", 0, None, 0.0, 0.0)]
    vectors = np.array([[0.01 * at, 0.0] for at in range(10)] + [[9.0, 9.0]])
    first = [
        draw(candidates(rows), vectors, NONE, {"random": 0.01, "diversity": 0.99}, 0, 1, seed=s) for s in range(20)
    ]
    assert sum(one["transcript_id"].item() == "far" for one in first) >= 18


def test_without_a_detector_and_without_disagreement_the_other_strategies_take_over() -> None:
    draws = draw(candidates([(n, 0, None, 0.0, 0.0) for n in "abc"]), None, NONE, SHARES, 0, 10, seed=0)
    assert draws["strategy"].to_list() == ["random"] * 3
    assert draws["probability"].to_list() == pytest.approx([1 / 3, 1 / 2, 1])


def test_a_queue_without_a_random_share_is_refused(mixed) -> None:
    with pytest.raises(InputError, match="no share for 'random'"):
        draw(*mixed, NONE, {"uncertainty": 1.0}, 0, 1, seed=0)


def test_what_was_drawn_waits_until_all_its_readers_have_read() -> None:
    rows = [(n, 0, None, 0.0, 0.0) for n in "abcd"]
    draws = draw(candidates(rows), None, NONE, {"random": 1.0}, 1.0, 2, seed=0)
    one, two = draws["transcript_id"]
    now = candidates([(n, {one: 2, two: 1}.get(n, 0), None, 0.0, 0.0) for n in "abcd"])
    assert waiting(draws, now)["transcript_id"].to_list() == [two]
    assert two not in draw(now, None, draws, {"random": 1.0}, 1.0, 4, seed=0)["transcript_id"]


def test_a_tie_is_a_disagreement_until_a_third_reader_breaks_it(judge, decide) -> None:
    tied = judge(
        {
            "t": {
                "ann": {"concealment": "endorsed", "sandbagging": "absent"},
                "ben": {"concealment": "absent", "sandbagging": "absent"},
            }
        }
    )
    verdicts = decide({"t": {"ann": "faking", "ben": "not_faking"}})
    # Both judged indicators, so the headline is by rule: unknown where its parts were not judged.
    assert disagreement(tied, verdicts).rows() == [("t", 2, 0.25)]
    only = decide(
        {"t": {"ann": "faking", "ben": "not_faking"}, "u": {"ann": "faking", "ben": "not_faking", "cem": "faking"}}
    )
    assert disagreement(judge({}), only).rows() == [("t", 2, 0.5), ("u", 3, 0.0)]


def test_flipped_labels_are_suspected_and_hardly_any_other() -> None:
    rng = np.random.default_rng(0)
    truth = np.arange(120) % 2 == 0
    vectors = rng.normal(size=(120, 5)) + 3 * truth[:, None]
    given = truth.copy()
    flipped = rng.choice(120, 6, replace=False)
    given[flipped] ^= True
    found = suspicion(vectors, given, [str(at // 3) for at in range(120)])
    assert set(flipped) <= set(np.flatnonzero(found))
    assert (found > 0).sum() <= 9
    assert found[flipped].min() > 0.5


def test_too_few_labels_are_not_suspected() -> None:
    assert not suspicion(np.eye(8), np.arange(8) < 2, list("abcdefgh")).any()
