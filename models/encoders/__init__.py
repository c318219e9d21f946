"""Encoders: passages in, vectors out."""

from collections.abc import Sequence
from typing import Protocol

from feint.corpus.errors import DetectorError
from feint.models.encoders.adapter import Adapter
from feint.models.encoders.windows import Vectors, Window
from feint.models.passages import Block

EMBEDDED = "all-MiniLM-L6-v2"
"""The name under which the encoder in the box is asked for."""


class Encoder(Protocol):
    """What every encoder offers."""

    @property
    def name(self) -> str:
        """What it is asked for by."""

    @property
    def revision(self) -> str | None:
        """Its commit on the hub, where it came from there."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    @property
    def precision(self) -> str:
        """'float32' or 'bfloat16'."""

    @property
    def adapter(self) -> Adapter | None:
        """What tuning changed in it, where it was tuned."""

    @property
    def fingerprint(self) -> str:
        """Changes with anything that changes vectors."""

    def encode(self, blocks: Sequence[Block]) -> list[Vectors]:
        """One array (passages, dimensions) a block, every row of length 1 or 0."""

    def windows(self, blocks: Sequence[Block]) -> list[Window]:
        """What it reads at once, special tokens left out."""


def load(
    name: str = EMBEDDED,
    *,
    precision: str | None = None,
    revision: str | None = None,
    adapter: Adapter | None = None,
) -> Encoder:
    """The embedded encoder, or any sentence-transformers id or folder.

    `precision` is 'float32', 'bfloat16' or none for what the processor does best; only the embedded encoder heeds it, and
    only it can be tuned.
    """
    if name == EMBEDDED:
        from feint.models.encoders.minilm import MiniLM, Precision

        asked: Precision | None = (
            "bfloat16" if precision == "bfloat16" else "float32" if precision == "float32" else None
        )
        return MiniLM.load(asked, adapter)
    if adapter:
        raise DetectorError(f"an adapter belongs to {EMBEDDED}; found one for {name!r}")
    from feint.models.encoders.sentence_transformer import SentenceTransformerEncoder

    return SentenceTransformerEncoder.load(name, revision)
