"""Run every benchmark and print one table; figures go to stdout, progress to stderr."""

import sys

from tests.bench import cold_start, encoding, log_reading, measures, memory, releasing, studio

for bench in (encoding, log_reading, cold_start, memory, releasing, measures, studio):
    print(f"… {bench.__doc__.splitlines()[0]}", file=sys.stderr)
    for row in bench.rows():
        print("| " + " | ".join(row) + " |", flush=True)
