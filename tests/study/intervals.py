"""Why the gap has the interval it has: ``python -m tests.study.intervals`` compares six on the same draws."""

import sys

import numpy as np
import polars as pl
from scipy import stats
from scipy.special import expit

from feint.pipeline.measures.gap import padded
from feint.pipeline.measures.latent import Floats, logits

SIZES = ((6, 5), (12, 5), (24, 5))
"""Scenarios, and prompts in each, asked once in either arm."""
RATES = ((0.0, 0.3), (0.15, 0.3), (0.4, 0.3), (0.02, 0.02), (0.05, 0.9))
"""Share that fakes when observed, and share that complies anyway."""
BETWEEN, WITHIN = 0.6, 0.4
NAMES = ("percentile", "widened percentile", "bias-corrected", "studentised", "error and Student's t", "ours, padded")


def gaps(size: tuple[int, int], rates: tuple[float, float], replicates: int, generator: np.random.Generator) -> Floats:
    """Each prompt's gap: (replicates, scenarios, prompts)."""

    def chance(mean: float) -> Floats:
        spread = generator.normal(0, BETWEEN, (replicates, size[0], 1)) + generator.normal(
            0, WITHIN, (replicates, *size)
        )
        return expit(logits([mean], float(np.hypot(BETWEEN, WITHIN)))[0] + spread) if mean else np.zeros(spread.shape)

    faking, complying = chance(rates[0]), chance(rates[1])
    observed = (generator.random(faking.shape) < faking) | (generator.random(faking.shape) < complying)
    unobserved = generator.random(faking.shape) < complying
    return observed.astype(float) - unobserved


def intervals(prompts: Floats, generator: np.random.Generator, draws: int = 600) -> list[tuple[float, float]]:
    """Of one data set: Efron 1979; Hesterberg 2015; Efron 1987; Efron 1981; and ours, without and with padding."""
    gap = prompts.mean(axis=1)
    count, mean = len(gap), gap.mean()
    weights = generator.multinomial(count, np.full(count, 1 / count), size=draws)
    drawn = weights @ gap / count
    t = stats.t.ppf(0.975, count - 1)
    wide = stats.norm.cdf(-np.sqrt(count / (count - 1)) * t)
    below = np.clip((drawn < mean).mean() + (drawn == mean).mean() / 2, 0.01, 0.99)
    apart = mean - gap
    skew = (apart**3).sum() / max(6 * (apart**2).sum() ** 1.5, 1e-12)
    shifted = stats.norm.ppf(below) + stats.norm.ppf([0.025, 0.975])
    corrected = stats.norm.cdf(stats.norm.ppf(below) + shifted / (1 - skew * shifted))
    error = gap.std(ddof=1) / np.sqrt(count)
    own = np.sqrt(np.maximum(weights @ gap**2 / count - drawn**2, 0) / (count - 1))
    ratios = np.where(own > 0, (drawn - mean) / np.where(own > 0, own, 1), 0)
    first, last = np.quantile(ratios, [0.025, 0.975])
    pairs = pl.DataFrame({"gap": prompts.ravel(), "replicates": np.ones(prompts.size)})
    centre, wider = padded(float(mean), float(error), pairs, "gap")
    return [
        tuple(np.quantile(drawn, [0.025, 0.975])),
        tuple(np.quantile(drawn, [wide, 1 - wide])),
        tuple(np.quantile(drawn, corrected)),
        (mean - last * error, mean - first * error),
        (mean - t * error, mean + t * error),
        (centre - t * wider, centre + t * wider),
    ]


def main(replicates: int = 1000) -> None:
    """Print the coverage of each."""
    generator = np.random.default_rng(0)
    print("| scenarios × prompts | fakes, complies | " + " | ".join(NAMES) + " |")
    print("|" + "---|" * (2 + len(NAMES)))
    for size in SIZES:
        for rates in RATES:
            truth = rates[0] * (1 - rates[1])
            found = [intervals(gap, generator) for gap in gaps(size, rates, replicates, generator)]
            covers = [
                np.mean([low - 1e-9 <= truth <= high + 1e-9 for low, high in ends]) for ends in zip(*found, strict=True)
            ]
            shares = " | ".join(f"{100 * share:.1f}" for share in covers)
            print(f"| {size[0]} × {size[1]} | {rates[0]}, {rates[1]} | {shares} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
