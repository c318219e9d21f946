"""Export: a folder that Hugging Face's datasets loads, with a card made from what is in it."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from feint.corpus import digest
from feint.corpus.errors import InputError, MissingExtra
from feint.pipeline.config import Config
from feint.pipeline.dataset_card import card
from feint.pipeline.gather import gather, transcripts
from feint.pipeline.gold import gold
from feint.pipeline.judged import judged
from feint.pipeline.store import Artifact, Store

CONFIGS = ("transcripts", "annotations", "spans", "gold")
"""What can be loaded, the default first."""
SPLITS = {"train": "train", "development": "validation", "test": "test"}
"""Our names of the splits and the hub's."""


def export(config: Config, store: Store, destination: Path) -> dict[str, dict[str, int]]:
    """Write the release folder, whole or not at all; rows per config and split."""
    gathered, settled = gather(config, store), gold(config, store)
    if destination.exists() and any(destination.iterdir()) and not (destination / "feint.json").is_file():
        raise InputError(f"{destination} holds other files; name an empty or a new folder, or an earlier export")
    frames = _frames(gathered, judged(config, store), settled)
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{destination.name}.", dir=destination.parent))
        try:
            rows = _write(frames, draft, settled)
            draft.chmod(0o755)
            shutil.rmtree(destination, ignore_errors=True)
            draft.rename(destination)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    except OSError as error:
        raise InputError(f"cannot write {destination}: {error.strerror or error}; nothing was kept") from error
    return rows


def _frames(gathered: Artifact, said: Artifact, settled: Artifact) -> dict[str, pl.DataFrame]:
    """One frame a config, each with the split of its row's transcript."""
    splits = pl.read_parquet(gathered / "splits.parquet").with_columns(pl.col("split").cast(pl.String))
    judgements = pl.read_parquet(said / "judgements.parquet").with_columns(pl.col("level").cast(pl.String))
    marks = pl.read_parquet(said / "marks.parquet").with_columns(
        pl.col("field").cast(pl.String), pl.col("level").cast(pl.String)
    )
    answers = pl.read_parquet(settled / "gold.parquet").with_columns(pl.col("level").cast(pl.String))
    told = pl.DataFrame(list(_rows(gathered)), infer_schema_length=None)
    frames = zip(CONFIGS, (told, judgements, marks, answers), strict=True)
    return {name: frame.join(splits, on="transcript_id", how="inner", maintain_order="left") for name, frame in frames}


def _rows(gathered: Artifact) -> Iterator[dict[str, Any]]:
    for one in transcripts(gathered.path):
        yield {
            "transcript_id": one.digest,
            "id": one.id,
            "messages": [{"role": m.role, "content": m.content, "reasoning": m.reasoning} for m in one.messages],
            "source": one.source,
            "model": one.model,
            "metadata": json.dumps(one.metadata, ensure_ascii=False, sort_keys=True),
        }


def _features() -> dict[str, Any]:
    try:
        from datasets import Features, List, Value
    except ImportError as error:
        raise MissingExtra("hub", "exporting a data set") from error
    text, number = Value("string"), Value("int32")
    place = {"transcript_id": text, "group": text}
    message = {"role": text, "content": text, "reasoning": text}
    return {
        "transcripts": Features(
            {
                "transcript_id": text,
                "id": text,
                "messages": List(message),
                "source": text,
                "model": text,
                "metadata": text,
                "group": text,
            }
        ),
        "annotations": Features(
            {"transcript_id": text, "annotator": text, "indicator": text, "level": text, "group": text}
        ),
        "spans": Features(
            place
            | {
                "annotator": text,
                "indicator": text,
                "level": text,
                "message": number,
                "field": text,
                "start": number,
                "end": number,
                "quote": text,
            }
        ),
        "gold": Features(
            place
            | {
                "indicator": text,
                "level": text,
                "present": Value("bool"),
                "support": Value("float64"),
                "raters": number,
            }
        ),
    }


def _write(frames: dict[str, pl.DataFrame], folder: Path, settled: Artifact) -> dict[str, dict[str, int]]:
    from datasets import Dataset
    from datasets.utils.logging import disable_progress_bar, enable_progress_bar

    rows: dict[str, dict[str, int]] = {}
    disable_progress_bar()
    for name, features in _features().items():
        for ours, theirs in SPLITS.items():
            part = frames[name].filter(pl.col("split") == ours).select(list(features))
            target = folder / name / f"{theirs}-00000-of-00001.parquet"
            target.parent.mkdir(exist_ok=True)
            if len(part):
                Dataset.from_list(part.to_dicts(), features=features).to_parquet(target)
                rows.setdefault(name, {})[theirs] = len(part)
    enable_progress_bar()
    version = digest.of_value(
        [[str(p.relative_to(folder)), digest.of_file(p)] for p in sorted(folder.rglob("*.parquet"))]
    )
    (folder / "README.md").write_text(
        card(rows, version, frames, pl.read_parquet(settled / "agreement.parquet")), encoding="utf-8"
    )
    (folder / "feint.json").write_text(
        json.dumps({"version": version, "rows": rows}, indent=2) + "\n", encoding="utf-8"
    )
    return rows
