"""Where a model's reasoning lies in a message, and how it came."""

import re
from dataclasses import dataclass
from typing import Literal

from feint.corpus.span import Span
from feint.corpus.transcript import Message, ReasoningKind, Transcript

Part = Literal["reasoning", "output"]
"""What a stretch of an assistant's words is: thought, or said to somebody."""

TAGS = ("think", "thinking", "thought", "reasoning", "scratchpad", "scratchpad_reasoning", "inner_monologue")
"""Names of tags whose inside is reasoning; case does not matter."""

OPEN = re.compile(rf"<\s*({'|'.join(TAGS)})\s*>", re.IGNORECASE)
CLOSE = re.compile(rf"<\s*/\s*({'|'.join(TAGS)})\s*>", re.IGNORECASE)
_PRECEDENCE: tuple[ReasoningKind, ...] = ("raw", "tag", "summary", "redacted", "none")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of an assistant's words that is all reasoning or all output."""

    span: Span
    part: Part


def stretches(transcript: Transcript) -> list[Stretch]:
    """Every run of words an assistant wrote, in reading order: reasoning field first, then content cut at its tags.

    An unclosed tag reaches to the end of its content, as in a transcript that was cut off; a closing tag that
    was never opened ends reasoning that began with the content, as in templates that put the opening tag into
    the prompt. The tags themselves belong to no stretch.

    >>> message = Message(role="assistant", content="<think>They watch.</think>Yes.")
    >>> transcript = Transcript(id="a", messages=(message,))
    >>> [(s.part, s.span.quote(transcript)) for s in stretches(transcript)]
    [('reasoning', 'They watch.'), ('output', 'Yes.')]
    """
    found: list[Stretch] = []
    for position, message in enumerate(transcript.messages):
        if message.role != "assistant":
            continue
        if message.reasoning and not message.reasoning.isspace():
            found.append(Stretch(Span(position, "reasoning", 0, len(message.reasoning)), "reasoning"))
        found.extend(
            Stretch(Span(position, "content", start, end), part)
            for start, end, part in _cut(message.content)
            if not message.content[start:end].isspace()
        )
    return found


def _cut(content: str) -> list[tuple[int, int, Part]]:
    """[start, end) of every non-empty run of content, tags left out."""
    runs: list[tuple[int, int, Part]] = []
    at, opening = 0, OPEN.search(content)
    closing = CLOSE.search(content)
    if closing and (opening is None or closing.start() < opening.start()):
        runs.append((0, closing.start(), "reasoning"))
        at, opening = closing.end(), OPEN.search(content, closing.end())
    while opening:
        runs.append((at, opening.start(), "output"))
        closing = _closing(content, opening)
        inside_ends = closing.start() if closing else len(content)
        runs.append((opening.end(), inside_ends, "reasoning"))
        at = closing.end() if closing else len(content)
        opening = OPEN.search(content, at)
    runs.append((at, len(content), "output"))
    return [(start, end, part) for start, end, part in runs if start < end]


def _closing(content: str, opening: re.Match[str]) -> re.Match[str] | None:
    """The first closing tag of the opening tag's own name."""
    name = opening.group(1).lower()
    return next((c for c in CLOSE.finditer(content, opening.end()) if c.group(1).lower() == name), None)


def kind(transcript: Transcript) -> ReasoningKind:
    """How this transcript's reasoning came; the most readable kind where messages differ.

    >>> kind(Transcript(id="a", messages=(Message(role="assistant", content="Yes."),)))
    'none'
    """
    kinds = {_kind(message) for message in transcript.messages if message.role == "assistant"}
    return next((kind for kind in _PRECEDENCE if kind in kinds), "none")


def _kind(message: Message) -> ReasoningKind:
    if message.reasoning_kind in ("raw", "summary"):
        return message.reasoning_kind
    if message.reasoning:
        return "raw"
    if any(part == "reasoning" for _, _, part in _cut(message.content)):
        return "tag"
    return message.reasoning_kind or "none"
