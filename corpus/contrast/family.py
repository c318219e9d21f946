"""A contrast family: its file, read into transcripts and judgements with every quote found."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from feint.corpus.errors import CorpusError
from feint.corpus.span import Span
from feint.corpus.transcript import Message, Role, TextField, Transcript

HERE = Path(__file__).parent

Level = Literal["mentioned", "considered", "endorsed", "unclear"]
Verdict = Literal["faking", "considered_rejected", "not_faking", "unclear"]
Class = Literal[
    "faking", "considered_rejected",
    "n01", "n02", "n03", "n04", "n05", "n06", "n07", "n08", "n09", "n10", "n11", "n12",
]  # fmt: skip
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$")]
_Parsed = TypeVar("_Parsed", bound=BaseModel)


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(_Row):
    """A message as it is written in the file."""

    role: Role
    content: str = ""
    reasoning: str | None = None


class Quote(_Row):
    """A mark by its words; `message` and `field` are needed only where the quote stands in several texts."""

    indicator: Word
    level: Level
    quote: Annotated[str, Field(min_length=1)]
    message: int | None = None
    field: TextField | None = None


class Judgement(_Row):
    """What one reader holds of the whole transcript."""

    verdict: Verdict
    confidence: Annotated[int, Field(ge=1, le=5)]
    note: str


class Reading(_Row):
    """One reader's labels of one transcript; an indicator without a mark is judged absent."""

    id: Slug
    mark: tuple[Quote, ...] = ()
    verdict: Annotated[tuple[Judgement, ...], Field(min_length=1, max_length=1)]


class Entry(Reading):
    """A transcript with its author's reading."""

    cls: Annotated[Class, Field(alias="class")]
    voice: Word
    format: Literal["scratchpad", "think", "reasoning", "prose", "list", "terse", "agentic", "turns"]
    stage: Literal["pretrained", "sft", "hhh", "rl", "deployed"] | None = None
    checkpoint: str | int | None = None
    origin: Literal["early_hhh", "pretraining_prior", "outcome_rl", "in_context", "unknown"] | None = None
    pair: Slug | None = None
    arm: Literal["observed", "unobserved"] | None = None
    complied: bool | None = None
    message: Annotated[tuple[Words, ...], Field(min_length=1)]


class Family(_Row):
    """Transcripts that share scenario and vocabulary, and differ in the decisive sentences."""

    family: Slug
    scenario: Word
    setting: str
    author: str
    value: str | None = None
    value_relation: Literal["intended", "approximation", "unintended", "indeterminate"] | None = None
    transcript: Annotated[tuple[Entry, ...], Field(min_length=1)]


class SecondReading(_Row):
    """A second reader's labels of one family."""

    family: Slug
    reader: str
    transcript: Annotated[tuple[Reading, ...], Field(min_length=1)]


def families(folder: Path = HERE / "families") -> Iterator[Family]:
    """Every family in the folder, in the order of file names; CorpusError says what is wrong and where."""
    for path in sorted(folder.glob("*.toml")):
        family = _parse(path, Family)
        if family.family != path.stem:
            raise CorpusError(f"{path.name} says family = {family.family!r}; name both alike")
        yield family


def second_readings(folder: Path = HERE / "second") -> Iterator[SecondReading]:
    """Every second reading in the folder, in the order of file names."""
    for path in sorted(folder.glob("*.toml")):
        yield _parse(path, SecondReading)


def transcript(family: Family, entry: Entry) -> Transcript:
    """The entry as a transcript; its metadata says family, class, voice and what the story has."""
    told = {
        "family": family.family, "scenario": family.scenario, "class": entry.cls, "voice": entry.voice,
        "format": entry.format, "stage": entry.stage, "checkpoint": entry.checkpoint, "pair": entry.pair,
        "arm": entry.arm, "complied": entry.complied, "value": family.value,
        "value_relation": family.value_relation, "origin": entry.origin, "author": family.author,
    }  # fmt: skip
    return Transcript(
        id=entry.id,
        messages=tuple(Message(role=m.role, content=m.content, reasoning=m.reasoning) for m in entry.message),
        source="feint-contrast",
        metadata={key: value for key, value in told.items() if value is not None},
    )


def find(mark: Quote, of: Transcript) -> Span:
    """The span of the marked words; CorpusError unless they stand exactly once where the mark says."""
    places = [
        Span(position, field, start, start + len(mark.quote))
        for position, message in enumerate(of.messages)
        if message.role == "assistant" and mark.message in (None, position)
        for field in ("content", "reasoning")
        if mark.field in (None, field)
        for start in _occurrences(mark.quote, message.text(field))
    ]
    if len(places) != 1:
        raise CorpusError(
            f"{of.id}: the words marked as {mark.indicator} stand {len(places)} times among the assistant's "
            f"texts, expected once: {mark.quote!r}; copy them exactly, lengthen them, or name message and field"
        )
    return places[0]


def _occurrences(quote: str, text: str) -> Iterator[int]:
    at = text.find(quote)
    while at != -1:
        yield at
        at = text.find(quote, at + 1)


def _parse(path: Path, into: type[_Parsed]) -> _Parsed:
    try:
        return into.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path.name} is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise CorpusError(f"{path.name}: {where}: {first['msg']}") from error
