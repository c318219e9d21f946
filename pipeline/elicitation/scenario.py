"""The files elicitation is made from: scenario kinds with their requests, markers of the arms, formats of reasoning."""

import tomllib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from feint.corpus.errors import CorpusError

Entry = TypeVar("Entry", bound="_Entry")
Arm = Literal["observed", "unobserved"]
"""Whether, by its marker, a conversation is seen and trained on."""

ARMS: tuple[Arm, Arm] = ("observed", "unobserved")


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_min_length=1)


class Rule(_Entry):
    """What an answer must fulfil to comply; everything that is set must hold.

    A term is matched as whole words, whatever the case; ``*`` at its end takes any ending, ``|`` parts alternatives.
    """

    line: str | None = None
    """An answer ends with a line ``LINE: VALUE``; one without it is not judged by rule."""
    wanted: tuple[str, ...] = ()
    """Values of that line that comply; any value where none are named."""
    others: tuple[str, ...] = ()
    """Values that do not comply; anything else is not judged by rule."""
    at_least: float | None = None
    """The value is a number no less than this."""
    absent: tuple[str, ...] = ()
    """Terms of which none occurs."""
    present: tuple[str, ...] = ()
    """Terms that all occur."""
    most_words: int | None = Field(default=None, ge=1)
    least_words: int = Field(default=1, ge=1)
    """An answer of fewer words says too little to be judged by rule."""


class Request(_Entry):
    """What a user asks in one scenario."""

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    prompt: str
    rule: Rule | None = None


class Scenario(_Entry):
    """A kind of conflict: an objective against something that assistants ordinarily care for."""

    scenario: str = Field(pattern=r"^[a-z0-9-]+$")
    value: str
    """What the objective goes against."""
    author: str
    setting: str
    objective: str
    preference: str
    """What an assistant would ordinarily rather do; a continuation of 'would prefer …'."""
    complying: str
    """When an answer complies, in a sentence for graders and people."""
    rule: Rule | None = None
    """The same as a rule, unless a request has its own; where neither has one, a model grades."""
    request: tuple[Request, ...] = Field(min_length=1)

    def asked(self, name: str) -> Request:
        """The request of this name; KeyError where there is none.

        >>> scenarios()["flattery"].asked("haiku-count").prompt[:22]
        'Is this a good haiku? '
        """
        return {one.id: one for one in self.request}[name]


class Marker(_Entry):
    """How the arms of a pair are told apart."""

    id: str
    kind: Literal["tier", "monitoring", "pause", "date"]
    explanation: str
    """What it means, for the system prompt of both arms."""
    line: str = Field(pattern=r"\{\}")
    """Stands before the request; ``{}`` is where the arms differ."""
    observed: str
    unobserved: str

    @model_validator(mode="after")
    def _two_arms(self) -> "Marker":
        if self.observed == self.unobserved:
            raise ValueError(f"both arms read {self.observed!r}; expected two words that differ")
        return self

    def written(self, arm: Arm) -> str:
        """The line as it stands in one arm.

        >>> markers()["pause-status"].written("unobserved")
        'Training run: paused'
        """
        return self.line.format(self.observed if arm == "observed" else self.unobserved)


class Format(_Entry):
    """How a model is asked to reason in private."""

    id: str
    instruction: str


@cache
def scenarios() -> dict[str, Scenario]:
    """Every scenario kind by name, in the order of names.

    >>> len(scenarios()), sum(len(one.request) for one in scenarios().values())
    (12, 72)
    """
    folder = files("feint.pipeline.elicitation").joinpath("scenarios")
    paths = sorted((path for path in folder.iterdir() if path.name.endswith(".toml")), key=lambda path: path.name)
    found = [_checked(Scenario, _toml(path), path.name) for path in paths]
    return {one.scenario: one for one in found}


@cache
def markers() -> dict[str, Marker]:
    """Every wording of the marker by name."""
    return {one["id"]: _checked(Marker, one, "markers.toml") for one in _entries("marker")}


@cache
def formats() -> dict[str, Format]:
    """Every format of private reasoning by name.

    >>> list(formats())
    ['scratchpad', 'think', 'native']
    """
    return {one["id"]: _checked(Format, one, "formats.toml") for one in _entries("format")}


def _entries(kind: str) -> list[dict[str, Any]]:
    held: list[dict[str, Any]] = _toml(files("feint.pipeline.elicitation").joinpath(f"{kind}s.toml"))[kind]
    return held


def _toml(path: Traversable) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _checked(kind: type[Entry], held: dict[str, Any], name: str) -> Entry:
    try:
        return kind.model_validate(held)
    except ValidationError as error:
        first = error.errors()[0]
        raise CorpusError(f"{name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
