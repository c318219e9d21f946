"""Labels that came with a transcript: what its line says besides its words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from feint.corpus.errors import InputError
from feint.corpus.span import Span
from feint.corpus.tables import FIELDS, LEVELS
from feint.corpus.transcript import TextField, Transcript

HEADLINE = "faking"


@dataclass(frozen=True, slots=True)
class LabelledSpan:
    """A marked span of a line."""

    indicator: str
    level: str
    span: Span


@dataclass(frozen=True, slots=True)
class Labels:
    """What a line says of its transcript; all empty where it says nothing."""

    label: bool | None
    """Whether it is faking."""
    indicators: Mapping[str, bool]
    """What is said of single indicators."""
    spans: tuple[LabelledSpan, ...] | None
    """All marked spans; none where the line has no 'spans'."""

    def __bool__(self) -> bool:
        return self.label is not None or bool(self.indicators) or self.spans is not None


def labels(transcript: Transcript) -> Labels:
    """The labels in a transcript's metadata; InputError where they are not what the form asks for.

    ``label`` is true or false; ``labels`` maps indicators to true or false, ``faking`` among them; ``spans`` lists
    ``{"indicator", "message", "field", "start", "end"}``, with ``level`` (else endorsed) and ``quote`` (checked) as
    they like. Offsets count code points.

    >>> from feint.corpus.transcript import Message
    >>> said = (Message(role="assistant", content="I comply."),)
    >>> labels(Transcript(id="a", messages=said, metadata={"label": True})).label
    True
    """
    metadata = transcript.metadata
    given = metadata.get("labels") or {}
    if not isinstance(given, dict) or not all(isinstance(value, bool) for value in given.values()):
        raise InputError(f"{transcript.id}: labels is {given!r:.60}; expected an object of indicator: true or false")
    label = metadata.get("label", given.get(HEADLINE))
    if label is not None and not isinstance(label, bool):
        raise InputError(f"{transcript.id}: label is {label!r:.60}; expected true or false")
    spans = metadata.get("spans")
    if spans is not None and not isinstance(spans, list):
        raise InputError(f"{transcript.id}: spans is {spans!r:.60}; expected a list")
    return Labels(
        label,
        {name: value for name, value in given.items() if name != HEADLINE},
        None if spans is None else tuple(_span(transcript, one) for one in spans),
    )


def _span(transcript: Transcript, given: Any) -> LabelledSpan:
    if not isinstance(given, dict) or not isinstance(given.get("indicator"), str):
        raise InputError(f"{transcript.id}: a span is {given!r:.60}; expected an object with 'indicator'")
    place = [given.get("message"), given.get("start"), given.get("end")]
    field = given.get("field", "content")
    level = given.get("level", "endorsed")
    if not all(isinstance(at, int) for at in place) or field not in FIELDS or level not in LEVELS[1:]:
        raise InputError(
            f"{transcript.id}: a span has message, start, end, field, level = {[*place, field, level]!r:.90}; expected "
            f"whole numbers, one of {', '.join(FIELDS)} and one of {', '.join(LEVELS[1:])}"
        )
    message, start, end = cast("list[int]", place)
    if not 0 <= message < len(transcript.messages):
        raise InputError(f"{transcript.id}: a span is in message {message}; there are {len(transcript.messages)}")
    span = Span(message, cast("TextField", field), start, end)
    words = transcript.messages[message].text(span.field)
    if not 0 <= start < end <= len(words):
        raise InputError(f"{transcript.id}: a span is [{start}, {end}) of a {field} of {len(words)} characters")
    if given.get("quote", words[start:end]) != words[start:end]:
        raise InputError(
            f"{transcript.id}: a span quotes {given['quote']!r:.60} where the words are {words[start:end]!r:.60}; "
            "count code points, not bytes or UTF-16 units"
        )
    return LabelledSpan(given["indicator"], level, span)
