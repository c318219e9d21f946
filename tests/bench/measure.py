"""Measuring: best of several runs, and seconds and peak memory of a Python process of its own."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

Value = TypeVar("Value")

# The peak is read from the process' own memory map: getrusage keeps that of whoever forked it.
_RUN = """
import atexit, json, runpy, sys, time
start = time.perf_counter()
def said():
    peak = next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(json.dumps([time.perf_counter() - start, peak]), file=sys.__stderr__)
atexit.register(said)
kind, what, *sys.argv[1:] = sys.argv[1:]
if kind == "-m":
    sys.argv[0] = what
    runpy.run_module(what, run_name="__main__", alter_sys=True)
else:
    setup, _, run = what.partition("#run")
    exec(setup)
    start = time.perf_counter()
    exec(run)
"""


def best(run: Callable[[], Value], times: int) -> tuple[float, Value]:
    """Shortest of several runs in seconds, and the last value; the machine's noise only ever adds."""
    shortest = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        value = run()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest, value


def process(kind: str, what: str, *arguments: str, times: int = 1) -> tuple[float, float, float]:
    """Best wall seconds, best seconds inside, and lowest peak megabytes of ``python -m what`` or ``-c what``.

    Inside, code is timed from its line ``#run`` on, so that imports before it do not count.
    """
    return tuple(map(min, zip(*(_once([kind, what, *arguments]) for _ in range(times)), strict=True)))


def _once(arguments: Sequence[str]) -> tuple[float, float, float]:
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    wall = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{arguments[:2]} ended with {done.returncode}: {done.stderr[-2000:]}")
    inside, peak = json.loads(done.stderr.splitlines()[-1])
    return wall, inside, peak
