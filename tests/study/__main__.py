"""Run the study: ``python -m tests.study [REPLICATES] [JOBS]``; a markdown table to stdout, progress to stderr."""

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import chain

from tests.study.cases import ALL
from tests.study.trial import Trial, tallied

HEADINGS = ("measure · world", "truth", "bias", "95 % interval covers (%)", "false alarms (%)", "power (%)")


def trials(seed: int) -> list[Trial]:
    """Every case on the data sets of one seed."""
    return [one for cases in ALL for one in cases(seed)]


def run(replicates: int, jobs: int) -> Iterator[list[Trial]]:
    """The trials of every seed, in order."""
    with ProcessPoolExecutor(jobs) as pool:
        for at, found in enumerate(pool.map(trials, range(replicates), chunksize=4), 1):
            print(f"\r… {at} of {replicates}", end="", file=sys.stderr, flush=True)
            yield found
    print(file=sys.stderr)


def main(replicates: int = 1000, jobs: int = 2) -> None:
    """Print the table."""
    print("| " + " | ".join(HEADINGS) + " |")
    print("|" + "---|" * len(HEADINGS))
    for tally in tallied(chain.from_iterable(run(replicates, jobs))):
        print("| " + " | ".join(tally.row()) + " |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
