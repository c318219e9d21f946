"""Ours against others' implementations: GEE and McNemar of statsmodels, PPI++ of ppi-python, Wilson of statsmodels."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.contingency_tables import mcnemar as their_mcnemar
from statsmodels.stats.proportion import proportion_confint

from feint.pipeline.measures import gee
from feint.pipeline.measures.cells import cells
from feint.pipeline.measures.gap import mcnemar
from feint.pipeline.measures.persistence import odds_ratio
from feint.pipeline.measures.powered import powered_mean
from feint.pipeline.measures.resampling import wilson
from feint.pipeline.measures.simulated import Design, draw, worlds

REFERENCE = json.loads((Path(__file__).parent / "ppi_reference.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("world", "replicates"), [("early_hhh", 1), ("going_silent", 3)])
def test_gee_has_the_coefficients_correlation_and_sandwich_of_statsmodels(world, replicates):
    answers, _ = draw(worlds()[world], Design(scenarios=8, prompts=4, replicates=replicates), seed=3)
    seen = answers.filter(arm="observed")
    prompts = seen["pair"].rank("dense").to_numpy() - 1
    design = sm.add_constant(seen["position"].to_numpy().astype(float))
    theirs = sm.GEE(
        seen["gold"].to_numpy().astype(float),
        design,
        groups=prompts,
        family=sm.families.Binomial(),
        cov_struct=sm.cov_struct.Exchangeable(),
    ).fit(maxiter=200, ctol=1e-12)

    counted = cells(seen).with_columns((pl.col("pair").rank("dense") - 1).alias("block"))
    ours = gee.fit(
        np.stack([np.ones(len(counted)), counted["position"].to_numpy().astype(float)], axis=1),
        counted["faking"].cast(pl.Float64).to_numpy(),
        counted["judged"].cast(pl.Float64).to_numpy(),
        counted["block"].cast(pl.Int64).to_numpy(),
    )

    assert ours.settled
    np.testing.assert_allclose(ours.coefficients, theirs.params, atol=1e-6)
    np.testing.assert_allclose(ours.correlation, theirs.model.cov_struct.dep_params, atol=1e-6)
    np.testing.assert_allclose(ours.sandwich(), theirs.cov_params(), atol=1e-6)


@pytest.mark.parametrize("world", ["no_lock_in", "steady", "early_hhh"])
def test_mcnemar_has_the_p_value_of_statsmodels(world):
    answers, _ = draw(worlds()[world], Design(), seed=1)
    last = answers.filter(pl.col("position") == 5)
    seen, unseen = (last.filter(arm=arm)["complied"].to_numpy() for arm in ("observed", "unobserved"))
    table = [[(seen & unseen).sum(), (seen & ~unseen).sum()], [(~seen & unseen).sum(), (~seen & ~unseen).sum()]]

    ours = mcnemar(cells(last))

    assert ours is not None
    assert ours.p == pytest.approx(their_mcnemar(table, exact=True).pvalue, abs=1e-6)
    assert (ours.counts["b"], ours.counts["c"]) == (table[0][1], table[1][0])


@pytest.mark.parametrize("case", REFERENCE["cases"])
def test_ppi_has_the_mean_of_ppi_python_and_without_weights_its_interval(case):
    weights = None if case["weights"] is None else np.array(case["weights"])

    ours = powered_mean(np.array(case["labels"]), np.array(case["scores"]), np.array(case["others"]), weights)

    assert ours.mean == pytest.approx(case["mean"], abs=1e-6)
    reach = stats.norm.ppf(0.975) * np.sqrt(ours.variance)
    if weights is None:
        assert (ours.mean - reach, ours.mean + reach) == pytest.approx((case["low"], case["high"]), abs=1e-6)
    else:
        # Theirs takes weights times labels to vary about their mean, ours the weighted residuals (Hájek): shorter or longer, not far.
        assert 2 * reach == pytest.approx(case["high"] - case["low"], rel=0.2)


def test_mantel_haenszel_is_that_of_statsmodels():
    tables = np.random.default_rng(0).integers(1, 30, (5, 2, 2))

    theirs = StratifiedTable([table.astype(float) for table in tables]).oddsratio_pooled

    assert odds_ratio(tables.reshape(1, -1).astype(float))[0] == pytest.approx(theirs, abs=1e-6)


def test_wilson_is_that_of_statsmodels_where_answers_are_many_and_independent():
    share, answers = 30 / 4000, 4000

    ours = wilson(share, share * (1 - share) / answers, answers, clusters=10**6)

    assert ours == pytest.approx(proportion_confint(30, 4000, method="wilson"), abs=1e-5)
