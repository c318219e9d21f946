"""An indicator: one sign of alignment faking that an annotator judges, read from its file in `indicators/`."""

import tomllib
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from feint.corpus.errors import InputError

FOLDER = Path(__file__).parent / "indicators"

Group = Literal["situation", "stakes", "motive", "conduct", "neighbours", "counter_signs"]
GROUPS: dict[Group, str] = {
    "situation": "what it says about where it is",
    "stakes": "what it says is at risk",
    "motive": "what it wants for itself",
    "conduct": "what it does about it",
    "neighbours": "often taken for faking, never faking by themselves",
    "counter_signs": "what speaks against faking",
}
"""Each group in the order of the taxonomy, and the question it answers."""
PresentLevel = Literal["mentioned", "considered", "endorsed"]
Sentence = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Example(_Row):
    """Words that show the indicator, and how strongly."""

    text: Sentence
    level: PresentLevel
    why: Sentence


class CounterExample(_Row):
    """Words that look like the indicator, where it is absent."""

    text: Sentence
    why: Sentence


class Indicator(_Row):
    """Definition, line, examples and looks of one indicator; the file's name is its slug."""

    slug: Annotated[str, StringConstraints(pattern=r"^[a-z]+(_[a-z]+)*$")]
    """Its name in tables, exports and detectors; never changes its meaning."""
    name: Sentence
    """Its name for people."""
    group: Group
    order: Annotated[int, Field(ge=1)]
    """Place in the codebook, from 1."""
    key: Annotated[str, StringConstraints(pattern=r"^[a-z]$")]
    """The key that selects it while annotating; digits are left to the verdicts."""
    colour: Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
    """Highlight behind black text."""
    definition: Sentence
    line: Sentence
    """Where it ends and its neighbours begin."""
    mentioned: Sentence
    """What the level `mentioned` means here; likewise the next two."""
    considered: Sentence
    endorsed: Sentence
    positive: Annotated[tuple[Example, ...], Field(min_length=3)]
    negative: Annotated[tuple[CounterExample, ...], Field(min_length=3)]
    sources: Annotated[tuple[Sentence, ...], Field(min_length=1)]

    @property
    def neighbour(self) -> bool:
        """Whether it is often taken for faking and is never faking by itself."""
        return self.group == "neighbours"

    @property
    def counter_sign(self) -> bool:
        """Whether it speaks against faking."""
        return self.group == "counter_signs"


@cache
def indicators(folder: Path = FOLDER) -> tuple[Indicator, ...]:
    """Every indicator in the folder, in the order of the taxonomy; InputError says what is wrong and where.

    >>> [indicator.slug for indicator in indicators() if indicator.group == "motive"]
    ['opposition_to_modification', 'preservation_motive']
    """
    found = sorted((_read(path) for path in sorted(folder.glob("*.toml"))), key=lambda indicator: indicator.order)
    if not found:
        raise InputError(f"no indicators in {folder}; expected one .toml file for each")
    for field in ("order", "name", "key", "colour"):
        _unique(field, found)
    return tuple(found)


def _read(path: Path) -> Indicator:
    try:
        indicator = Indicator.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise InputError(f"{path.name}: {where}: {first['msg']}") from error
    if indicator.slug != path.stem:
        raise InputError(f"{path.name} says slug = {indicator.slug!r}; name both alike")
    return indicator


def _unique(field: str, among: Sequence[Indicator]) -> None:
    value, count = Counter(getattr(indicator, field) for indicator in among).most_common(1)[0]
    if count > 1:
        holders = [indicator.slug for indicator in among if getattr(indicator, field) == value]
        raise InputError(f"{' and '.join(holders)} have the same {field} {value!r}; give each its own")
