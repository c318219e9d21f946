"""What was counted while a release was written; card, Croissant, splits and plots are made from it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from feint.corpus.errors import FeintError
from feint.pipeline.release.provenance import Provenance

CANARY = "feint-corpus canary 6d1f0c9e-5b0a-4f0e-9c2d-3a7e41b8d5f2"
"""A string nobody writes by chance: a model that completes it has seen this data."""


@dataclass
class Counts:
    """Counted row by row."""

    groups: dict[str, set[str]] = field(default_factory=dict)
    """Groups by the hub's name of their split."""
    kinds: Counter[str] = field(default_factory=Counter)
    """Transcripts by how their reasoning came."""
    judged: Counter[str] = field(default_factory=Counter)
    """Annotations by annotator."""
    levels: dict[str, Counter[str]] = field(default_factory=dict)
    """Settled answers: indicator to level, or to present, absent and unclear where it has none."""
    faking: dict[str, Counter[bool | None]] = field(default_factory=dict)
    """Settled headlines by the hub's name of their split."""


@dataclass(frozen=True)
class Facts:
    """All there is to say of a release."""

    version: str
    """From the bytes of the shards: ``0.0.N``."""
    rows: Mapping[str, Mapping[str, int]]
    """By config and the hub's name of the split."""
    digests: Mapping[str, Mapping[str, str]]
    """Of the rows, likewise."""
    sizes: Mapping[str, Mapping[str, int]]
    """Bytes of the rows in memory, likewise."""
    files: Mapping[str, str]
    """sha256 of every shard."""
    counts: Counts
    overlap: Mapping[str, Any]
    redactions: Mapping[str, int] | None
    """Replacements by kind; none where nothing was looked for."""
    dropped: int
    """Transcripts left out because redaction made their words those of another."""
    agreement: pl.DataFrame
    annotators: Mapping[str, str]
    """Annotators' names as they were and as they are published."""
    codebook: str
    """Version of the codebook."""
    method: str
    """How judgements were settled."""
    shares: Mapping[str, float]
    seed: int
    feint: str
    """Version of the package."""
    provenance: Provenance

    def __post_init__(self) -> None:
        if not self.rows.get("transcripts"):
            raise FeintError("no transcript to export; 'feint gather' some first")

    @property
    def transcripts(self) -> int:
        """How many there are."""
        return sum(self.rows["transcripts"].values())

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return len(set().union(*self.counts.groups.values()))
