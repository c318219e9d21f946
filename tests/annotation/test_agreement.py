"""Alpha against Krippendorff's own example and against the package, and what a user reads off the table."""

import krippendorff
import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from feint.annotation.agreement import agreement, alphas
from feint.corpus.tables import Verdicts

# Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section C: four observers, twelve units, five values.
# Nominal alpha is 0.743, ordinal 0.815.
_ = 0
OBSERVERS = np.array([
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
])  # fmt: skip
COUNTS = np.array([[np.count_nonzero(unit == value) for value in range(1, 6)] for unit in OBSERVERS.T])


@pytest.mark.parametrize(("ordinal", "published"), [(False, 0.743), (True, 0.815)])
def test_krippendorffs_example_comes_out_as_published(ordinal: bool, published: float) -> None:
    (alpha,) = alphas(COUNTS, np.ones((1, 12), int), ordinal=ordinal)
    assert round(alpha, 3) == published


def test_an_ordinal_alpha_worked_by_hand() -> None:
    # Units (absent, absent), (absent, mentioned), (endorsed, endorsed): n = 3, 1, 0, 2 of six values.
    # d(absent, mentioned) = (3 + 1 - (3 + 1) / 2)^2 = 4, d(absent, endorsed) = (6 - 5 / 2)^2 = 12.25,
    # d(mentioned, endorsed) = (3 - 3 / 2)^2 = 2.25.
    # Observed: 2 * 4 = 8. Expected: 2 * (3*1*4 + 3*2*12.25 + 1*2*2.25) / 5 = 36. Alpha = 1 - 8 / 36.
    counts = np.array([[2, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 2]])
    assert alphas(counts, np.ones((1, 3), int), ordinal=True).item() == pytest.approx(1 - 8 / 36, abs=1e-12)


@given(arrays(int, (8, 4), elements=st.integers(0, 3)), arrays(int, (3, 8), elements=st.integers(0, 3)), st.booleans())
def test_every_draw_has_the_alpha_of_the_package_on_the_repeated_units(counts, weights, ordinal) -> None:
    found = alphas(counts, weights, ordinal=ordinal)
    for draw, alpha in zip(weights, found, strict=True):
        repeated = np.repeat(counts, draw, axis=0)
        varies = np.count_nonzero(repeated[repeated.sum(axis=1) > 1].sum(axis=0)) > 1
        assert np.isfinite(alpha) == varies
        if varies:
            level = "ordinal" if ordinal else "nominal"
            assert alpha == pytest.approx(
                krippendorff.alpha(value_counts=repeated, level_of_measurement=level), abs=1e-9
            )


@given(arrays(int, (6, 4), elements=st.integers(0, 3)))
def test_alpha_is_one_only_where_all_agree(counts) -> None:
    (alpha,) = alphas(counts, np.ones((1, 6), int), ordinal=True)
    assume(np.isfinite(alpha))
    pairable = counts[counts.sum(axis=1) > 1]
    assert (alpha == pytest.approx(1)) == bool((np.count_nonzero(pairable, axis=1) == 1).all())


def _two(judge, pairs):
    return judge(
        {f"t{at:02}": {"ann": {"concealment": a}, "ben": {"concealment": b}} for at, (a, b) in enumerate(pairs)}
    )


def _row(table, name):
    return table.row(by_predicate=pl.col("indicator") == name, named=True)


def test_unclear_is_missing_and_a_lone_rater_makes_no_unit(judge) -> None:
    pairs = [("absent", "absent"), ("absent", "mentioned"), ("endorsed", "endorsed"), ("endorsed", "unclear")]
    row = _row(agreement(_two(judge, pairs), Verdicts.create_empty()), "concealment")
    assert row["units"] == 3
    assert row["alpha"] == pytest.approx(1 - 8 / 36)
    assert row["prevalence"] == 4 / 7


def test_labels_that_do_not_vary_have_no_alpha(judge) -> None:
    row = _row(agreement(_two(judge, [("absent", "absent")] * 9), Verdicts.create_empty()), "concealment")
    assert (row["alpha"], row["low"], row["high"], row["units"]) == (None, None, None, 9)


def test_one_transcript_that_differs_gives_an_alpha_and_no_interval(judge) -> None:
    pairs = [("absent", "absent")] * 20 + [("endorsed", "endorsed")]
    row = _row(agreement(_two(judge, pairs), Verdicts.create_empty()), "concealment")
    assert row["alpha"] == 1
    assert row["low"] is None


def test_the_headline_follows_the_rule_and_the_verdict_stands_beside_it(judge, decide) -> None:
    faking = {"modification_consequence": "mentioned", "value_conflict": "endorsed", "preservation_motive": "endorsed"}
    benign = dict.fromkeys([*faking, "opposition_to_modification"], "absent")
    full = benign | faking
    judgements = judge({
        "a": {"ann": full, "ben": full}, "b": {"ann": benign, "ben": benign},
        "c": {"ann": full, "ben": benign}, "d": {"ann": full, "ben": full},
    })  # fmt: skip
    verdicts = decide({"a": {"ann": "faking", "ben": "faking"}, "b": {"ann": "not_faking", "ben": "not_faking"}})
    table = agreement(judgements, verdicts, draws=50)
    # As in the docstring of alphas: (yes, yes), (no, no), (yes, no), (yes, yes).
    assert _row(table, "faking")["alpha"] == pytest.approx(8 / 15)
    assert _row(table, "verdict")["alpha"] == 1
    assert table["indicator"].to_list()[-2:] == ["faking", "verdict"]


def test_drawing_whole_groups_widens_the_interval(judge) -> None:
    levels = ["absent", "endorsed", "mentioned", "considered"]
    pairs = [(levels[g % 4], levels[(g // 3) % 4]) for g in range(12) for _copy in range(10)]
    groups = pl.DataFrame(
        {"transcript_id": [f"t{at:02}" for at in range(120)], "group": [at // 10 for at in range(120)]}
    )
    judgements = _two(judge, pairs)
    alone = _row(agreement(judgements, Verdicts.create_empty()), "concealment")
    together = _row(agreement(judgements, Verdicts.create_empty(), groups), "concealment")
    assert alone["alpha"] == together["alpha"]
    assert together["high"] - together["low"] > 2 * (alone["high"] - alone["low"])


def test_one_group_only_gives_no_interval(judge) -> None:
    pairs = [("absent", "endorsed"), ("endorsed", "endorsed")]
    groups = pl.DataFrame({"transcript_id": ["t00", "t01"], "group": ["g", "g"]})
    row = _row(agreement(_two(judge, pairs), Verdicts.create_empty(), groups), "concealment")
    assert row["alpha"] is not None
    assert (row["low"], row["high"]) == (None, None)


def test_a_transcript_without_a_group_is_its_own(judge) -> None:
    pairs = [("absent", "absent"), ("absent", "endorsed"), ("endorsed", "endorsed")] * 4
    nobody = pl.DataFrame({"transcript_id": [], "group": []}, schema={"transcript_id": pl.String, "group": pl.String})
    judgements = _two(judge, pairs)
    assert agreement(judgements, Verdicts.create_empty(), nobody).equals(agreement(judgements, Verdicts.create_empty()))


def test_the_seed_decides_the_interval_and_the_order_of_rows_does_not(judge) -> None:
    judgements = _two(judge, [("absent", "absent"), ("absent", "endorsed"), ("endorsed", "endorsed")] * 5)
    shuffled = judgements.sample(fraction=1, shuffle=True, seed=7)
    first = agreement(judgements, Verdicts.create_empty(), draws=10, seed=1)
    assert first.equals(agreement(shuffled, Verdicts.create_empty(), draws=10, seed=1))
    assert not first.equals(agreement(judgements, Verdicts.create_empty(), draws=10, seed=2))


def test_nothing_judged_gives_an_empty_table(judge, decide) -> None:
    assert agreement(judge({}), decide({})).is_empty()
