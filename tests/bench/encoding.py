"""Encoding: our loop against sentence-transformers' encode on the same windows of the bundled corpus; detecting against that."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import torch

from feint.models import Detector, encoders
from feint.models.encoders import minilm
from feint.models.encoders.minilm import MiniLM
from feint.models.passages import Block, cut
from tests.bench.measure import best
from tests.bench.texts import transcripts

TOKENS = 60_000


def rows() -> Iterator[tuple[str, ...]]:
    """One row a precision."""
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(2)
    stock = SentenceTransformer(str(minilm._folder()), device="cpu")
    texts, total = _windows(stock.tokenizer)
    blocks = [Block(text, ((0, len(text)),)) for text in texts]
    stock.encode(texts[:8])
    base, _ = best(lambda: stock.encode(texts, normalize_embeddings=True), 3)
    states = stock.encode(texts, output_value="token_embeddings")
    means = [state[1:-1].mean(dim=0).numpy() for state in states]  # passages leave the special tokens out
    yield "encoding", "sentence-transformers, float32", f"{total / base:,.0f} tokens/s", "1.00 ×", ""
    precisions = ["float32", "bfloat16"] if minilm.best_precision() == "bfloat16" else ["float32"]
    for precision in precisions:
        encoder = encoders.load(precision=precision)
        encoder.encode(blocks[:8])
        seconds, found = best(lambda encoder=encoder: encoder.encode(blocks), 3)
        apart = max(float(1 - v[0] @ mean / np.linalg.norm(mean)) for v, mean in zip(found, means, strict=True))
        yield (
            "encoding",
            f"feint, {precision}",
            f"{total / seconds:,.0f} tokens/s",
            f"{base / seconds:.2f} ×",
            f"max 1−cos {apart:.1e}",
        )
    detector = Detector.load()
    given = list(islice(transcripts(), 150))
    every = [block for transcript in given for block in cut(transcript)[1]]
    bare, _ = best(lambda: detector.encoder.encode(every), 3)
    whole, _ = best(lambda: detector.predict(given), 3)
    tokens = sum(len(window.ids) for window in MiniLM.load().windows(every))
    yield (
        "detecting",
        f"the encoder alone, {detector.encoder.precision}",
        f"{tokens / bare:,.0f} tokens/s",
        "1.00 ×",
        "",
    )
    yield "detecting", "the whole detector", f"{tokens / whole:,.0f} tokens/s", f"{bare / whole:.2f} ×", ""


def _windows(tokenizer) -> tuple[list[str], int]:
    """Texts of whole sentences that fit the encoder's window, special tokens included, and their tokens together."""
    texts, total = [], 0
    for transcript in transcripts():
        for block in cut(transcript)[1]:
            text = block.text[: block.bounds[min(len(block.bounds), 8) - 1][1]] if block.bounds else ""
            tokens = len(tokenizer(text, verbose=False)["input_ids"])
            if 16 < tokens <= 256:
                texts.append(text)
                total += tokens
            if total > TOKENS:
                return texts, total
    return texts, total
