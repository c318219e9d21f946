"""The cases: each measure in worlds with and without an effect, at the size of a study that people can afford."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
from scipy.special import expit

from feint.pipeline.measures.cells import cells
from feint.pipeline.measures.consistency import CHANCE, consistency
from feint.pipeline.measures.decomposition import corrected, decomposition
from feint.pipeline.measures.errors import Errors
from feint.pipeline.measures.gap import gap, mcnemar
from feint.pipeline.measures.missing import worst_case
from feint.pipeline.measures.onset import onset
from feint.pipeline.measures.origin import BASE, origins
from feint.pipeline.measures.persistence import persistence
from feint.pipeline.measures.powered import powered
from feint.pipeline.measures.prevalence import rate, rogan_gladen
from feint.pipeline.measures.resistance import resistance
from feint.pipeline.measures.result import Group
from feint.pipeline.measures.simulated import Checkpoint, Design, World, detected, draw, labelled, lost, worlds
from feint.pipeline.measures.trend import trend
from feint.pipeline.measures.values import profile
from tests.study.trial import Trial, trial

DRAWS = 500
"""Bootstrap draws; the error of their standard error is 3 %."""
ONCE = Design(scenarios=12, prompts=5)
"""60 prompts in 12 scenarios, each asked once in either arm."""
FOUR = Design(scenarios=12, prompts=5, replicates=4)
"""The same, each asked four times."""


@cache
def known() -> dict[str, World]:
    """The shipped worlds, and some that measures need besides: flat, straight and plain ones."""
    more = {
        "alike": replace(worlds()["steady"], name="alike", between=1e-9, within=1e-9),
        "apart": replace(worlds()["steady"], name="apart", between=1.6, within=0.8),
        "straight": World("straight", _straight(0.05, 0.3)),
        "gentle": World("gentle", _straight(0.1, 0.18)),
        "wordy": World("wordy", (Checkpoint("rl", "rl", 0.3, 0.3, 1.0),), between=1.2, within=0.9),
        "plain": World("plain", (Checkpoint("rl", "rl", 0.3, 0.3, 1.0),), between=1e-9, within=1e-9),
        "slips": replace(worlds()["example"], name="slips", noise=BASE, values=tuple(
            replace(value, shares=(0.0,) * 6) for value in worlds()["example"].values
        )),
    }  # fmt: skip
    return worlds() | more


def _straight(first: float, last: float) -> tuple[Checkpoint, ...]:
    """Six checkpoints whose log-odds of faking lie on a line, all of it spoken."""
    ends = np.log([first / (1 - first), last / (1 - last)])
    stages = ("pretrained", "sft", "hhh", "hhh", "rl", "rl")
    return tuple(
        Checkpoint(f"step-{at}", stage, 0.3, float(rate), 1.0)
        for at, (stage, rate) in enumerate(zip(stages, expit(np.linspace(*ends, 6)), strict=True))
    )


def _drawn(name: str, design: Design, seed: int) -> tuple[World, pl.DataFrame, pl.DataFrame]:
    return (known()[name], *draw(known()[name], design, seed))


def _at(name: str, seed: int, at: int) -> tuple[World, pl.DataFrame]:
    """One checkpoint of a world, and its answers."""
    world = replace(known()[name], checkpoints=(known()[name].checkpoints[at],), values=())
    return world, cells(draw(world, ONCE, seed)[0])


def gaps(seed: int) -> Iterator[Trial]:
    """Compliance gap, McNemar, and the gap's two parts."""
    for name, at in (("no_lock_in", 3), ("steady", 0), ("early_hhh", 5), ("early_hhh", 1)):
        world, counted = _at(name, seed, at)
        truth, label = float(world.gap()[0]), f"{name}, {world.checkpoints[0].name}"
        yield trial(f"compliance gap · {label}", truth, gap(counted, draws=DRAWS), effect=truth > 0)
        exact = mcnemar(counted)
        shows = exact is not None and exact.p is not None and exact.p < 0.05
        yield trial(f"exact McNemar · {label}", None, None, effect=truth > 0, found=shows)
    for name, at in (("going_silent", 0), ("going_silent", 5), ("no_lock_in", 3)):
        world, counted = _at(name, seed, at)
        for part in decomposition(counted, "people", draws=DRAWS):
            truth = float((world.verbal() if part.part == "verbal" else world.silent())[0])
            label = f"{part.part} part of the gap · {name}, {world.checkpoints[0].name}"
            yield trial(label, truth, part, effect=abs(truth) > 1e-9)


def rates(seed: int) -> Iterator[Trial]:
    """Prevalence of faking: labelled, corrected, powered."""
    generator = np.random.default_rng([seed, 7])
    for name, at in (("steady", 0), ("going_silent", 4), ("no_lock_in", 3)):
        world, answers, _ = _drawn(name, ONCE, seed)
        here = answers.filter(pl.col("position") == at)
        truth = float(world.spoken()[at])
        label = f"{name}, {world.checkpoints[at].name}"
        yield trial(f"faking rate, labelled · {label}", truth, rate(cells(here), "people", "observed"), effect=None)
        sees = detected(here, 0.8, 0.95, seed + 1)
        errors = Errors.counted(
            int(generator.binomial(60, 0.8)), 60, int(generator.binomial(200, 0.95)), 200, "another set"
        )
        flags = cells(sees, "detector")
        found = rogan_gladen(flags, errors, "observed")
        above = found.low is not None and found.low > 0
        yield trial(f"prevalence, Rogan–Gladen · {label}", truth, found, effect=truth > 0, found=above)
        for part in corrected(flags, errors, draws=DRAWS):
            true = float((world.verbal() if part.part == "verbal" else world.silent())[at])
            yield trial(f"{part.part} part, corrected · {label}", true, part, effect=abs(true) > 1e-9)
    world, answers, _ = _drawn("going_silent", FOUR, seed)
    here = detected(answers.filter((pl.col("position") == 3) & (pl.col("arm") == "observed")), 0.8, 0.95, seed + 2)
    odds = here.select((0.15 + 0.7 * pl.col("score")).alias("inclusion"))["inclusion"]
    found_ = powered(labelled(here, odds, seed + 3), "observed")
    yield trial("prevalence, PPI++ · going_silent, hhh-2", float(world.spoken()[3]), found_, effect=True, found=bool(found_ and found_.low and found_.low > 0))  # fmt: skip
    even = pl.select(pl.repeat(0.3, len(here))).to_series()
    found_ = powered(labelled(here, even, seed + 4), "observed")
    yield trial("prevalence, PPI++, even draw · going_silent, hhh-2", float(world.spoken()[3]), found_, effect=True, found=bool(found_ and found_.low and found_.low > 0))  # fmt: skip


def lock_in(seed: int) -> Iterator[Trial]:
    """Trend, persistence, resistance, onset."""
    for name in ("steady", "gentle", "straight"):
        world, answers, _ = _drawn(name, ONCE, seed)
        truth = world.slope()
        yield trial(f"trend · {name}", truth, trend(cells(answers), "people"), effect=abs(truth) > 1e-9)
    for name in ("alike", "steady", "apart"):
        world, answers, _ = _drawn(name, ONCE, seed)
        yield trial(
            f"persistence · {name}", world.odds_ratio(), persistence(cells(answers), "people"), effect=name != "alike"
        )
    for name in ("no_lock_in", "early_hhh", "going_silent"):
        world, answers, _ = _drawn(name, FOUR, seed)
        truth = world.resistance()
        yield trial(f"resistance L · {name}", truth, resistance(cells(answers)), effect=abs(truth) > 1e-9)
    for name in ("no_lock_in", "outcome_rl", "early_hhh"):
        world, answers, _ = _drawn(name, FOUR, seed)
        found = onset(
            [
                replace(
                    gap(cells(answers.filter(pl.col("position") == at)), draws=DRAWS),
                    group=Group(checkpoint=one.name, position=at),
                )
                for at, one in enumerate(world.checkpoints)
            ],
            margin=0.05,
        )
        place = world.onset(0.05)
        yield trial(f"onset · {name}", None if place is None else float(place), found, effect=place is not None, found=found.estimate is not None)  # fmt: skip


def contexts(seed: int) -> Iterator[Trial]:
    """Consistency over scenarios and wordings."""
    for name in ("plain", "wordy"):
        world, answers, _ = _drawn(name, FOUR, seed)
        of = {"scenarios": world.between**2, "paraphrases": world.within**2}
        whole = sum(of.values()) + CHANCE
        for found in consistency(cells(answers), "people", seed=seed):
            truth = of[found.part] / whole
            above = found.low is not None and found.low > 0
            yield trial(f"consistency, {found.part} · {name}", truth, found, effect=name != "plain", found=above)


def protected(seed: int) -> Iterator[Trial]:
    """Value profile and origin."""
    world, answers, named = _drawn("example", FOUR, seed)
    last = answers.filter(pl.col("position") == 5)
    for found in profile(last, named):
        value = next((one for one in world.values if one.name == found.part), None)
        if value is not None:
            said = float(world.spoken()[5])
            truth = said * value.shares[5] + (1 - said) * world.noise
            yield trial(f"value's rate · {found.part}", truth, found, effect=None)
    told = {one.part: one.finding for one in origins(answers, named)}
    right = {
        "self-preservation": "pretraining_prior, first at base",
        "harmlessness above all else": "early_hhh, first at hhh-1",
        "top scores in the environment": "outcome_rl, first at rl-1",
    }
    for value, origin in right.items():
        yield trial(f"origin, right answer · {value}", None, None, effect=True, found=told.get(value) == origin)
    _, answers, named = _drawn("slips", FOUR, seed)
    any_ = any(one.finding is not None for one in origins(answers, named))
    yield trial("origin, any value · slips of labelling alone", None, None, effect=False, found=any_)


def gone(seed: int) -> Iterator[Trial]:
    """Missing answers that inform."""
    for name, at in (("no_lock_in", 3), ("steady", 0)):
        world, answers, _ = _drawn(name, ONCE, seed)
        here = cells(lost(answers.filter(pl.col("position") == at), 0.3, 0.05, seed + 5))
        truth = float(world.gap()[at])
        label = f"{name}, {world.checkpoints[at].name}, 30 % of complying answers lost"
        yield trial(f"gap, known answers alone · {label}", truth, gap(here, draws=DRAWS), effect=truth > 0)
        yield trial(f"gap, worst-case bounds · {label}", truth, worst_case(here, draws=DRAWS), effect=truth > 0)


ALL = (gaps, rates, lock_in, contexts, protected, gone)
