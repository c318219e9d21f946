"""Redaction: personal data and secrets replaced in transcripts, with every offset kept right."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from feint.corpus.transcript import Message, TextField, Transcript
from feint.pipeline.release.personal import Found

Find = Callable[[str], Sequence[Found]]
"""Everything in a text that must not be published, in order and apart."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch of the old text and what stands there now."""

    start: int
    """First code point of the old text that went."""
    end: int
    """First code point of the old text that stayed."""
    new: str
    kind: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was replaced; it never says what."""

    where: str
    """Path to the text, such as ``messages[2].content`` or ``metadata.contact``."""
    start: int
    """First code point of the replacement in the text as it is now."""
    end: int
    """First code point after it."""
    kind: str
    new: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """A transcript as it may be published."""

    transcript: Transcript
    places: tuple[Place, ...] = ()
    edits: Mapping[tuple[int, TextField], Sequence[Edit]] = field(default_factory=dict)
    """By message and field, what was replaced there; marks move with it."""


class Redactor:
    """Replaces what `find` finds: ``[EMAIL_ADDRESS_1]``, numbered within a transcript so that it stays clear who is who.

    >>> from feint.pipeline.release.personal import Finder
    >>> one = Transcript(id="a", messages=(Message(role="assistant", content="Tell j.doe@acme.io. J.doe@acme.io knows."),))
    >>> Redactor(Finder().find).transcript(one).transcript.messages[0].content
    'Tell [EMAIL_ADDRESS_1]. [EMAIL_ADDRESS_1] knows.'
    """

    def __init__(self, find: Find) -> None:
        self._find = find

    def transcript(self, one: Transcript) -> Redacted:
        """The transcript with everything found in its words, name, source and metadata replaced."""
        run = _Run(self._find)
        messages = tuple(run.message(position, message) for position, message in enumerate(one.messages))
        metadata = run.metadata(one.metadata)
        new = Transcript(
            id=run.text(one.id, "id"),
            messages=messages,
            model=run.text(one.model, "model") if one.model else one.model,
            source=run.source(one.source) if one.source else one.source,
            metadata=metadata,
        )
        return Redacted(new, tuple(run.places), run.edits)

    def note(self, text: str, where: str) -> tuple[str, tuple[Place, ...]]:
        """A text of its own, such as an annotator's note."""
        run = _Run(self._find)
        return run.text(text, where), tuple(run.places)

    def names(self, names: Iterable[str], stem: str) -> dict[str, str]:
        """New names for those that must not be published, such as annotators who go by their addresses, numbered in order."""
        private = [name for name in sorted(set(names)) if self._find(name)]
        return {name: f"{stem}-{number}" for number, name in enumerate(private, 1)}


class _Run:
    """The replacing in one transcript."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._numbers: dict[str, dict[str, int]] = {}
        self.places: list[Place] = []
        self.edits: dict[tuple[int, TextField], Sequence[Edit]] = {}

    def message(self, position: int, message: Message) -> Message:
        fields: tuple[TextField, ...] = ("content", "reasoning")
        new: dict[str, str] = {}
        for name in fields:
            if text := message.text(name):
                edits = self._edits(text)
                if edits:
                    self.edits[position, name] = edits
                    new[name] = self._put(text, edits, f"messages[{position}].{name}")
        return message.model_copy(update=new) if new else message

    def text(self, text: str, where: str) -> str:
        return self._put(text, self._edits(text), where)

    def metadata(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Everything in it; spans that came with the transcript move as all marks do."""
        spans = metadata.get("spans")
        if not isinstance(spans, list):
            return dict(self.value(metadata, "metadata"))
        others = {key: value for key, value in metadata.items() if key != "spans"}
        placed = [self._span(span, f"metadata.spans[{at}]") for at, span in enumerate(spans)]
        return {**self.value(others, "metadata"), "spans": placed}

    def _span(self, span: Any, where: str) -> Any:
        if not isinstance(span, dict):
            return self.value(span, where)
        message, text_field = span.get("message"), span.get("field", "content")
        if not all(isinstance(at, int) for at in (message, span.get("start"), span.get("end"))):
            return self.value(span, where)
        edits = next((edits for place, edits in self.edits.items() if place == (message, text_field)), None)
        if not edits:
            return self.value(span, where)
        placed = shifted({"quote": ""} | span, edits)
        return span | {key: value for key, value in placed.items() if key in span}

    def value(self, value: Any, where: str) -> Any:
        match value:
            case str():
                return self.text(value, where)
            case dict():
                renamed = {self.text(key, where): item for key, item in value.items()}
                return {key: self.value(item, f"{where}.{key}") for key, item in renamed.items()}
            case list():
                return [self.value(item, f"{where}[{index}]") for index, item in enumerate(value)]
        return value

    def source(self, source: str) -> str:
        """A file's full path tells whose machine it lay on: only its name is kept."""
        paths = (PurePosixPath(source), PureWindowsPath(source))
        name = next((path.name for path in paths if path.is_absolute() and path.name), source)
        if name != source:
            self.places.append(Place("source", 0, len(name), "LOCAL_PATH", name))
        return self.text(name, "source")

    def _edits(self, text: str) -> list[Edit]:
        return [
            Edit(f.start, f.end, f"[{f.kind}_{self._number(f.kind, text[f.start : f.end])}]", f.kind)
            for f in self._find(text)
        ]

    def _number(self, kind: str, said: str) -> int:
        seen = self._numbers.setdefault(kind, {})
        return seen.setdefault(said.casefold(), len(seen) + 1)

    def _put(self, text: str, edits: Sequence[Edit], where: str) -> str:
        if not edits:
            return text
        self.places += [
            Place(where, (at := moved(edit.start, edits)), at + len(edit.new), edit.kind, edit.new) for edit in edits
        ]
        return "".join(_pieces(text, edits))


def _pieces(text: str, edits: Sequence[Edit]) -> Iterator[str]:
    done = 0
    for edit in edits:
        yield text[done : edit.start]
        yield edit.new
        done = edit.end
    yield text[done:]


def moved(position: int, edits: Sequence[Edit], *, closing: bool = False) -> int:
    """Where a boundary of a span lies in the new text; one that fell inside a replaced stretch takes all of it in.

    >>> edits = [Edit(5, 15, "[NAME_1]", "NAME")]
    >>> moved(3, edits), moved(9, edits), moved(9, edits, closing=True), moved(20, edits)
    (3, 5, 13, 18)
    """
    shift = 0
    for edit in edits:
        if edit.end <= position:
            shift += len(edit.new) - (edit.end - edit.start)
        elif edit.start < position:
            return edit.start + shift + (len(edit.new) if closing else 0)
    return position + shift


def shifted(mark: Mapping[str, Any], edits: Sequence[Edit]) -> dict[str, Any]:
    """A mark's new place and quote, told from its old quote and what was replaced.

    >>> edits = [Edit(5, 15, "[NAME_1]", "NAME")]
    >>> shifted({"start": 0, "end": 22, "quote": "Tell Mara Lind to come"}, edits)
    {'start': 0, 'end': 20, 'quote': 'Tell [NAME_1]to come'}
    """
    start, end, quote = mark["start"], mark["end"], mark["quote"]
    pieces, done = [], start
    for edit in edits:
        if edit.start < end and edit.end > start:
            pieces += [quote[done - start : max(edit.start - start, 0)], edit.new]
            done = edit.end
    return {
        "start": moved(start, edits),
        "end": moved(end, edits, closing=True),
        "quote": "".join([*pieces, quote[done - start :]] if done < end else pieces),
    }
