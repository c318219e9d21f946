"""The store: finished stages in folders named by what they were made from."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feint.corpus import digest
from feint.corpus.errors import InputError

RECIPE = "recipe.json"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A finished stage: a folder and the digest that names it."""

    path: Path
    digest: str
    fresh: bool
    """Whether this run made it."""

    def __truediv__(self, name: str) -> Path:
        """A file in it."""
        return self.path / name


class Store:
    """Finished stages under one folder.

    A stage is drafted beside its place and renamed when it is complete, so that a crash leaves a draft, which the next
    run clears away, and never a half-made stage.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def once(
        self,
        stage: str,
        make: Callable[[Path], None],
        *,
        version: int,
        params: Mapping[str, Any],
        inputs: Mapping[str, str],
    ) -> Artifact:
        """The stage's folder, made now unless one with this version, these parameters and these inputs is there.

        `make` fills an empty folder; `inputs` are digests, of artifacts or of files.
        """
        recipe = {"stage": stage, "version": version, "params": dict(params), "inputs": dict(inputs)}
        name = digest.of_value(recipe)
        place = self.root / stage / name
        if (place / RECIPE).is_file():
            os.utime(place / RECIPE)
            return Artifact(place, name, fresh=False)
        draft = self._draft(stage)
        try:
            make(draft)
            (draft / RECIPE).write_text(json.dumps(recipe, indent=2, default=str) + "\n", encoding="utf-8")
            return self._placed(draft, place, name)
        except Exception as error:
            from polars.exceptions import ComputeError  # what polars makes of a full disk

            if not (isinstance(error, OSError) or (isinstance(error, ComputeError) and "os error" in str(error))):
                raise
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"cannot write {stage} to {self.root}: {reason}; nothing was kept") from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _placed(self, draft: Path, place: Path, name: str) -> Artifact:
        """The draft in its place, unless another process was faster: that one's is the same, and may be in use."""
        if (place / RECIPE).is_file():
            return Artifact(place, name, fresh=False)
        shutil.rmtree(place, ignore_errors=True)
        draft.rename(place)
        return Artifact(place, name, fresh=True)

    def _draft(self, stage: str) -> Path:
        """An empty folder beside the stage; drafts whose process is gone are cleared away."""
        try:
            (self.root / stage).mkdir(parents=True, exist_ok=True)
            for left in (self.root / stage).glob(".draft-*"):
                if not _runs(left.name.split("-")[1]):
                    shutil.rmtree(left, ignore_errors=True)
            return Path(tempfile.mkdtemp(prefix=f".draft-{os.getpid()}-", dir=self.root / stage))
        except OSError as error:
            raise InputError(f"cannot write to the store {self.root}: {error.strerror or error}") from error

    def latest(self, stage: str) -> Artifact | None:
        """The stage's folder that was made or used last."""
        recipes = sorted((self.root / stage).glob(f"[!.]*/{RECIPE}"), key=lambda path: path.stat().st_mtime)
        return Artifact(recipes[-1].parent, recipes[-1].parent.name, fresh=False) if recipes else None

    def stages(self) -> dict[str, list[Path]]:
        """Every finished folder by stage, the one used last at the end."""
        found: dict[str, list[Path]] = {}
        for path in sorted(self.root.glob(f"*/[!.]*/{RECIPE}"), key=lambda path: path.stat().st_mtime):
            found.setdefault(path.parts[-3], []).append(path.parent)
        return found


def _runs(pid: str) -> bool:
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
