"""Serving: requests a second and latency of `feint serve` at 1, 8 and 64 clients, its memory, and what batching brings.

`python -m tests.bench.serving [seconds]` prints a table; a minute each without a number.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import httpx
import numpy as np
import psutil

from tests.bench.measure import best
from tests.bench.texts import transcripts

CLIENTS = (1, 8, 64)
TOGETHER = 64
"""Transcripts of the comparison: one request each, one after the other, against one request."""


def rows(seconds: float = 60.0) -> Iterator[tuple[str, ...]]:
    """One row a number of clients, then the speed-up."""
    bodies = [json.dumps({"id": one.id, "messages": [m.model_dump() for m in one.messages]}) for one in transcripts()]
    with _served() as (address, process):
        asyncio.run(_ask(address, bodies, max(CLIENTS), seconds / 6))  # until memory is as it will be
        for clients in CLIENTS:
            before, began = process.memory_info().rss, time.perf_counter()
            took, failed = asyncio.run(_ask(address, bodies, clients, seconds))
            elapsed = time.perf_counter() - began  # the last ones are answered after their time
            p50, p99 = np.percentile(took, [50, 99]) * 1000
            memory = process.memory_info().rss
            yield (
                "serving", f"{clients} clients, {seconds:g} s", f"{len(took) / elapsed:,.1f} requests/s",
                f"p50 {p50:,.0f} ms, p99 {p99:,.0f} ms",
                f"{failed} errors, {memory / before:.2f} × memory ({memory >> 20} MB)",
            )  # fmt: skip
        yield _speed_up(address, bodies[:TOGETHER])


async def _ask(address: str, bodies: list[str], clients: int, seconds: float) -> tuple[list[float], int]:
    """Seconds of every answered request, and how many failed."""
    took: list[float] = []
    failed, numbers, until = 0, count(), time.perf_counter() + seconds
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    headers = {"Content-Type": "application/x-ndjson"}
    async with httpx.AsyncClient(limits=limits, timeout=120, headers=headers) as client:

        async def one() -> None:
            nonlocal failed
            while time.perf_counter() < until:
                began = time.perf_counter()
                answer = await client.post(f"{address}/scan", content=bodies[next(numbers) % len(bodies)])
                if answer.status_code == 200 and "error" not in answer.json():
                    took.append(time.perf_counter() - began)
                else:
                    failed += 1

        await asyncio.gather(*(one() for _ in range(clients)))
    return took, failed


def _speed_up(address: str, bodies: list[str]) -> tuple[str, ...]:
    with httpx.Client(timeout=120, headers={"Content-Type": "application/x-ndjson"}) as client:
        whole = "\n".join(bodies)
        alone, _ = best(lambda: [client.post(f"{address}/scan", content=body) for body in bodies], 3)
        together, _ = best(lambda: client.post(f"{address}/scan", content=whole), 3)
    said = f"{len(bodies)} transcripts in one request against one by one"
    return "serving", said, f"{len(bodies) / together:,.1f} transcripts/s", f"{alone / together:.2f} ×", ""


@contextmanager
def _served() -> Iterator[tuple[str, psutil.Process]]:
    """The real command on a free port."""
    command = [sys.executable, "-m", "feint.pipeline.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            found = re.search(r"on (http\S+)", process.stderr.readline())
            assert found, process.stderr.read()
            yield found[1], psutil.Process(process.pid)
        finally:
            process.terminate()


if __name__ == "__main__":
    for row in rows(*map(float, sys.argv[1:])):
        print("| " + " | ".join(row) + " |", flush=True)
