"""A span: where words stand in a transcript."""

from dataclasses import dataclass

from feint.corpus.transcript import TextField, Transcript


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open interval [start, end) of Unicode code points in one text of one message.

    >>> from feint.corpus.transcript import Message
    >>> transcript = Transcript(id="a", messages=(Message(role="assistant", content="🙂 I comply."),))
    >>> Span(0, "content", 2, 10).quote(transcript)
    'I comply'
    """

    message: int
    """Index of the message in its transcript, from 0."""
    field: TextField
    """Which of the message's texts."""
    start: int
    """First code point inside the span."""
    end: int
    """First code point after the span."""

    def quote(self, transcript: Transcript) -> str:
        """The words themselves."""
        return transcript.messages[self.message].text(self.field)[self.start : self.end]

    def overlaps(self, other: "Span") -> bool:
        """Whether both hold a common code point."""
        same = self.message == other.message and self.field == other.field
        return same and self.start < other.end and other.start < self.end
