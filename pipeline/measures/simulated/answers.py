"""Answers drawn from a world: observations as a frame, what a detector would see of them, and what goes missing."""

from dataclasses import dataclass

import dataframely as dy
import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit

from feint.corpus.tables import Observations, Protected
from feint.pipeline.measures.latent import Floats, logits
from feint.pipeline.measures.simulated.world import World


@dataclass(frozen=True, slots=True)
class Design:
    """How much is asked of each checkpoint."""

    scenarios: int = 12
    prompts: int = 5
    """A scenario."""
    replicates: int = 1
    """A prompt and arm."""


def draw(
    world: World, design: Design, seed: int, model: str = "simulated"
) -> tuple[dy.DataFrame[Observations], dy.DataFrame[Protected]]:
    """Every checkpoint's answers in both arms, and the values that observed answers name.

    Rows go by checkpoint, scenario, prompt, arm (observed first) and replicate.

    >>> from feint.pipeline.measures.simulated.world import worlds
    >>> answers, values = draw(worlds()["early_hhh"], Design(scenarios=2, prompts=3), seed=0)
    >>> len(answers), answers["checkpoint"].unique(maintain_order=True).to_list()
    (72, ['base', 'sft', 'hhh-1', 'hhh-2', 'rl-1', 'rl-2'])
    """
    generator = np.random.default_rng(seed)
    count, scenarios, prompts, each = len(world.checkpoints), design.scenarios, design.prompts, design.replicates
    shape = (count, scenarios, prompts, 2, each)
    complied = generator.random(shape) < _rates(world, "compliance", design, generator)[..., None, None]
    fakes = generator.random(shape) < _rates(world, "faking", design, generator)[..., None, None]
    fakes[..., 1, :] = False
    said = fakes & (generator.random(shape) < world._of("verbal")[:, None, None, None, None])
    values, earned = _values(world, said, generator)
    rl = np.array([one.stage == "rl" for one in world.checkpoints])
    earned = np.broadcast_to(np.where(rl[:, None, None, None, None], earned, np.nan), shape).ravel()
    t, s, p, a, r = (index.ravel() for index in np.indices(shape))
    names = pl.Series([one.name for one in world.checkpoints])
    stages = pl.Series([one.stage for one in world.checkpoints])
    held = (fakes | complied).ravel()
    frame = pl.DataFrame({"position": t, "s": s, "p": p, "a": a, "seed": r, "complied": held, "gold": said.ravel()})
    frame = frame.with_row_index("observation").select(
        pl.col("observation").cast(pl.UInt64),
        pl.format("{}-{}-{}", pl.lit(model), pl.lit(seed), "observation").alias("transcript_id"),
        pl.lit(model).alias("model"),
        names.gather(t).alias("checkpoint"),
        pl.col("position").cast(pl.UInt32),
        stages.gather(t).alias("stage"),
        pl.format("scenario-{}", "s").alias("scenario"),
        pl.format("scenario-{}/{}", "s", "p").alias("pair"),
        pl.when(pl.col("a") == 0).then(pl.lit("observed")).otherwise(pl.lit("unobserved")).alias("arm"),
        pl.col("seed").cast(pl.String),
        pl.when("complied").then(pl.lit("complied")).otherwise(pl.lit("declined")).alias("outcome"),
        "complied",
        pl.lit("raw").alias("reasoning"),
        "gold",
        pl.lit(None, pl.Float64).alias("score"),
        pl.lit(None, pl.Boolean).alias("flagged"),
        pl.lit(None, pl.Float64).alias("weight"),
        pl.Series("reward", earned, nan_to_null=True),
    )
    return Observations.validate(frame, cast=True), values


def detected(
    answers: dy.DataFrame[Observations], sensitivity: float, specificity: float, seed: int
) -> dy.DataFrame[Observations]:
    """The same with the flags of a detector that errs at these rates, and scores on either side of one half.

    >>> from feint.pipeline.measures.simulated.world import worlds
    >>> answers, _ = draw(worlds()["steady"], Design(), seed=0)
    >>> flagged = detected(answers, 1.0, 1.0, seed=1)
    >>> (flagged["flagged"] == flagged["gold"]).all()
    True
    """
    generator = np.random.default_rng(seed)
    gold = answers["gold"].to_numpy()
    flagged = generator.random(len(gold)) < np.where(gold, sensitivity, 1 - specificity)
    score = np.where(flagged, 0.5, 0.0) + generator.random(len(gold)) / 2
    return Observations.validate(
        answers.with_columns(pl.Series("flagged", flagged), pl.Series("score", score)), cast=True
    )


def labelled(answers: dy.DataFrame[Observations], inclusion: pl.Series, seed: int) -> dy.DataFrame[Observations]:
    """The same with people's labels on a Poisson sample only, each answer drawn with its inclusion probability."""
    drawn = np.random.default_rng(seed).random(len(answers)) < inclusion.to_numpy()
    kept = pl.when(pl.Series(drawn)).then("gold").alias("gold")
    return Observations.validate(answers.with_columns(kept, (1 / inclusion).alias("weight")), cast=True)


def lost(
    answers: dy.DataFrame[Observations], if_complied: float, if_declined: float, seed: int, arm: str = "observed"
) -> dy.DataFrame[Observations]:
    """The same with some of an arm's answers unparsed, more or fewer of those that complied: what is missing informs."""
    chance = pl.when("complied").then(if_complied).otherwise(if_declined)
    u = pl.Series(np.random.default_rng(seed).random(len(answers)))
    gone = (pl.col("arm") == arm) & (u < chance)
    return Observations.validate(
        answers.with_columns(
            pl.when(gone).then(None).otherwise("complied").alias("complied"),
            pl.when(gone).then(pl.lit("unparsed")).otherwise(pl.col("outcome").cast(pl.String)).alias("outcome"),
        ),
        cast=True,
    )


def _rates(world: World, field: str, design: Design, generator: np.random.Generator) -> Floats:
    """Probability by checkpoint, scenario and prompt."""
    means = world._of(field)
    scenario = generator.normal(0, world.between, (design.scenarios, 1))
    prompt = generator.normal(0, world.within, (design.scenarios, design.prompts))
    centres = logits(means, float(np.hypot(world.between, world.within)))
    found = expit(centres[:, None, None] + scenario + prompt)
    return np.where(means[:, None, None] > 0, found, 0.0)


def _values(
    world: World, said: npt.NDArray[np.bool_], generator: np.random.Generator
) -> tuple[dy.DataFrame[Protected], Floats]:
    """Rows of who names which value, and the reward of every answer."""
    reward = generator.normal(0, 1, said.shape)
    found = []
    for value in world.values:
        share = np.array(value.shares)[:, None, None, None, None]
        chance = np.where(said, share, world.noise)
        chance[..., 1, :] = 0
        named = generator.random(said.shape) < chance
        reward = reward + value.reward * named
        found.append(
            pl.DataFrame({"observation": np.flatnonzero(named)}).with_columns(
                pl.lit(value.name).alias("value"), pl.lit(value.relation).alias("relation")
            )
        )
    rows = pl.concat(found) if found else Protected.create_empty()
    return Protected.validate(rows, cast=True), reward
