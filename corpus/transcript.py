"""A transcript: who said what, in order, as it was given."""

from functools import cached_property
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from feint.corpus import digest

Role = Literal["system", "user", "assistant", "tool"]
ReasoningKind = Literal["raw", "summary", "redacted", "tag", "none"]
"""How reasoning came: as the model wrote it, as the vendor's summary, encrypted, in tags inside the content, not at all."""
TextField = Literal["content", "reasoning"]
"""The two texts of a message."""

ROLES: tuple[Role, ...] = get_args(Role)


class Message(BaseModel):
    """One turn, its texts exactly as they were given.

    >>> Message(role="assistant", content="Yes.", reasoning="They ask politely.").text("reasoning")
    'They ask politely.'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    content: str = ""
    """What was said; may hold ``<think>…</think>`` or ``<SCRATCHPAD_REASONING>…`` blocks."""
    reasoning: str | None = None
    """Reasoning kept apart from the content, where the format keeps it apart."""
    reasoning_kind: ReasoningKind | None = None
    """How `reasoning` came, where the source says; see `feint.corpus.reasoning.kind` for the rest."""

    def text(self, field: TextField) -> str:
        """The words of one field; empty where there are none."""
        return (self.content if field == "content" else self.reasoning) or ""


class Transcript(BaseModel):
    """Messages in order, and where they come from.

    >>> one = Transcript(id="a", messages=(Message(role="assistant", content="Yes."),))
    >>> two = Transcript(id="b", messages=(Message(role="assistant", content="Yes."),))
    >>> one.digest == two.digest
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    """The name it was given; need not be unique."""
    messages: Annotated[tuple[Message, ...], Field(min_length=1)]
    model: str | None = None
    source: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    """Free; measures know checkpoint, stage, scenario, pair, arm, complied, seed."""

    @cached_property
    def digest(self) -> str:
        """Name of the words: equal words have equal digests, whatever the id, the model or the source."""
        return digest.of_value([[m.role, m.content, m.reasoning] for m in self.messages])
