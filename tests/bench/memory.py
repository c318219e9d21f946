"""Memory of a scan: 20,000 transcripts against 2,000."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import process
from tests.bench.texts import write


def rows() -> Iterator[tuple[str, ...]]:
    """One row a size."""
    peaks: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in (2_000, 20_000):
            path = Path(folder) / f"{number}.jsonl"
            write(path, number)
            seconds, _, peak = process("-m", "feint.pipeline.cli", "scan", str(path), "-o", f"{folder}/out.jsonl")
            peaks.append(peak)
            rate = f"{number / seconds:,.0f} transcripts/s"
            yield "memory", f"feint scan of {number:,} transcripts", rate, f"{peak / peaks[0]:.2f} ×", f"{peak:.0f} MB"
