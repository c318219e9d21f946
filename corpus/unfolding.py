"""Reasoning in content that is still being written: its stretches, as they unfold."""

import re
from dataclasses import dataclass

from feint.corpus.reasoning import CLOSE, OPEN, TAGS

_UNFINISHED = re.compile(rf"<\s*+(/\s*+)?[a-z_]{{0,{max(map(len, TAGS))}}}+\s*$", re.IGNORECASE)
"""What may become a tag."""


@dataclass(frozen=True, slots=True)
class Bit:
    """Words that belong to one stretch: the next ones of it, and perhaps its last."""

    start: int
    """Place of the first in the content, in code points."""
    text: str
    last: bool


class Unfolding:
    """Cuts content that comes bit by bit at the tags at which `feint.corpus.reasoning.stretches` cuts the whole.

    >>> unfolding = Unfolding()
    >>> unfolding.add("<think>They wat"), unfolding.add("ch.</thi"), unfolding.add("nk>Yes."), unfolding.end()
    ([Bit(start=0, text='', last=True), Bit(start=7, text='They wat', last=False)], [Bit(start=15, text='ch.', last=False)], [Bit(start=18, text='', last=True), Bit(start=26, text='Yes.', last=False)], [Bit(start=30, text='', last=True)])
    """

    def __init__(self) -> None:
        self._held = ""
        self._at = 0
        self._inside: str | None = None
        """Name of the tag that is open."""
        self._untagged = True

    def add(self, more: str) -> list[Bit]:
        """The words that are surely no tag, cut at those that are."""
        self._held += more
        found = []
        while tag := self._next():
            found.append(self._bit(tag.start(), tag.end(), last=True))
            opens = self._inside is None and OPEN.fullmatch(tag.group())
            self._inside, self._untagged = tag.group(1).lower() if opens else None, False
        unfinished = _UNFINISHED.search(self._held)
        return [*found, self._bit(end := unfinished.start() if unfinished else len(self._held), end, last=False)]

    def end(self) -> list[Bit]:
        """The rest."""
        return [self._bit(len(self._held), len(self._held), last=True)]

    def _next(self) -> re.Match[str] | None:
        """The next tag that ends a stretch."""
        if self._inside:
            return next((tag for tag in CLOSE.finditer(self._held) if tag.group(1).lower() == self._inside), None)
        tags = [OPEN.search(self._held), CLOSE.search(self._held) if self._untagged else None]
        return min((tag for tag in tags if tag), key=re.Match.start, default=None)

    def _bit(self, stop: int, after: int, *, last: bool) -> Bit:
        bit = Bit(self._at, self._held[:stop], last)
        self._held, self._at = self._held[after:], self._at + after
        return bit
