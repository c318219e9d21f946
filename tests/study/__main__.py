"""Run the study: ``python -m tests.study [REPLICATES] [JOBS] [CASES…]``; a markdown table to stdout, progress to stderr."""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain

from tests.study.cases import ALL
from tests.study.trial import Trial, tallied

HEADINGS = ("measure · world", "truth", "bias", "95 % interval covers (%)", "false alarms (%)", "power (%)")


def trials(seed: int, names: Sequence[str]) -> list[Trial]:
    """The cases of these names, or all, on the data sets of one seed."""
    return [one for cases in ALL if not names or cases.__name__ in names for one in cases(seed)]


def run(replicates: int, jobs: int, names: Sequence[str]) -> Iterator[list[Trial]]:
    """The trials of every seed, in order."""
    with ProcessPoolExecutor(jobs) as pool:
        for at, found in enumerate(pool.map(partial(trials, names=names), range(replicates), chunksize=4), 1):
            print(f"\r… {at} of {replicates}", end="", file=sys.stderr, flush=True)
            yield found
    print(file=sys.stderr)


def main(replicates: int = 1000, jobs: int = 2, names: Sequence[str] = ()) -> None:
    """Print the table."""
    print("| " + " | ".join(HEADINGS) + " |")
    print("|" + "---|" * len(HEADINGS))
    for tally in tallied(chain.from_iterable(run(replicates, jobs, names))):
        print("| " + " | ".join(tally.row()) + " |", flush=True)


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:3]]
    main(*numbers, names=sys.argv[3:])
