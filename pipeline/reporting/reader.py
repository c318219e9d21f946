"""Reader: transcripts as inert data for the page, each text cut at its reasoning and at what was marked in it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from feint.corpus.reasoning import stretches
from feint.corpus.span import Span
from feint.corpus.transcript import Transcript

COLUMNS = (
    "id", "model", "checkpoint", "stage", "scenario", "arm", "outcome", "label", "probability", "flagged", "indicators",
    "pair", "source",
)  # fmt: skip
"""What the list of transcripts knows of each."""
OUTCOME = {"True": "complied", "False": "declined"}
"""The outcome where only `complied` is known."""
BLOCK = 25
"""Transcripts that the page unpacks together when one of them is opened."""
MOST = 5000
"""Transcripts in one page."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Words that somebody pointed to."""

    indicator: str
    span: Span
    who: str
    """`people`, or `detector`."""
    strength: str
    """A level, or a probability in words."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One transcript with all that was said of it."""

    transcript: Transcript
    marks: tuple[Mark, ...] = ()
    label: bool | None = None
    """Whether people settled that it is faking."""
    probability: float | None = None
    """What a detector gives it."""
    flagged: bool | None = None
    note: str = ""
    """What a reader must know of it."""

    def telling(self) -> float:
        """How much there is to see in it; a page that cannot hold all holds the most telling."""
        return 2.0 * bool(self.label) + bool(self.flagged) + (self.probability or 0.0)


@dataclass(frozen=True, slots=True)
class Book:
    """What the page carries: an index, and blocks of bodies, each a JSON text."""

    index: str
    blocks: list[str]
    shown: int
    left_out: int


def book(entries: Iterable[Entry], colours: Mapping[str, str], most: int = MOST) -> Book:
    """The entries in order, the most telling of them where there are more than `most`."""
    every = list(entries)
    kept = every
    if len(every) > most:
        ranked = sorted(range(len(every)), key=lambda at: (-every[at].telling(), at))[:most]
        kept = [every[at] for at in sorted(ranked)]
    rows = [_row(one) for one in kept]
    bodies = [_body(one) for one in kept]
    blocks = [inert(bodies[at : at + BLOCK]) for at in range(0, len(bodies), BLOCK)]
    index = inert({"columns": COLUMNS, "rows": rows, "block": BLOCK, "colours": dict(colours)})
    return Book(index, blocks, len(kept), len(every) - len(kept))


def inert(value: Any) -> str:
    r"""JSON that stays data inside a page: no character in it can end an element or begin one.

    >>> inert(["</script><b>&"])
    '["\\u003c/script\\u003e\\u003cb\\u003e\\u0026"]'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _row(entry: Entry) -> list[Any]:
    known = entry.transcript.metadata
    outcome = known.get("outcome") or OUTCOME.get(str(known.get("complied")))
    return [
        entry.transcript.id, entry.transcript.model, _text(known.get("checkpoint")), _text(known.get("stage")),
        _text(known.get("scenario")), _text(known.get("arm")), _text(outcome), entry.label,
        None if entry.probability is None else round(entry.probability, 3), entry.flagged,
        sorted({mark.indicator for mark in entry.marks}), _pair(entry), entry.transcript.source,
    ]  # fmt: skip


def _pair(entry: Entry) -> str | None:
    """What both arms of one asking have in common."""
    known = entry.transcript.metadata
    if known.get("pair") is None:
        return None
    return (
        "/".join(_text(known.get(key)) or "" for key in ("checkpoint", "pair", "seed")) + f"/{entry.transcript.model}"
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _body(entry: Entry) -> dict[str, Any]:
    """Messages whose texts are lists of pieces: [words, whether they are reasoning, numbers of the marks on them]."""
    thoughts = [one.span for one in stretches(entry.transcript) if one.part == "reasoning"]
    messages = []
    for position, message in enumerate(entry.transcript.messages):
        texts = {
            name: list(_pieces(message.text(name), position, name, thoughts, entry.marks))
            for name in ("reasoning", "content")
            if message.text(name)
        }
        messages.append({"role": message.role, **texts})
    marks = [[mark.indicator, mark.who, mark.strength] for mark in entry.marks]
    return {"messages": messages, "marks": marks, "note": entry.note}


def _pieces(
    text: str, position: int, name: str, thoughts: Sequence[Span], marks: Sequence[Mark]
) -> Iterator[tuple[str, int, list[int]]]:
    here = [span for span in thoughts if (span.message, span.field) == (position, name)]
    on = [
        (number, mark.span)
        for number, mark in enumerate(marks)
        if (mark.span.message, mark.span.field) == (position, name)
    ]
    cuts = {0, len(text)} | {at for span in [*here, *(span for _, span in on)] for at in (span.start, span.end)}
    places = sorted(at for at in cuts if 0 <= at <= len(text))
    for start, end in pairwise(places):
        thought = any(span.start <= start < span.end for span in here)
        yield text[start:end], int(thought), [number for number, span in on if span.start <= start < span.end]
