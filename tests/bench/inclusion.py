"""Prevalence from a queue: bias, coverage and width against transcripts drawn at random, over many drawings.

python -m tests.bench.inclusion [drawings]
"""

import sys
from collections.abc import Iterator

import numpy as np
import polars as pl

from feint.annotation.inclusion import Prevalence, prevalence
from feint.annotation.queue import draw
from feint.corpus.tables import Candidates, Draws

RANDOM, MIXED = {"random": 1.0}, {"random": 0.375, "uncertainty": 0.4375, "diversity": 0.1875}
"""All at random, and the shares of first readings in the default configuration."""
DESIGNS = (
    ("one round of 60", 300, 0.1, (60,), 0, 0),
    ("three rounds of 20", 300, 0.1, (20, 20, 20), 0, 0),
    ("three, 100 newcomers, 2 read beside the queue", 400, 0.1, (20, 20, 20), 100, 2),
    ("rare: two rounds of 50", 500, 0.03, (50, 50), 0, 0),
    ("frequent: two rounds of 50", 300, 0.3, (50, 50), 0, 0),
)
"""Name, transcripts, prevalence, sizes of the rounds, transcripts that come after the first, transcripts read unasked each round."""


def rows(drawings: int = 1000) -> Iterator[tuple[str, ...]]:
    """One row a design and way of estimating: mean error, coverage of the 95 % interval, its mean width."""
    for name, size, share, rounds, late, beside in DESIGNS:
        for ways, shares in (("at random", RANDOM), ("mixed", MIXED)):
            truth, found = _drawn(drawings, size, share, rounds, late, beside, shares)
            for which, assisted in enumerate(("", ", with the detector")):
                each = [pair[which] for pair in found]
                values = np.array([one.value for one in each])
                error = values.std() / len(values) ** 0.5
                covered = np.mean([one.low <= truth <= one.high for one in each])
                width = np.mean([one.high - one.low for one in each])
                yield (
                    name, ways + assisted, f"{truth:.3f}", f"{values.mean() - truth:+.4f} ± {error:.4f}",
                    f"{100 * covered:.1f} %", f"{width:.3f}",
                )  # fmt: skip


def _drawn(
    drawings: int, size: int, share: float, rounds: tuple[int, ...], late: int, beside: int, shares: dict[str, float]
) -> tuple[float, list[tuple[Prevalence, Prevalence]]]:
    """The truth, and both estimates of every drawing; the detector's scores move with the labels, and are not calibrated."""
    rng = np.random.default_rng(size)
    truth = rng.random(size) < share
    scores = np.clip(np.where(truth, 0.6, 0.12) + rng.normal(0, 0.2, size), 0.01, 0.99)
    vectors = np.column_stack([truth + rng.normal(0, 0.5, size), rng.normal(0, 1, (size, 3))])
    names = [f"t{at:04}" for at in range(size)]
    found = []
    for again in range(drawings):
        unasked = np.random.default_rng([size, again])
        labels: dict[str, bool] = {}
        past, draws = [], Draws.create_empty()
        for number, wanted in enumerate(rounds):
            there = size if number else size - late
            moved = np.clip(scores + (np.mean(list(labels.values())) / 5 if labels else 0), 0, 1)
            given = [(names[at], int(names[at] in labels), moved[at], 0.0, 0.0) for at in range(there)]
            past.append(Candidates.validate(pl.DataFrame(given, Candidates.column_names(), orient="row"), cast=True))
            draws = pl.concat([draws, draw(past[-1], vectors[:there], draws, shares, 0.2, wanted, seed=again)])
            read = [int(name[1:]) for name in draws["transcript_id"]]
            read += unasked.choice(there, beside).tolist()
            labels |= {names[at]: bool(truth[at]) for at in read}
        told = pl.DataFrame(list(labels.items()), ["transcript_id", "present"], orient="row")
        plain, assisted = (prevalence(past, draws, told, assisted=helped) for helped in (False, True))
        if plain and assisted:
            found.append((plain, assisted))
    return float(truth.mean()), found


if __name__ == "__main__":
    for row in rows(int(sys.argv[1]) if len(sys.argv) > 1 else 1000):
        sys.stdout.write("| " + " | ".join(row) + " |\n")
        sys.stdout.flush()
