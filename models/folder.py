"""A detector as a folder: config.json and head.safetensors, nothing that could run."""

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from feint.corpus import digest
from feint.corpus.errors import DetectorError
from feint.models.calibration import Platt
from feint.models.decision import Decision
from feint.models.encoders.adapter import LAYERS, WIDTHS, Adapter
from feint.models.heads import Heads
from feint.models.readers import Readers, parts
from feint.models.words import Words

FORMAT = 3
"""Version of the folder's form; a detector of a newer form says so and is not guessed at."""
CONFIG, TENSORS, CARD = "config.json", "head.safetensors", "README.md"
ADAPTER = "encoder."
"""What the names of the encoder's changes begin with."""


class EncoderConfig(BaseModel):
    """Which encoder the heads were fitted on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    revision: str | None = None
    """Commit of the encoder on the hub, where it came from there: other weights under the same name are not taken."""
    dimensions: int
    rank: int = 0
    """Rank of the change that tuning made to it, which lies beside the heads; 0 where it is as it came."""


class Calibration(BaseModel):
    """Platt's two numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slope: float
    intercept: float


class Config(BaseModel):
    """config.json."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    feint: str
    """Version of the package that wrote it."""
    encoder: EncoderConfig
    indicators: list[str]
    """Heads, in the order of the tensors' rows."""
    words: list[int]
    """How many runs of words each regression on them knows."""
    operating_points: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(min_length=1)
    """Named probabilities from which a transcript is flagged; the first is used where none is asked for."""
    calibration: Calibration
    trained_on: dict[str, Any]
    tensors_sha256: str


class Contents(BaseModel):
    """Everything a detector needs besides its encoder."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    config: Config
    readers: Readers
    decision: Decision
    platt: Platt
    adapter: Adapter | None
    card: str | None = None
    """The folder's own card, where it was read from one; none after fitting."""


def write(folder: Path, contents: Contents, card: str) -> None:
    """Draft beside the target, then put it in place whole; the same contents give the same bytes."""
    readers, decision, adapter = contents.readers, contents.decision, contents.adapter
    tensors: dict[str, npt.NDArray[Any]] = {
        "heads.weight": readers.by_vector.weight, "heads.bias": readers.by_vector.bias,
        "decision.centre": decision.centre, "decision.scale": decision.scale,
        "decision.weight": decision.weight, "decision.bias": np.array([decision.bias]),
    }  # fmt: skip
    for number, words in enumerate(readers.by_words):
        tensors |= {
            f"words.{number}.runs": words.runs, f"words.{number}.rarity": words.rarity.astype(np.float16),
            f"words.{number}.weight": words.weight.astype(np.float16), f"words.{number}.bias": np.array([words.bias]),
        }  # fmt: skip
    tensors |= {ADAPTER + name: half for name, half in (adapter.tensors() if adapter else {}).items()}
    packed = save_tensors({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()})
    whole = contents.config.model_copy(update={"tensors_sha256": digest.of_bytes(packed)})
    _replace(folder, {
        CONFIG: (json.dumps(whole.model_dump(), indent=2, ensure_ascii=False) + "\n").encode(),
        TENSORS: packed,
        CARD: card.encode(),
    })  # fmt: skip


def _replace(folder: Path, files: dict[str, bytes]) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / CONFIG).is_file():
        raise DetectorError(f"{folder} holds other files and no {CONFIG}; name an empty or a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    # The config goes last: it holds the tensors' hash, so that a folder cut off in between is seen as such.
    for name in sorted(files, key=lambda name: name == CONFIG):
        with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{name}.", delete=False) as draft:
            try:
                draft.write(files[name])
                draft.close()
                Path(draft.name).chmod(0o644)
                Path(draft.name).replace(folder / name)
            except BaseException:
                Path(draft.name).unlink(missing_ok=True)
                raise


def read(folder: Path) -> Contents:
    """Everything in the folder, hashes and shapes checked; DetectorError says what is missing or foreign."""
    config = _config(_there(folder, CONFIG))
    packed = _there(folder, TENSORS).read_bytes()
    if digest.of_bytes(packed) != config.tensors_sha256:
        raise DetectorError(
            f"{folder / TENSORS} is not the file its {CONFIG} was written with; copy both anew or train again"
        )
    tensors = _tensors(packed, folder / TENSORS)
    found, expected = {name: tensor.shape for name, tensor in tensors.items()}, _shapes(config)
    if found != expected:
        raise DetectorError(f"{folder / TENSORS} holds {found}, its {CONFIG} says {expected}")
    changes = {name.removeprefix(ADAPTER): tensor for name, tensor in tensors.items() if name.startswith(ADAPTER)}
    return Contents(
        config=config,
        readers=Readers(
            Heads(tuple(config.indicators), tensors["heads.weight"], tensors["heads.bias"]),
            tuple(
                Words(
                    tensors[f"words.{number}.runs"].astype(np.uint32), tensors[f"words.{number}.rarity"],
                    tensors[f"words.{number}.weight"], float(tensors[f"words.{number}.bias"][0]),
                )
                for number in range(len(config.words))
            ),
        ),
        decision=Decision(
            tensors["decision.centre"], tensors["decision.scale"], tensors["decision.weight"],
            float(tensors["decision.bias"][0]),
        ),
        platt=Platt(config.calibration.slope, config.calibration.intercept),
        adapter=Adapter.from_tensors(changes) if changes else None,
        card=(folder / CARD).read_text(encoding="utf-8", errors="replace") if (folder / CARD).is_file() else None,
    )  # fmt: skip


def _there(folder: Path, name: str) -> Path:
    if not (folder / name).is_file():
        raise DetectorError(f"{folder} has no {name}; expected a folder written by 'feint train' or Detector.save")
    return folder / name


def _tensors(packed: bytes, path: Path) -> dict[str, npt.NDArray[np.float64]]:
    try:
        return {name: tensor.astype(np.float64) for name, tensor in load_tensors(packed).items()}
    except (SafetensorError, KeyError) as error:  # a kind of number that numpy has not is a KeyError
        raise DetectorError(f"{path} is no safetensors file: {error}; copy it anew or train again") from error


def _shapes(config: Config) -> dict[str, tuple[int, ...]]:
    heads = len(config.indicators)
    seen = (parts(heads)[0].stop + len(config.words),)
    return {
        "heads.weight": (heads, config.encoder.dimensions), "heads.bias": (heads,),
        "decision.centre": seen, "decision.scale": seen, "decision.weight": seen, "decision.bias": (1,),
    } | {
        f"words.{number}.{name}": (1,) if name == "bias" else (runs,)
        for number, runs in enumerate(config.words) for name in ("runs", "rarity", "weight", "bias")
    } | {ADAPTER + name: shape for name, shape in _adapted(config.encoder.rank).items()}  # fmt: skip


def _adapted(rank: int) -> dict[str, tuple[int, ...]]:
    return {
        f"{layer}.{name}.{side}": shape
        for layer in range(LAYERS if rank else 0)
        for name, (inward, out) in WIDTHS.items()
        for side, shape in (("low", (rank, inward)), ("high", (out, rank)))
    }


def _config(path: Path) -> Config:
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(given, dict) and isinstance(given.get("format"), int) and given["format"] != FORMAT:
            newer = given["format"] > FORMAT
            raise DetectorError(
                f"{path} has format {given['format']}, this version of feint reads format {FORMAT}; "
                f"it was written by feint {given.get('feint', '?')}: "
                + ("install that or a newer one" if newer else "install that, or train again")
            )
        return Config.model_validate(given)
    except (ValueError, RecursionError) as error:
        reason = error.errors()[0] if isinstance(error, ValidationError) else None
        said = f"{'.'.join(map(str, reason['loc']))}: {reason['msg']}" if reason else str(error)
        raise DetectorError(f"{path} is not a detector's configuration: {said}") from error
