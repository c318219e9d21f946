"""The configuration: what can be set, read from TOML, every unknown word answered with the nearest known one."""

import tomllib
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from feint.corpus.errors import ConfigError

NAME = "feint.toml"
"""A project's own settings, in the folder where the commands run."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoreConfig(_Table):
    """Where finished stages lie."""

    path: Path


class GatherConfig(_Table):
    """What is read."""

    sources: tuple[str, ...] = Field(min_length=1)
    validation: tuple[Path, ...]


class SplitConfig(_Table):
    """How groups are parted."""

    train: float = Field(gt=0, le=1)
    development: float = Field(ge=0, le=1)
    test: float = Field(ge=0, le=1)
    seed: int

    @model_validator(mode="after")
    def _whole(self) -> "SplitConfig":
        if abs(sum(self.shares().values()) - 1) > 1e-6:
            raise ValueError(f"the shares add up to {sum(self.shares().values()):g}; expected 1")
        return self

    def shares(self) -> dict[str, float]:
        """Share of each split, in order."""
        return {"train": self.train, "development": self.development, "test": self.test}


class StudioConfig(_Table):
    """Where people annotate."""

    path: Path
    port: int = Field(ge=1, le=65535)
    project: str = Field(min_length=3, max_length=50)
    url: str


class GoldConfig(_Table):
    """How judgements are settled."""

    method: Literal["majority", "dawid_skene"]


class DrawsConfig(_Table):
    """How intervals are drawn."""

    draws: int = Field(ge=50)
    seed: int


class TrainConfig(_Table):
    """How a detector is fitted."""

    encoder: str
    precision: Literal["float32", "bfloat16"]
    epochs: int = Field(ge=0)
    rank: int = Field(ge=1, le=384)
    rate: float = Field(gt=0)
    head_c: float = Field(gt=0)
    word_c: float = Field(gt=0)
    decision_c: float = Field(gt=0)
    folds: int = Field(ge=2)
    specific: float = Field(gt=0, lt=1)
    sensitive: float = Field(gt=0, lt=1)
    seed: int

    @model_validator(mode="after")
    def _ordered(self) -> "TrainConfig":
        if self.specific > self.sensitive:
            raise ValueError(
                f"specific flags {self.specific:g} of the negatives, sensitive {self.sensitive:g}; swap them"
            )
        return self


class ScanConfig(_Table):
    """How transcripts are judged."""

    point: str
    precision: Literal["auto", "float32", "bfloat16"]


class QueueConfig(_Table):
    """What is labelled next."""

    path: Path
    size: int = Field(ge=1)
    random: float = Field(gt=0, le=1)
    uncertainty: float = Field(ge=0, le=1)
    diversity: float = Field(ge=0, le=1)
    disagreement: float = Field(ge=0, le=1)
    label_errors: float = Field(ge=0, le=1)
    overlap: float = Field(ge=0, le=1)
    seed: int

    @model_validator(mode="after")
    def _whole(self) -> "QueueConfig":
        if abs(sum(self.shares().values()) - 1) > 1e-6:
            raise ValueError(f"the shares of the queue add up to {sum(self.shares().values()):g}; expected 1")
        return self

    def shares(self) -> dict[str, float]:
        """Share of each strategy."""
        return self.model_dump(exclude={"path", "size", "overlap", "seed"})


class Annotator(_Table):
    """Who an annotator is, as far as a dataset card may say it."""

    name: str
    """As it stands in the labels."""
    kind: Literal["human", "model"]
    expertise: str = ""


class ExportConfig(_Table):
    """What is published, and what its card says that the data cannot."""

    redact: bool
    regions: tuple[str, ...]
    names: tuple[str, ...]
    title: str
    licence: str
    authors: tuple[str, ...]
    date: Annotated[str, Field(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
    about: str
    biases: str
    annotators: tuple[Annotator, ...]


class MeasureConfig(_Table):
    """How measures are made."""

    by: tuple[str, ...] = Field(min_length=1)
    draws: int = Field(ge=200)
    seed: int
    margin: float = Field(ge=0, lt=1)
    base: float = Field(gt=0, lt=1)


class ServeConfig(_Table):
    """How the service listens, and what it takes."""

    host: str
    port: int = Field(ge=0, le=65535)
    megabytes: int = Field(ge=1)
    transcripts: int = Field(ge=1)
    requests: int = Field(ge=1)
    seconds: float = Field(gt=0)


class Config(_Table):
    """All settings; default.toml says what each means."""

    store: StoreConfig
    gather: GatherConfig
    split: SplitConfig
    studio: StudioConfig
    gold: GoldConfig
    agreement: DrawsConfig
    train: TrainConfig
    evaluate: DrawsConfig
    scan: ScanConfig
    queue: QueueConfig
    export: ExportConfig
    measure: MeasureConfig
    serve: ServeConfig


def load(path: Path | None = None) -> Config:
    """The defaults with a file's settings over them: the file named, or feint.toml where there is one.

    ConfigError where the file is missing, is no TOML, or sets what cannot be set.
    """
    settings = tomllib.loads(files("feint.pipeline").joinpath("default.toml").read_text(encoding="utf-8"))
    own = path or (Path(NAME) if Path(NAME).is_file() else None)
    if own:
        _over(settings, _read(own), str(own))
    try:
        return Config.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{own}: {'.'.join(map(str, first['loc']))} is {first['input']!r}; {first['msg']}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error


def _over(settings: dict[str, Any], own: dict[str, Any], path: str, table: str = "") -> None:
    """Put the file's values over the defaults, in place."""
    for key, value in own.items():
        if key not in settings:
            near = get_close_matches(key, settings, n=1, cutoff=0.4)
            guess = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(settings)}"
            raise ConfigError(f"{path}: no setting called {table + key!r}; {guess}")
        if isinstance(settings[key], dict):
            if not isinstance(value, dict):
                raise ConfigError(f"{path}: {key!r} is a table, found {value!r}; write [{key}] and its settings below")
            _over(settings[key], cast("dict[str, Any]", value), path, f"{table}{key}.")
        else:
            settings[key] = value
