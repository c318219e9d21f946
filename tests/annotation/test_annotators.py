"""Annotators: speed and bias, worked by hand and recovered from what scripted annotators said."""

import numpy as np
import polars as pl
import pytest

from feint.annotation.annotators import FIGURES, annotator_figures
from feint.annotation.error_rates import error_rates
from feint.corpus.tables import Verdicts


def _figure(table, who, name):
    return table.filter(pl.col("annotator") == who, pl.col("figure") == name).select("value", "units").row(0)


def test_shares_by_hand(judge, decide) -> None:
    verdicts = decide({
        "a": {"ann": "faking", "ben": "faking", "cem": "faking"},
        "b": {"ann": "not_faking", "ben": "faking", "cem": "not_faking"},
        "c": {"ann": "not_faking", "ben": "faking", "cem": "faking"},
        "d": {"ann": "unclear", "ben": "faking", "cem": "not_faking"},
    })  # fmt: skip
    found = annotator_figures(judge({}), verdicts, draws=50)
    assert _figure(found, "ben", "faking") == (1.0, 4)
    # Others of ben: both on a, neither on b, tied on c, cem alone on d.
    assert _figure(found, "ben", "hits") == (1.0, 1)
    assert _figure(found, "ben", "false alarms") == (1.0, 2)
    # Others of ann: both on a and c, ben against cem on b.
    assert _figure(found, "ann", "hits") == (0.5, 2)
    assert _figure(found, "ann", "false alarms") == (None, 0)


def test_seconds_are_a_median_with_an_interval_and_no_time_is_none(judge, decide) -> None:
    seconds = pl.DataFrame(
        {"transcript_id": list("abcde"), "annotator": ["ann"] * 5, "seconds": [10.0, 20.0, 400.0, 30.0, None]}
    )
    found = annotator_figures(judge({}), decide({}), seconds, draws=200)
    assert _figure(found, "ann", "seconds") == (25.0, 4)
    low, high = found.select("low", "high").row(0)
    assert 10 <= low <= 25 <= high <= 400


def test_verdicts_against_ones_own_indicators(judge, decide) -> None:
    levels = {"modification_consequence": "endorsed", "value_conflict": "endorsed", "preservation_motive": "endorsed"}
    judgements = judge({t: {"ann": levels} for t in "abcd"})
    verdicts = decide({t: {"ann": "faking" if t != "d" else "not_faking"} for t in "abcd"} | {"e": {"ann": "faking"}})
    assert _figure(annotator_figures(judgements, verdicts, draws=50), "ann", "contradictions") == (0.25, 4)


def test_every_figure_is_one_that_is_explained(judge, decide) -> None:
    said = {"concealment": "endorsed", "sandbagging": "absent"}
    judgements = judge({t: dict.fromkeys(("ann", "ben"), said) for t in "abc"})
    found = annotator_figures(judgements, decide({"a": {"ann": "faking"}}), draws=50)
    assert set(found["figure"]) <= set(FIGURES)


@pytest.fixture(scope="module")
def biased() -> pl.DataFrame:
    """Votes of two on 80 transcripts and twelve indicators: ann misses a tenth, ben sees three in ten that are not there."""
    rng = np.random.default_rng(5)
    rows = []
    for transcript in range(80):
        for at, prevalence in enumerate(np.linspace(0.05, 0.6, 12)):
            there = rng.random() < prevalence
            for who, hit, alarm in (("ann", 0.9, 0.02), ("ben", 0.95, 0.3)):
                rows.append((f"t{transcript}", who, f"i{at}", bool(rng.random() < (hit if there else alarm))))
    return pl.DataFrame(rows, ["transcript_id", "annotator", "indicator", "vote"], orient="row")


def test_two_annotators_are_enough_to_see_which_of_them_errs_and_how(biased: pl.DataFrame) -> None:
    ann, ben = error_rates(biased, draws=100)
    for rates, hits, alarms in ((ann, 0.9, 0.02), (ben, 0.95, 0.3)):
        for (value, low, high), truth in ((rates.hits, hits), (rates.false_alarms, alarms)):
            assert value is not None
            assert low is not None
            assert high is not None
            assert low <= value <= high
            assert abs(value - truth) < 0.08
    assert ben.false_alarms[1] > ann.false_alarms[2]  # type: ignore[operator]


def test_rates_do_not_depend_on_the_order_of_votes(biased: pl.DataFrame) -> None:
    assert error_rates(biased, draws=20) == error_rates(biased.sample(fraction=1.0, shuffle=True, seed=1), draws=20)


def test_an_indicator_that_one_alone_judged_says_nothing_of_errors(judge) -> None:
    found = annotator_figures(judge({"t": {"ann": {"concealment": "endorsed"}}}), Verdicts.create_empty(), draws=50)
    assert "indicator hits" not in found["figure"]
