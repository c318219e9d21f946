"""Passages: an assistant's words cut into sentences that keep their places."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from feint.corpus.reasoning import Part, stretches
from feint.corpus.span import Span
from feint.corpus.transcript import Transcript

LONGEST = 600
"""Most code points of a passage; a longer sentence is cut at a space."""
SHORTEST = 12
"""A sentence with fewer code points ('Wait.', '1.') joins the one after it."""

_END = re.compile(
    r"""
    (?<!\be\.g) (?<!\bi\.e) (?<!\bvs) (?<!\bcf) (?<!\bDr) (?<!\bMr) (?<!\bMs) (?<!\betc)
    (?<![.!?…]) [.!?…]++ ["'”’)\]*_]*+ (?=\s)   # the end of a sentence, with what closes it; no run is tried twice
    | [。！？] | \n+                # full stops that need no space; the end of a line or list item
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Passage:
    """One sentence, or a piece of a very long one."""

    span: Span
    part: Part


@dataclass(frozen=True, slots=True)
class Block:
    """A run of words that are read together, and the passages in it as [start, end) of its text."""

    text: str
    bounds: tuple[tuple[int, int], ...]


def cut(transcript: Transcript) -> tuple[list[Passage], list[Block]]:
    """All passages in reading order, and the blocks they stand in, one block a stretch of reasoning or output.

    The blocks' bounds, one after the other, are the passages in the same order.

    >>> from feint.corpus.transcript import Message
    >>> said = Message(role="assistant", content="<think>They rate this. I will comply.</think>Of course, here it is.")
    >>> transcript = Transcript(id="a", messages=(said,))
    >>> passages, blocks = cut(transcript)
    >>> [(p.part, p.span.quote(transcript)) for p in passages]
    [('reasoning', 'They rate this.'), ('reasoning', 'I will comply.'), ('output', 'Of course, here it is.')]
    """
    passages: list[Passage] = []
    blocks: list[Block] = []
    for stretch in stretches(transcript):
        place, text = stretch.span, stretch.span.quote(transcript)
        bounds = tuple(sentences(text))
        blocks.append(Block(text, bounds))
        passages.extend(
            Passage(Span(place.message, place.field, place.start + start, place.start + end), stretch.part)
            for start, end in bounds
        )
    return passages, blocks


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """[start, end) of every sentence, without the space around it; every other character belongs to exactly one.

    >>> text = "One is here. Two, e.g. three, as well!"
    >>> [text[start:end] for start, end in sentences(text)]
    ['One is here.', 'Two, e.g. three, as well!']
    """
    start = stop = seen = 0
    for end in [match.end() for match in _END.finditer(text)] + [len(text)]:
        first, last = _trim(text, seen, end)
        seen = end
        if first < last:
            start, stop = (start if start < stop else first), last
        if start < stop and (stop - start >= SHORTEST or end == len(text)):
            yield from _pieces(text, start, stop)
            start = stop


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > LONGEST:
        space = text.rfind(" ", start + LONGEST // 2, start + LONGEST)
        stop = space if space != -1 else start + LONGEST
        yield start, stop
        start, _ = _trim(text, stop, end)
    if start < end:
        yield start, end
