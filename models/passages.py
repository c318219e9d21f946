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
    | [。！？]                      # full stops that need no space
    | (?<![^\n]{60}) \n           # the end of a short line: a heading, a list item, a verse
    | (?<=[:;*|>_`)\]}"'”’]) \n    # or of one that closes with a mark; whatever is left may be wrapped,
    | \n (?= \s | [^\W\d_][.)] | \d | [^\w"'“‘(])  # unless what follows is no word: a blank line, an indent, an item
    """,
    re.VERBOSE,
)
_BEHIND = 60
"""Code points before a place that decide whether a sentence ends there: those of a line that is long enough to be wrapped."""


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
    cutter = Cutter()
    yield from cutter.add(text)
    yield from cutter.end()


class Cutter:
    """Cuts a text that comes bit by bit into the sentences of the whole, each as soon as nothing can change it.

    Places count code points from the beginning of the text; nothing before the open sentence is held.

    >>> cutter = Cutter()
    >>> cutter.add("They rate this. I will com"), cutter.add("ply."), cutter.end()
    ([(0, 15)], [], [(16, 30)])
    """

    def __init__(self) -> None:
        self._held = ""
        self._before = 0
        """Code points that came before what is held; all places below count from there."""
        self._seen = 0
        """Up to here every end of a sentence has been found."""
        self._start: int | None = None
        """Where the open sentence starts."""
        self._stop = 0
        """Where its words stop, as far as they have come."""
        self._rest = False
        """Whether it is what is left of a long one."""

    def add(self, more: str) -> list[tuple[int, int]]:
        """The sentences that are complete with this."""
        self._held += more
        ends = [match.end() for match in _END.finditer(self._held, self._seen)]
        found = [place for end in ends for place in self._until(end, SHORTEST)]
        return self._placed(found + self._until(len(self._held), None))

    def end(self) -> list[tuple[int, int]]:
        """The last sentence, closed by the end of the text."""
        return self._placed(self._until(len(self._held), 0))

    def _until(self, end: int, shortest: int | None) -> list[tuple[int, int]]:
        """What is complete up to `end`, which closes a sentence of at least `shortest`; none closes nothing."""
        first, last = _trim(self._held, self._seen, end)
        if first < last:
            self._start, self._stop = first if self._start is None else self._start, last
        if shortest is not None or first >= last:
            self._seen = end
        if self._start is None:
            return []
        found = []
        while self._stop - self._start > LONGEST:
            cut = self._held.rfind(" ", self._start + LONGEST // 2, self._start + LONGEST)
            cut = cut if cut != -1 else self._start + LONGEST
            found.append((self._start, cut))
            self._start, self._rest = _trim(self._held, cut, self._stop)[0], True
        if shortest is not None and (self._rest or self._stop - self._start >= shortest):
            found.append((self._start, self._stop))
            self._start, self._rest = None, False
        return found

    def _placed(self, found: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Places in the whole text; what is no longer needed is let go."""
        placed = [(start + self._before, end + self._before) for start, end in found]
        needed = self._seen if self._start is None else min(self._start, self._seen)
        gone = max(needed - _BEHIND, 0)
        self._held, self._before = self._held[gone:], self._before + gone
        self._seen, self._stop = self._seen - gone, self._stop - gone
        self._start = None if self._start is None else self._start - gone
        return placed


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end
