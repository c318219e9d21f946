"""What a task shows, as a transcript of its own: for who has the task and not what it was made from."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from feint.annotation.answer import Answer
from feint.annotation.results import answers
from feint.annotation.tasks import phrases, task
from feint.corpus.errors import InputError
from feint.corpus.reject import Reject
from feint.corpus.transcript import Message, Transcript

_JUDGED = "assistant"


class _Paragraph(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    author: str
    text: str


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    messages: tuple[_Paragraph, ...]


def shown(data: Mapping[str, Any]) -> Transcript:
    """The words of a task, a message for each paragraph, so that its paragraphs are those of the page.

    A detector reads in it what it reads in the transcript that the task was made from: tags and outer white space are
    all that is missing. InputError where the data are of no task that feint makes.

    >>> from feint.corpus.transcript import Message
    >>> said = Message(role="assistant", content="<think>They watch.</think>Yes.")
    >>> [(m.reasoning, m.content) for m in shown(task(Transcript(id="a", messages=(said,)))["data"]).messages]
    [('They watch.', ''), (None, 'Yes.')]
    """
    try:
        paragraphs = _Data.model_validate(data).messages
        found = Transcript(id=str(data.get("transcript_id", "")), messages=tuple(_message(one) for one in paragraphs))
    except ValidationError as error:
        raise InputError(f"shows no transcript that feint pushed: {error.errors()[0]['msg']}") from error
    again = [(phrase.author, phrase.span.quote(found)) for phrase in phrases(found)]
    if again != [(one.author, one.text) for one in paragraphs]:
        raise InputError("shows paragraphs that feint does not make: tags of reasoning within, or none of an assistant")
    return found


def _message(one: _Paragraph) -> Message:
    role, _, part = one.author.partition(" ")
    if role == _JUDGED and part == "(reasoning)":
        return Message(role="assistant", reasoning=one.text)
    return Message.model_validate({"role": role, "content": one.text})


def readings(exported: Mapping[str, Any], annotators: Mapping[int, str]) -> tuple[Transcript, list[Answer | Reject]]:
    """What a task shows, and what each annotator says of that; InputError as `shown`."""
    transcript = shown(exported.get("data") or {})
    return transcript, list(_answers(exported, transcript, annotators))


def _answers(
    exported: Mapping[str, Any], transcript: Transcript, annotators: Mapping[int, str]
) -> Iterator[Answer | Reject]:
    return answers({**exported, "data": task(transcript)["data"]}, transcript, annotators)
