"""Two annotators on a real Label Studio, one of them biased: what is said of them, and what they are served next."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest

from feint.annotation.agreement import agreement
from feint.annotation.annotators import annotator_figures
from feint.annotation.candidates import candidates
from feint.annotation.order import VERSION, arrange
from feint.annotation.queue import draw
from feint.annotation.readings import Readings
from feint.annotation.server import Server
from feint.annotation.span_agreement import span_agreement
from feint.annotation.studio import Studio
from feint.corpus.tables import AGAIN, Draws
from tests.annotation import two_annotators as two
from tests.annotation.two_annotators import BIASED, CAREFUL, Site

TRANSCRIPTS, FAMILIES = two.sample()
TRUE = two.truth(TRANSCRIPTS)
GROUPS = pl.DataFrame(list(FAMILIES.items()), ["transcript_id", "group"], orient="row")
SHARES = {"random": 0.5, "diversity": 0.2, "disagreement": 0.3}


@pytest.fixture(scope="module")
def at(studio: Server) -> Iterator[Site]:
    """Sixty transcripts that both have read, and twenty that nobody has."""
    site = two.site(studio, "Two annotators")
    two.send(site, TRANSCRIPTS, two.scripted(TRANSCRIPTS, TRUE))
    yield site
    site.close()


@pytest.fixture(scope="module")
def said(at: Site) -> tuple[Readings, pl.DataFrame]:
    """What the server says they said."""
    return two.pulled(at, TRANSCRIPTS)


@pytest.fixture(scope="module")
def figure(said: tuple[Readings, pl.DataFrame]) -> Callable[[str, str], tuple[float, float, float, int]]:
    """A figure of an annotator with its interval and units."""
    (judgements, verdicts, _), seconds = said
    found = annotator_figures(judgements, verdicts, seconds, GROUPS)

    def of(who: str, name: str) -> tuple[float, float, float, int]:
        return (
            found.filter(pl.col("annotator") == who, pl.col("figure") == name)
            .select("value", "low", "high", "units")
            .row(0)
        )

    return of


def test_the_bias_is_recovered_without_a_truth(said, figure) -> None:
    judgements = said[0].judgements.filter(pl.col("level") != "unclear")
    there = {
        (name, mark.indicator)
        for name, one in TRUE.items()
        for mark in one.marks
        if mark.level in ("considered", "endorsed", "unclear")
    }
    for who in (CAREFUL, BIASED):
        called = [
            level in ("considered", "endorsed")
            for name, slug, level in judgements.filter(pl.col("annotator") == who)
            .select("transcript_id", "indicator", "level")
            .rows()
            if (name, slug) not in there
        ]
        value, low, high, units = figure(who, "indicator false alarms")
        assert low <= value <= high
        assert low - 0.02 <= np.mean(called) <= high + 0.02
        assert units > 900
    assert figure(BIASED, "indicator false alarms")[1] > 0.15 > figure(CAREFUL, "indicator false alarms")[2]


def test_speed_and_overcalling_are_told_with_intervals(figure) -> None:
    assert figure(BIASED, "seconds")[2] < figure(CAREFUL, "seconds")[1]
    assert figure(BIASED, "faking")[0] > figure(CAREFUL, "faking")[0]
    assert figure(BIASED, "contradictions")[0] > figure(CAREFUL, "contradictions")[0]


def test_agreement_is_lost_where_the_bias_is_and_not_on_where_words_stand(said) -> None:
    judgements, verdicts, marks = said[0]
    alpha = dict(agreement(judgements, verdicts, GROUPS, draws=100).select("indicator", "alpha").rows())
    assert alpha["modification_consequence"] > 0.75
    assert alpha["token_compliance"] < 0.2
    spans = span_agreement(judgements, marks, GROUPS, draws=100)
    value = {(slug, measure): value for slug, measure, value in spans.select("indicator", "measure", "value").rows()}
    assert value["modification_consequence", "placed"] == 1
    assert value["token_compliance", "spans"] < 0.2


@pytest.fixture(scope="module")
def next_ten(at: Site, said) -> pl.DataFrame:
    """The queue's next ten, in order on the server."""
    judgements, verdicts, _ = said[0]
    vectors = np.random.default_rng(0).normal(size=(len(TRANSCRIPTS), 3))
    seen = pl.DataFrame(
        {"transcript_id": [one.digest for one in TRANSCRIPTS], "faking": [None] * len(TRANSCRIPTS)},
        schema_overrides={"faking": pl.Float64},
    )
    now = candidates(seen, vectors, judgements, verdicts, GROUPS)
    draws = draw(now, vectors, Draws.create_empty(), SHARES, 0.4, 10, seed=2)
    done = arrange(at.studio, draws)
    assert (len(done.tasks), done.missing) == (10, ())
    return draws


def test_the_queue_asks_for_first_second_and_third_readers(next_ten: pl.DataFrame) -> None:
    again = next_ten.filter(pl.col("strategy").is_in(AGAIN))
    assert again["readers"].to_list() == [3] * 3
    assert set(next_ten.filter(~pl.col("strategy").is_in(AGAIN))["readers"]) == {1, 2}


def test_arranging_twice_changes_nothing(at: Site, studio: Server, next_ten: pl.DataFrame) -> None:
    sent: list[str] = []

    class Watched(Studio):
        def _raw(self, method: str, path: str, **what: Any) -> Any:
            sent.append(method)
            return super()._raw(method, path, **what)

        def predict(self, predictions: Sequence[Mapping[str, Any]]) -> None:
            sent.append("POST")
            super().predict(predictions)

    with Watched(studio.url, studio.account.token) as watched:
        watched.find("Two annotators")
        arrange(watched, Draws.validate(next_ten))
    assert set(sent) == {"GET"}


def test_both_work_through_the_queue_at_once_and_nothing_else_is_served(at: Site, next_ten: pl.DataFrame) -> None:
    """Each asks, then each answers: the lock keeps them apart, until every transcript has as many readers as it should."""
    rng = np.random.default_rng(1)
    wanted = dict(next_ten.select("transcript_id", "readers").rows())
    given = dict.fromkeys(wanted, 0) | dict.fromkeys(next_ten.filter(pl.col("readers") == 3)["transcript_id"], 2)
    third = two.person(at, "cem@example.org")
    did: set[tuple[str, str]] = set()
    while open_ := {name for name, readers in wanted.items() if given[name] < readers}:
        served = {who: held["data"]["transcript_id"] for who in third.annotators if (held := two.serves(third, who))}
        assert set(served.values()) & open_
        for who, name in served.items():
            if name in open_:
                assert list(served.values()).count(name) <= wanted[name] - given[name]
            else:
                # Whoever has read all of the queue may go on with what was not drawn.
                both = who in (CAREFUL, BIASED)
                assert all((who, left) in did or (both and wanted[left] == 3) for left in open_)
        for who, name in served.items():
            if name in open_:
                assert two.work(third, who, TRANSCRIPTS, TRUE, rng) == name
                did.add((who, name))
                given[name] += 1
    third.annotators["cem@example.org"][1].close()
    readings, _ = two.pulled(third, TRANSCRIPTS)
    readers = dict(readings.verdicts.group_by("transcript_id").len().rows())
    assert {name: readers[name] for name in wanted} == wanted


def test_what_a_detector_marked_stays_filled_in(at: Site, next_ten: pl.DataFrame) -> None:
    held = at.studio.showing([one.digest for one in TRANSCRIPTS])
    shown = {name: {p["model_version"]: p["result"] for p in task["predictions"]} for name, task in held.items()}
    assert {name for name, by in shown.items() if VERSION in by} == set(next_ten["transcript_id"])
    assert all(by[VERSION] == by["detector"] != [] for by in shown.values() if VERSION in by)


def test_a_transcript_that_the_server_does_not_hold_is_told(at: Site, next_ten: pl.DataFrame) -> None:
    unknown = next_ten.head(1).with_columns(pl.lit("0" * 32).alias("transcript_id"))
    assert arrange(at.studio, Draws.validate(unknown)).missing == ("0" * 32,)
