"""Measuring: best of several runs, and the peak memory of a command."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

Value = TypeVar("Value")


def best(run: Callable[[], Value], times: int) -> tuple[float, Value]:
    """Shortest of several runs in seconds, and the last value; the machine's noise only ever adds."""
    shortest = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        value = run()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest, value


def command(arguments: Sequence[str]) -> tuple[float, float]:
    """Seconds and peak resident megabytes of a Python command in a process of its own."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{arguments} ended with {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024
