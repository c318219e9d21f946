"""The manifest of a release: every file with its hash, every config with the digest of its rows."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from feint.corpus import digest
from feint.corpus.errors import InputError
from feint.pipeline.release.facts import CANARY, Facts

NAME = "feint.json"


class Manifest(BaseModel):
    """feint.json."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    """From the bytes of the shards."""
    canary: str
    rows: Mapping[str, Mapping[str, int]]
    """By config and split."""
    row_digests: Mapping[str, Mapping[str, str]]
    """sha256 over the rows in order, as JSON with sorted keys, a line each; by config and split."""
    files: Mapping[str, str]
    """sha256 of every other file."""

    @property
    def tag(self) -> str:
        """The tag a release is published under where none is named."""
        return f"v{self.version}"


def version(shards: Mapping[str, str]) -> str:
    """``0.0.N`` from the hashes of all shards; a form that `datasets` takes for a version.

    >>> version({"gold/train-00000-of-00001.parquet": "ab"})
    '0.0.6085730'
    """
    return f"0.0.{int(digest.of_value(dict(shards))[:6], 16)}"


def write(folder: Path, facts: Facts) -> None:
    """Over everything that lies in the folder."""
    whole = Manifest(
        version=facts.version,
        canary=CANARY,
        rows=facts.rows,
        row_digests=facts.digests,
        files=hashes(folder),
    )
    (folder / NAME).write_text(json.dumps(whole.model_dump(mode="json"), indent=2) + "\n", encoding="utf-8")


def read(folder: Path) -> Manifest:
    """InputError where there is none, or none of ours."""
    try:
        return Manifest.model_validate_json((folder / NAME).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{folder} has no {NAME}; expected a folder written by 'feint export'") from error
    except (ValidationError, ValueError) as error:
        reason = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
        place = ".".join(map(str, reason["loc"]))
        raise InputError(f"{folder / NAME} is no manifest: {place}: {reason['msg']}; export the folder anew") from error


def hashes(folder: Path) -> dict[str, str]:
    """sha256 of every file but the manifest, by path; hidden files, as of git and the hub's clients, are none of ours."""
    return {name: digest.of_file(folder / name) for name in files(folder) if name != NAME}


def files(folder: Path) -> list[str]:
    """Every file's path in the folder, in order."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in found if not any(part.startswith(".") for part in path.parts))


def splits(facts: Facts) -> dict[str, Any]:
    """splits.json: how the splits were made, what each holds, and what they share."""
    counts = facts.counts
    return {
        "method": "hash of the group's name",
        "shares": dict(facts.shares),
        "seed": facts.seed,
        "version": facts.version,
        "canary": CANARY,
        "splits": {
            split: {
                "transcripts": count,
                "groups": len(counts.groups[split]),
                "faking": {str(key).lower(): n for key, n in sorted(counts.faking.get(split, {}).items(), key=str)},
                "rows_sha256": {name: of[split] for name, of in facts.digests.items() if split in of},
                "files_sha256": {path: sha for path, sha in facts.files.items() if Path(path).name.startswith(f"{split}-")},
            }
            for split, count in facts.rows["transcripts"].items()
        },
        "leakage": dict(facts.overlap),
    }  # fmt: skip
