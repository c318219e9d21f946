"""Transcripts as Label Studio's tasks: what annotators are shown, and what is filled in for them."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from feint.annotation import interface as page
from feint.annotation.answer import Answer, Value
from feint.annotation.indicator import indicators
from feint.corpus import digest
from feint.corpus.errors import InputError
from feint.corpus.reasoning import stretches
from feint.corpus.span import Span
from feint.corpus.transcript import TextField, Transcript

_FIELDS_AS_SHOWN: tuple[TextField, ...] = ("reasoning", "content")
# A lone surrogate breaks every later listing and export of its project; PostgreSQL refuses a NUL.
_UNHOLDABLE = re.compile("[\0\ud800-\udfff]")


class Evidence(Protocol):
    """Words that a detector holds for an indicator."""

    @property
    def indicator(self) -> str: ...
    @property
    def span(self) -> Span: ...
    @property
    def quote(self) -> str: ...
    @property
    def probability(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Phrase:
    """A paragraph of the labelling page: words of one speaker that are all reasoning or all output."""

    span: Span
    author: str
    """The role; an assistant's with the part in brackets, as in "assistant (reasoning)"."""
    judged: bool
    """Whether its words can be marked: an assistant wrote them."""


def task(transcript: Transcript) -> dict[str, Any]:
    """The task to import, named by the digest of the words; InputError where Label Studio cannot hold it.

    The id, model and source stay behind: the guide asks annotators not to look at a file's name.

    >>> from feint.corpus.transcript import Message
    >>> said = Message(role="assistant", content="<think>They watch.</think>Yes.")
    >>> [shown["author"] for shown in task(Transcript(id="a", messages=(said,)))["data"]["messages"]]
    ['assistant (reasoning)', 'assistant (output)']
    """
    shown = phrases(transcript)
    if not shown:
        raise InputError(f"{transcript.id} has no words to show; leave it out")
    for phrase in shown:
        _check_holds(transcript, phrase)
    return {
        "data": {
            "transcript_id": transcript.digest,
            "messages": [_message(phrase, transcript) for phrase in shown],
        }
    }


def phrases(transcript: Transcript) -> list[Phrase]:
    """The paragraphs of the page in reading order, without the tags and without white space around them."""
    parts: dict[int, list[tuple[Span, str]]] = defaultdict(list)
    for stretch in stretches(transcript):
        parts[stretch.span.message].append((stretch.span, f"assistant ({stretch.part})"))
    found: list[Phrase] = []
    for position, message in enumerate(transcript.messages):
        judged = message.role == "assistant"
        if not judged:
            parts[position] = [
                (Span(position, name, 0, len(message.text(name))), message.role) for name in _FIELDS_AS_SHOWN
            ]
        stripped = ((_strip(span, transcript), author) for span, author in parts[position])
        found.extend(Phrase(span, author, judged) for span, author in stripped if span.start < span.end)
    return found


def _strip(span: Span, transcript: Transcript) -> Span:
    words = span.quote(transcript)
    start = span.end - len(words.lstrip())
    return Span(span.message, span.field, start, start + len(words.strip()))


def _check_holds(transcript: Transcript, phrase: Phrase) -> None:
    span = phrase.span
    if found := _UNHOLDABLE.search(span.quote(transcript)):
        what = "a NUL" if found.group() == "\0" else "half of a surrogate pair"
        raise InputError(
            f"{transcript.id}: message {span.message} has {what} in its {span.field}, at character "
            f"{span.start + found.start()}; Label Studio cannot hold that: clean the text"
        )


def _message(phrase: Phrase, transcript: Transcript) -> dict[str, Any]:
    """One paragraph: what the page shows, and where those words stand in the transcript."""
    span = phrase.span
    shown: dict[str, Any] = {
        "author": phrase.author, "text": span.quote(transcript),
        "message": span.message, "field": span.field, "offset": span.start,
    }  # fmt: skip
    # Label Studio draws a play button before a paragraph that has a start time: the only hook its markup offers a style
    # sheet to tell paragraphs apart by, and what lets the page dim what nobody judges. The button itself is hidden.
    return shown if phrase.judged else {**shown, "start": 0}


def prediction(
    transcript: Transcript, evidence: Iterable[Evidence], verdict: str, *, model_version: str, certainty: float
) -> dict[str, Any]:
    """What a detector says, as the pre-annotation of a task: spans without a level, which is left to the annotator.

    `certainty` is from 0 to 1; Label Studio's uncertainty sampling serves the lowest score first. InputError for words
    that do not stand where the evidence says, or that an annotator is not shown.
    """
    if verdict not in page.VERDICT_HINTS:
        raise InputError(f"verdict is {verdict!r}; expected one of {', '.join(page.VERDICT_HINTS)}")
    known = {indicator.slug for indicator in indicators()}
    regions: dict[str, dict[str, Any]] = {}
    for one in evidence:
        if one.indicator not in known:
            raise InputError(f"evidence for {one.indicator!r}; there are: {', '.join(sorted(known))}")
        if one.span.quote(transcript) != one.quote:
            raise InputError(
                f"{transcript.id}: evidence quotes {one.quote!r:.60} where the words are "
                f"{one.span.quote(transcript)!r:.60}"
            )
        for region in _regions(transcript, one.indicator, one.span):
            regions[region["id"]] = {**region, "score": round(one.probability, 4)}
    return {
        "model_version": model_version,
        "score": certainty,
        "result": [*regions.values(), _chosen(transcript, page.VERDICT, verdict)],
    }


def result(transcript: Transcript, answer: Answer) -> list[dict[str, Any]]:
    """An answer as the result of an annotation, such as the page would send; `answers` reads it back."""
    found: list[dict[str, Any]] = []
    for mark in answer.marks:
        for region in _regions(transcript, mark.indicator, mark.span):
            where = {key: value for key, value in region["value"].items() if key != "paragraphlabels"}
            level = {"from_name": page.LEVEL, "type": "choices", "value": {**where, "choices": [mark.level]}}
            found += [region, {**region, **level}]
    value = answer.value or Value()
    found += [region for span in value.spans for region in _regions(transcript, page.VALUE_SPAN, span)]
    found += [
        _chosen(transcript, control, chosen)
        for control, chosen in (
            (page.VERDICT, answer.verdict), (page.CONFIDENCE, str(answer.confidence)),
            (page.RELATION, value.relation), (page.ORIGIN, value.origin), (page.GRADE, value.grade),
        )
        if chosen is not None
    ]  # fmt: skip
    found += [
        _whole(transcript, control, "textarea", {"text": [words]})
        for control, words in ((page.NOTE, answer.note), (page.VALUE_NAME, value.name))
        if words is not None
    ]
    return found


def _regions(transcript: Transcript, label: str, span: Span) -> list[dict[str, Any]]:
    """A labelled region for each paragraph that holds words of the span, as Label Studio counts."""
    found = []
    for index, phrase in enumerate(phrases(transcript)):
        if not (phrase.judged and phrase.span.overlaps(span)):
            continue
        words, origin = phrase.span.quote(transcript), phrase.span.start
        start, end = max(span.start, origin) - origin, min(span.end, phrase.span.end) - origin
        value = {
            "start": str(index), "end": str(index),
            "startOffset": utf16(words, start), "endOffset": utf16(words, end),
            "text": words[start:end], "paragraphlabels": [label],
        }  # fmt: skip
        found.append(_item(transcript, page.INDICATOR, "paragraphlabels", value, [label, index, start, end]))
    if not found:
        raise InputError(
            f"{transcript.id}: {span.quote(transcript)!r:.60} is not shown to annotators as words to judge"
        )
    return found


def _chosen(transcript: Transcript, control: str, choice: str) -> dict[str, Any]:
    return _whole(transcript, control, "choices", {"choices": [choice]})


def _whole(transcript: Transcript, control: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return _item(transcript, control, kind, value, [control])


def _item(transcript: Transcript, control: str, kind: str, value: dict[str, Any], place: list[Any]) -> dict[str, Any]:
    """One entry of a result; its id depends on the words and the place only."""
    name = digest.of_value([transcript.digest, *place])[:10]
    return {"id": name, "from_name": control, "to_name": page.TRANSCRIPT, "type": kind, "value": value}


def utf16(text: str, point: int) -> int:
    """The offset in UTF-16 code units of a code point, as browsers count.

    >>> utf16("🙂 I comply", 2)
    3
    """
    return len(text[:point].encode("utf-16-le")) // 2


def code_points(text: str, unit: int) -> int:
    """The offset in code points of a UTF-16 code unit; InputError outside the text and inside a character.

    >>> code_points("🙂 I comply", 3)
    2
    """
    encoded = text.encode("utf-16-le")
    if not 0 <= 2 * unit <= len(encoded):
        raise InputError(f"offset {unit} is outside a paragraph of {len(encoded) // 2} UTF-16 units")
    try:
        return len(encoded[: 2 * unit].decode("utf-16-le"))
    except UnicodeDecodeError as error:
        raise InputError(f"offset {unit} stands inside a character: {text!r:.60}") from error
