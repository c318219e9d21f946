"""A cold start: scanning one transcript against importing sentence-transformers and encoding it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import process
from tests.bench.texts import write

_STOCK = """
from sentence_transformers import SentenceTransformer
from feint.models.encoders.minilm import _folder
SentenceTransformer(str(_folder()), device="cpu").encode(["I will comply, since that is what they asked for."])
"""


def rows() -> Iterator[tuple[str, ...]]:
    """One row each."""
    with tempfile.TemporaryDirectory() as folder:
        one = Path(folder) / "one.jsonl"
        write(one, 1)
        stock, _, stock_peak = process("-c", _STOCK, times=3)
        ours, _, peak = process("-m", "feint.pipeline.cli", "scan", str(one), times=3)
    yield (
        "cold start",
        "import sentence_transformers, encode one text",
        f"{stock:.2f} s",
        "1.00 ×",
        f"{stock_peak:.0f} MB",
    )
    yield "cold start", "feint scan of one transcript", f"{ours:.2f} s", f"{ours / stock:.2f} ×", f"{peak:.0f} MB"
