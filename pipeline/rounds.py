"""Rounds of the queue, kept in a folder: what was drawn, with which probability, and what there was to draw from."""

import json
import shutil
import tempfile
from pathlib import Path

import dataframely as dy
import polars as pl

from feint.corpus import digest
from feint.corpus.errors import InputError
from feint.corpus.tables import Candidates, Draws
from feint.pipeline.config import Config
from feint.pipeline.store import RECIPE

DRAWS, CANDIDATES = "draws.parquet", "candidates.parquet"


def history(path: Path) -> tuple[list[dy.DataFrame[Candidates]], dy.DataFrame[Draws]]:
    """The candidates and the draws of every round so far."""
    folders = sorted(path.glob("round-[0-9]*"))
    missing = [str(place / name) for place in folders for name in (DRAWS, CANDIDATES) if not (place / name).is_file()]
    if missing:
        raise InputError(f"{missing[0]} is missing; restore it, since no label of that round can be weighed without it")
    rounds = [Candidates.validate(pl.read_parquet(place / CANDIDATES)) for place in folders]
    draws = [Draws.validate(pl.read_parquet(place / DRAWS)) for place in folders]
    return rounds, Draws.validate(pl.concat(draws)) if draws else Draws.create_empty()


def keep(path: Path, now: dy.DataFrame[Candidates], draws: dy.DataFrame[Draws], config: Config) -> None:
    """Write a round whole or not at all; the folder's name settles who was first where two draw at once."""
    number = draws["round"][0]
    place = path / f"round-{number:04}"
    path.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=path))
    try:
        now.write_parquet(draft / CANDIDATES)
        draws.write_parquet(draft / DRAWS)
        recipe = {"stage": "queue", "round": number, "params": config.queue.model_dump(mode="json", exclude={"path"})}
        (draft / RECIPE).write_text(json.dumps(recipe, indent=2) + "\n", encoding="utf-8")
        draft.chmod(0o755)
        draft.rename(place)
    except OSError as error:
        shutil.rmtree(draft)
        if place.exists():
            raise InputError(
                f"{place} was drawn by another process just now; run it again to see that queue"
            ) from error
        raise


def state(path: Path) -> str:
    """Digest of every round so far."""
    return digest.of_value([digest.of_files(place.glob("*.parquet")) for place in sorted(path.glob("round-[0-9]*"))])
