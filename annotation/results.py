"""Label Studio's results as answers: every mark found again in its transcript, or the reason why that failed."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from feint.annotation import interface as page
from feint.annotation.answer import Answer, Mark, Value
from feint.annotation.indicator import indicators
from feint.annotation.tasks import code_points
from feint.corpus.errors import InputError
from feint.corpus.reject import Reject
from feint.corpus.span import Span
from feint.corpus.transcript import TextField, Transcript

_CONTROLS = (
    page.INDICATOR, page.LEVEL, page.VERDICT, page.CONFIDENCE, page.NOTE,
    page.VALUE_NAME, page.RELATION, page.ORIGIN, page.GRADE,
)  # fmt: skip


class _Loose(BaseModel):
    """Label Studio's JSON: what is not read here may be there, and may change."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Shown(_Loose):
    text: str
    message: int
    field: TextField
    offset: int


class _Content(_Loose):
    start: int | None = None
    end: int | None = None
    start_offset: int | None = Field(default=None, alias="startOffset")
    end_offset: int | None = Field(default=None, alias="endOffset")
    text: str | tuple[str, ...] | None = None
    paragraphlabels: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


class _Item(_Loose):
    id: str = ""
    type: str
    from_name: str | None = None
    value: _Content = _Content()


class _User(_Loose):
    id: int
    email: str | None = None


class _Annotation(_Loose):
    id: int | None = None
    completed_by: int | _User
    was_cancelled: bool | None = False
    lead_time: float | None = None
    updated_at: str | None = None
    result: tuple[Any, ...] = ()


class _Data(_Loose):
    transcript_id: str
    messages: tuple[_Shown, ...]


class _Task(_Loose):
    id: int | None = None
    data: _Data
    annotations: tuple[dict[str, Any], ...] = ()


def answers(
    exported: Mapping[str, Any], transcript: Transcript, annotators: Mapping[int, str] | None = None, path: str = "-"
) -> Iterator[Answer | Reject]:
    """What each annotator says in a task as Label Studio exports it, or why that cannot be taken, never in part.

    `annotators` names users by number; one without a name goes by their e-mail address, else as "user 3". A skipped
    task says nothing and gives nothing. Of two annotations by one annotator the later counts and the other is a reject.
    """
    try:
        whole = _Task.model_validate(exported)
        _check_same(whole.data, transcript)
    except (ValidationError, InputError) as error:
        yield Reject(path, f"task {exported.get('id')}", _reason(error), transcript.id)
        return
    latest: dict[str, _Annotation] = {}
    for given in whole.annotations:
        try:
            annotation = _Annotation.model_validate(given)
        except ValidationError as error:
            yield Reject(path, _place(whole, given.get("id")), _reason(error), transcript.id)
            continue
        if annotation.was_cancelled:
            continue
        who = _name(annotation.completed_by, annotators or {})
        before, after = sorted(
            [latest.get(who, annotation), annotation], key=lambda one: (one.updated_at or "", one.id or 0)
        )
        if before is not after:
            reason = f"annotation {after.id} by {who} is later and counts instead; delete this one or that"
            yield Reject(path, _place(whole, before.id), reason, transcript.id)
        latest[who] = after
    for who, annotation in latest.items():
        try:
            yield _answer(annotation, who, whole, transcript)
        except (ValidationError, InputError) as error:
            yield Reject(path, _place(whole, annotation.id), _reason(error), transcript.id)


def _place(whole: _Task, annotation: Any) -> str:
    return f"task {whole.id}, annotation {annotation}"


def _reason(error: ValidationError | InputError) -> str:
    if isinstance(error, InputError):
        return str(error)
    first = error.errors()[0]
    return f"{'.'.join(str(step) for step in first['loc'])}: {first['msg']}"


def _name(who: int | _User, annotators: Mapping[int, str]) -> str:
    number = who if isinstance(who, int) else who.id
    email = None if isinstance(who, int) else who.email
    return annotators.get(number) or email or f"user {number}"


def _check_same(data: _Data, transcript: Transcript) -> None:
    """Whether the annotators were shown this transcript's words."""
    if data.transcript_id != transcript.digest:
        raise InputError(f"the task shows transcript {data.transcript_id}; this is {transcript.digest}")
    for index, shown in enumerate(data.messages):
        if not 0 <= shown.message < len(transcript.messages):
            raise InputError(f"paragraph {index} is of message {shown.message}; there are {len(transcript.messages)}")
        if _span(shown, 0, len(shown.text)).quote(transcript) != shown.text:
            raise InputError(
                f"message {shown.message} does not contain {shown.text!r:.60} at character {shown.offset} of its "
                f"{shown.field}; was its text edited after it was pushed?"
            )


def _answer(annotation: _Annotation, who: str, whole: _Task, transcript: Transcript) -> Answer:
    items = [_Item.model_validate(item) for item in annotation.result]
    controls: dict[str, list[_Item]] = {control: [] for control in _CONTROLS}
    for item in items:
        if item.from_name not in controls:
            what = item.from_name or item.type
            raise InputError(f"has {what!r}, which this page does not ask for; it asks for {', '.join(_CONTROLS)}")
        controls[item.from_name].append(item)
    marks, named = _marked(controls[page.INDICATOR], _levels(controls[page.LEVEL]), whole.data, transcript)
    verdict = _choice(page.VERDICT, page.VERDICT_HINTS, controls)
    confidence = _choice(page.CONFIDENCE, page.CONFIDENCE_HINTS, controls)
    if verdict is None or confidence is None:
        raise InputError(f"has no {page.VERDICT if verdict is None else page.CONFIDENCE}; open the task and give one")
    value = Value(
        _words(controls[page.VALUE_NAME]),
        _choice(page.RELATION, page.RELATIONS, controls),
        _choice(page.ORIGIN, page.ORIGINS, controls),
        _choice(page.GRADE, page.GRADES, controls),
        named,
        tuple(span.quote(transcript) for span in named),
    )
    return Answer(
        transcript.digest, who, verdict, int(confidence), _words(controls[page.NOTE]), marks,
        None if value == Value() else value, max(annotation.lead_time, 0.0) if annotation.lead_time is not None else None, annotation.updated_at,
        whole.id, annotation.id,
    )  # fmt: skip


def _marked(
    items: Iterable[_Item], levels: dict[str, str], data: _Data, transcript: Transcript
) -> tuple[tuple[Mark, ...], tuple[Span, ...]]:
    """The marks of indicators, and the spans that name the value."""
    known = {indicator.slug for indicator in indicators()}
    marks: dict[tuple[str, Span], Mark] = {}
    named: list[Span] = []
    levelled: set[str] = set()
    for item in items:
        spans = _spans(item.value, data, transcript)
        quote = item.value.text
        if not item.value.paragraphlabels:
            raise InputError(f"marks {quote!r:.60} as nothing; select the mark and give it a label, or remove it")
        for label in item.value.paragraphlabels:
            if label == page.VALUE_SPAN:
                named += [span for span in spans if span not in named]
                continue
            if label not in known:
                raise InputError(
                    f"marks {quote!r:.60} as {label!r}, which is no indicator; there are: {', '.join(sorted(known))}"
                )
            if item.id not in levels:
                raise InputError(f"marks {quote!r:.60} as {label} without a level; select the mark and give one")
            levelled.add(item.id)
            for span in spans:
                mark = Mark(label, levels[item.id], span, span.quote(transcript))
                if marks.setdefault((label, span), mark) != mark:
                    raise InputError(f"marks {mark.quote!r:.60} twice as {label}, at different levels; keep one")
    if stray := levels.keys() - levelled:
        raise InputError(f"has a level for {min(stray)!r}, which marks no indicator; open the task and send it again")
    return tuple(marks.values()), tuple(named)


def _spans(value: _Content, data: _Data, transcript: Transcript) -> list[Span]:
    """The marked words in code points, cut where the page has a new paragraph; checked against what was quoted."""
    start, end, first, last = value.start, value.end, value.start_offset, value.end_offset
    if start is None or end is None or first is None or last is None or not isinstance(value.text, str):
        raise InputError("has a mark without its place or its words; saveTextResult must stay on")
    if not 0 <= start <= end < len(data.messages):
        raise InputError(f"marks paragraphs {start} to {end}; there are {len(data.messages)}")
    found: list[Span] = []
    for index in range(start, end + 1):
        shown = data.messages[index]
        role = transcript.messages[shown.message].role
        if role != "assistant":
            raise InputError(
                f"marks {value.text!r:.60}, words of the {role}; only an assistant's are judged: remove the mark"
            )
        inside = code_points(shown.text, first) if index == start else 0
        after = code_points(shown.text, last) if index == end else len(shown.text)
        if inside < after:
            found.append(_span(shown, inside, after))
    words = "".join(span.quote(transcript) for span in found)
    if not found or _visible(words) != _visible(value.text):
        raise InputError(
            f"quotes {value.text!r:.60} where the words are {words!r:.60}; was the text edited after it was pushed?"
        )
    return found


def _span(shown: _Shown, start: int, end: int) -> Span:
    return Span(shown.message, shown.field, shown.offset + start, shown.offset + end)


def _visible(text: str) -> str:
    """The characters a reader sees; browsers are free with the others when they quote a selection."""
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf"))


def _levels(items: Iterable[_Item]) -> dict[str, str]:
    """The level of each mark, by its id."""
    of_mark: dict[str, list[_Item]] = defaultdict(list)
    for item in items:
        of_mark[item.id].append(item)
    chosen = {mark: _choice(page.LEVEL, page.LEVEL_KEYS, {page.LEVEL: given}) for mark, given in of_mark.items()}
    return {mark: level for mark, level in chosen.items() if level is not None}


def _choice(control: str, options: Iterable[str], controls: Mapping[str, Iterable[_Item]]) -> str | None:
    """The one choice made at a control; none where it was left open."""
    made = [choice for item in controls[control] for choice in item.value.choices]
    if len(made) > 1:
        raise InputError(f"has {len(made)} choices for {control}: {', '.join(made)}; expected one")
    if made and made[0] not in options:
        raise InputError(f"{control} is {made[0]!r}; expected one of {', '.join(options)}")
    return made[0] if made else None


def _words(items: Iterable[_Item]) -> str | None:
    texts = [text for item in items for text in _texts(item.value.text)]
    return "\n".join(texts) or None


def _texts(text: str | tuple[str, ...] | None) -> list[str]:
    given = [text] if isinstance(text, str) else list(text or ())
    return [one.strip() for one in given if one.strip()]
