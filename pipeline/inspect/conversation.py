"""Conversations: what Inspect and Scout hold in memory, taken as their files are read."""

from collections.abc import Mapping, Sequence
from typing import Any

from inspect_ai.model import ChatMessage

from feint.corpus.reject import Reject
from feint.corpus.sources import inspect_log
from feint.corpus.transcript import Transcript


def transcript(
    messages: Sequence[ChatMessage],
    *,
    name: str,
    epoch: int | None = None,
    model: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    source: str = "",
) -> Transcript | Reject:
    """The transcript that reading the same sample from a log gives, or why it is none.

    >>> from inspect_ai.model import ChatMessageAssistant, ContentReasoning, ContentText
    >>> content = [ContentReasoning(reasoning="They watch."), ContentText(text="Yes.")]
    >>> transcript([ChatMessageAssistant(content=content)], name="a").messages
    (Message(role='assistant', content='Yes.', reasoning='They watch.', reasoning_kind='raw'),)
    """
    sample = {
        "id": name,
        "epoch": epoch,
        "messages": [message.model_dump(mode="json", exclude_none=True) for message in messages],
        "metadata": dict(metadata or {}),
    }
    try:
        return inspect_log.transcript(sample, {"model": model}, source)
    except ValueError as error:
        return Reject(source, "", str(error), name)
