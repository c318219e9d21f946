"""The study in short: few data sets, and nothing far from what the full one says; `make study` runs that."""

import re
from importlib.resources import files

import pytest

from tests.study.cases import ALL
from tests.study.trial import Trial, tallied

REPLICATES = 12
LEAST = 7
"""Of 12 intervals that cover 95 % of the time, fewer than 8 cover with a chance of 3 in 100,000."""
MOST = 5
"""Of 12 tests that alarm falsely 5 % of the time, more than 5 do with a chance of 1 in 100,000."""
MISLED = "gap, known answers alone"
"""The case that shows what goes wrong without bounds."""


@pytest.fixture(scope="module")
def tallies():
    """Every case, on a dozen data sets."""
    return tallied(one for seed in range(REPLICATES) for cases in ALL for one in cases(seed))


def test_intervals_cover_and_nothing_is_found_where_nothing_is(tallies):
    for one in tallies:
        if one.case.startswith(MISLED):
            continue
        assert one.given < REPLICATES - 2 or one.covered > LEAST, one
        assert one.effect is not False or one.found <= MOST, one


def test_large_effects_are_found(tallies):
    found = {one.case: one.found for one in tallies}

    for case in (
        "compliance gap · early_hhh, rl-2",
        "trend · straight",
        "resistance L · going_silent",
        "onset · early_hhh",
    ):
        assert found[case] >= 8, case


def test_the_readme_has_a_row_for_every_case(tallies):
    readme = files("feint.pipeline.measures").joinpath("README.md").read_text(encoding="utf-8")
    readme = readme.partition("## Does it hold?")[2]

    rows = re.findall(r"^\| ([^|]+ · [^|]+?) \|", readme, flags=re.MULTILINE)

    assert rows == ["measure · world", *(one.case for one in tallies)]


def test_the_readmes_example_runs(capsys):
    readme = files("feint.pipeline.measures").joinpath("README.md").read_text(encoding="utf-8")

    exec(re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)[0], {})

    assert re.fullmatch(r"\+0\.\d\d \(\+0\.\d\d to \+0\.\d\d\), 12 scenarios\n", capsys.readouterr().out)


def test_a_tally_by_hand():
    trials = [Trial("c", 0.2, *ends, True, True) for ends in [(0.1, 0.0, 0.3), (0.2, 0.1, 0.15), (0.4, None, None)]]

    (one,) = tallied(trials)

    assert (one.covered, one.given, one.trials, one.found) == (1, 2, 3, 3)
    assert one.bias == pytest.approx(0.1 / 3)
    assert one.row() == ["c", "0.200", "+0.033", "50.0 (9.5–90.5), 33 % undefined", "", "100.0"]
