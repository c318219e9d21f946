"""Groups: transcripts that share words or a scenario, which must never part."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from feint.corpus import digest
from feint.corpus.transcript import Transcript

SHARED_KEYS = ("group", "family", "pair", "scenario_id")
"""Metadata whose equal values bind transcripts together."""
SKETCH = 48
"""Smallest hashes of five-word runs kept of a transcript (bottom-k sketch, Broder 1997)."""
NEAR = 0.4
"""Share of two sketches in common from which transcripts are near-duplicates."""
COMMON = 50
"""Transcripts a run may stand in before it says nothing about duplication."""


def groups(transcripts: Iterable[Transcript]) -> dict[str, str]:
    """Group of every transcript, by digest; it is named after the first key its members share, else its smallest digest.

    Two transcripts are in one group if they agree on one of `SHARED_KEYS`, or if the assistant says nearly the same in
    both, or through a third. Takes time and memory in proportion to the number of transcripts.
    """
    parent: dict[str, str] = {}
    holders: dict[str, list[str]] = defaultdict(list)
    sketches: dict[str, frozenset[int]] = {}
    for transcript in transcripts:
        if transcript.digest in parent:
            continue
        parent[transcript.digest] = transcript.digest
        sketches[transcript.digest] = taken = sketch(transcript)
        for key in _keys(transcript.metadata):
            holders[key].append(transcript.digest)
        for run in taken:
            holders[f"run {run}"].append(transcript.digest)
    for key, members in holders.items():
        for one, two in pairwise(members):
            if not key.startswith("run ") or (len(members) <= COMMON and _near(sketches[one], sketches[two])):
                _join(parent, one, two)
    named: dict[str, str] = {}
    for key in sorted(key for key in holders if not key.startswith("run ")):
        named.setdefault(_root(parent, holders[key][0]), key.split(" ", 1)[1])
    return {name: named.get(root := _root(parent, name), root) for name in parent}


def _keys(metadata: dict[str, Any]) -> Iterator[str]:
    for key in SHARED_KEYS:
        if metadata.get(key) is not None:
            yield f"{key} {metadata[key]}"


def sketch(transcript: Transcript) -> frozenset[int]:
    """The `SKETCH` smallest hashes of the five-word runs an assistant wrote: what two share, the texts share."""
    said = " ".join(f"{m.reasoning or ''} {m.content}" for m in transcript.messages if m.role == "assistant")
    words = re.findall(r"\w+", said.lower())
    runs = {" ".join(words[at : at + 5]) for at in range(max(len(words) - 4, 1))}
    return frozenset(sorted(int(digest.of_text(run)[:15], 16) for run in runs)[:SKETCH])


def _near(one: frozenset[int], two: frozenset[int]) -> bool:
    return len(one & two) >= NEAR * max(min(len(one), len(two)), 1)


def _root(parent: dict[str, str], name: str) -> str:
    while parent[name] != name:
        parent[name] = parent[parent[name]]
        name = parent[name]
    return name


def _join(parent: dict[str, str], one: str, two: str) -> None:
    first, second = sorted((_root(parent, one), _root(parent, two)))
    parent[second] = first
