"""Generalised estimating equations: a logistic trend over counts, prompts' answers correlated alike among themselves."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from feint.pipeline.measures.cells import Floats

ROUNDS = 60
"""Most iterations."""
CLOSE = 1e-10
"""Largest change of a coefficient at which it has settled."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients, and what each block adds to the estimating equations at them."""

    coefficients: Floats
    """(columns,)."""
    correlation: float
    """Working correlation of two answers of one block."""
    scores: Floats
    """(blocks, columns)."""
    information: Floats
    """(blocks, columns, columns)."""
    settled: bool

    def sandwich(self) -> Floats:
        """Robust covariance, blocks independent (Liang and Zeger 1986): (columns, columns)."""
        bread = np.linalg.inv(self.information.sum(axis=0))
        found: Floats = bread @ (self.scores.T @ self.scores) @ bread
        return found

    def jackknife(self, clusters: npt.NDArray[np.int64]) -> Floats:
        """Covariance from leaving out each cluster of blocks, in one Newton step from the fit (CV3L: MacKinnon, Nielsen and Webb 2023)."""
        count = int(clusters.max()) + 1
        size = self.scores.shape[1]
        scores, information = np.zeros((count, size)), np.zeros((count, size, size))
        np.add.at(scores, clusters, self.scores)
        np.add.at(information, clusters, self.information)
        left = information.sum(axis=0) - information
        moved = np.linalg.solve(left, -scores[:, :, None])[:, :, 0]
        found: Floats = (count - 1) / count * moved.T @ moved
        return found


def fit(design: Floats, faking: Floats, answers: Floats, blocks: npt.NDArray[np.int64]) -> Fit:
    """Binomial, logit link, exchangeable working correlation within a block (Liang and Zeger 1986).

    One row per cell: design (cells, columns), how many of its answers fake, how many there are, and its block's number
    from 0. Answers are never spread out: an exchangeable correlation needs sums by block only.

    >>> design = np.array([[1.0, 0.0], [1.0, 1.0]] * 3)
    >>> found = fit(design, np.array([1.0, 3, 2, 3, 1, 2]), np.full(6, 4.0), np.array([0, 0, 1, 1, 2, 2]))
    >>> np.exp(found.coefficients).round(3).tolist()  # odds 4/8 at first, then 8/4, four times as much
    [0.5, 4.0]
    """
    size, count = design.shape[1], int(blocks.max()) + 1
    total = answers.sum()
    within = np.bincount(blocks, answers, count)
    pairs = (within * (within - 1) / 2).sum()
    start = np.clip(faking.sum() / total, 1e-6, 1 - 1e-6)
    coefficients, correlation = np.zeros(size), 0.0
    coefficients[0] = np.log(start / (1 - start))
    settled = False
    for _ in range(ROUNDS):
        scores, information = _equations(design, faking, answers, blocks, count, coefficients, correlation)
        try:
            step = np.linalg.solve(information.sum(axis=0), scores.sum(axis=0))
        except np.linalg.LinAlgError:
            break
        coefficients = coefficients + np.clip(step, -5, 5)
        settled = bool(np.abs(step).max() < CLOSE)
        correlation = _correlation(design, faking, answers, blocks, count, coefficients, pairs, size)
        if settled:
            break
    scores, information = _equations(design, faking, answers, blocks, count, coefficients, correlation)
    return Fit(coefficients, correlation, scores, information, settled)


def _equations(
    design: Floats, faking: Floats, answers: Floats, blocks: npt.NDArray[np.int64], count: int,
    coefficients: Floats, correlation: float,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Scores and information by block."""
    mean = expit(design @ coefficients)
    spread = np.sqrt(mean * (1 - mean))
    missed = faking - answers * mean
    weighted = design * (answers * spread)[:, None]
    shared = correlation / (1 + (np.bincount(blocks, answers, count) - 1) * correlation)
    rows = np.stack([np.bincount(blocks, column, count) for column in weighted.T], axis=1)
    residual = np.bincount(blocks, missed / spread, count)
    plain = np.stack([np.bincount(blocks, column, count) for column in (design * missed[:, None]).T], axis=1)
    scores = (plain - shared[:, None] * rows * residual[:, None]) / (1 - correlation)
    size = design.shape[1]
    squares = np.empty((count, size, size))
    for one in range(size):
        for two in range(size):
            squares[:, one, two] = np.bincount(blocks, design[:, one] * design[:, two] * answers * spread**2, count)
    information = (squares - shared[:, None, None] * rows[:, :, None] * rows[:, None, :]) / (1 - correlation)
    return scores, information


def _correlation(
    design: Floats, faking: Floats, answers: Floats, blocks: npt.NDArray[np.int64], count: int,
    coefficients: Floats, pairs: float, size: int,
) -> float:  # fmt: skip
    """Moment estimate from Pearson residuals, as statsmodels' Exchangeable has it."""
    mean = expit(design @ coefficients)
    variance = mean * (1 - mean)
    squared = (faking * (1 - mean) ** 2 + (answers - faking) * mean**2) / variance
    residual = np.bincount(blocks, (faking - answers * mean) / np.sqrt(variance), count)
    scale = squared.sum() / (answers.sum() - size)
    products = (np.square(residual) - np.bincount(blocks, squared, count)).sum() / 2
    most = float(np.bincount(blocks, answers, count).max())
    found = float(products / scale / (pairs - size)) if pairs > size else 0.0
    return min(max(found, -0.99 / max(most - 1, 1)), 0.99)
