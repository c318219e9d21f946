"""Pull: bring what annotators did into the store, from a project on a Label Studio or from a file it exported."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from feint.annotation.ledger import Entry, Ledger
from feint.annotation.studio import EXPORTED, Studio
from feint.annotation.sync import Held
from feint.corpus import digest, packed
from feint.corpus.document import Document
from feint.corpus.errors import InputError, StudioError
from feint.pipeline.judged import PROJECTS
from feint.pipeline.progress import track
from feint.pipeline.store import Store

FEW = 20
"""Tasks that may vanish without being asked about."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull came to."""

    tasks: int
    """Tasks that people have worked on and that are in the store now."""
    read: int
    """Tasks read anew."""
    dropped: int
    """Tasks that were in the store and are gone from the server, or have no annotation left."""


def place(store: Store, name: str, identity: Sequence[str]) -> Path:
    """The folder of a project or an export in the store: a readable name, and a digest that tells equal names apart."""
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-.")[:60] or "project"
    return store.root / PROJECTS / f"{readable}-{digest.of_value(list(identity))[:8]}"


def of_project(store: Store, studio: Studio) -> Path:
    """The folder of the project that is open; another one made later under the same title has another."""
    name = f"{urlsplit(studio.url).netloc} {studio.project}"
    return place(store, name, [studio.url, str(studio.project), studio.created_at])


def pull(studio: Studio, ledger: Ledger, *, accept_deletions: bool = False) -> Pulled:
    """Everything that people have done since the last pull, and nothing that they have deleted.

    What has changed is told by the listing, task by task, so that a pull that breaks off goes on where it was, and an
    annotation saved while its task is read is read again next time. Drafts stay on the server. StudioError where most
    of what is in the store is gone from the server and nobody said that this is meant.
    """
    held, seen = studio.held(), ledger.seen()
    gone = seen.keys() - {one.task for one in held}
    if len(gone) > max(FEW, len(seen) // 2) and not accept_deletions:
        raise StudioError(
            f"{len(gone)} of {len(seen)} annotated tasks that were pulled before are gone from {studio.url}; if they "
            "were deleted on purpose, pull with --accept-deletions: nothing was changed"
        )
    due = [one for one in held if (one.work or one.task in seen) and seen.get(one.task) != one.stamp]
    ledger.name(studio.annotators())
    ledger.drop(gone)
    read, dropped = 0, len(gone)
    for start in track(range(0, len(due), EXPORTED), "pulling annotations"):
        some = due[start : start + EXPORTED]
        found = {task["id"]: task for task in studio.exported([one.task for one in some])}
        ledger.put(_entry(one, found[one.task]) for one in some if one.task in found)
        left = [one.task for one in some if one.task not in found and one.task in seen]
        ledger.drop(left)
        read, dropped = read + len(found), dropped + len(left)
    return Pulled(len(ledger.seen()), read, dropped)


def pull_file(path: Path, ledger: Ledger) -> Pulled:
    """Everything in a JSON export of Label Studio, in the place of what an earlier pull of the file brought."""
    count = ledger.replace(_entries(path))
    return Pulled(count, count, 0)


def _entry(held: Held, task: Mapping[str, Any]) -> Entry:
    return Entry(held.task, _shown(task), held.stamp, _kept(task))


def _entries(path: Path) -> Iterator[Entry]:
    """Annotated tasks of an export, one at a time, numbered by their place."""
    numbers = count(1)
    try:
        with packed.opened(path) as file:
            document = Document(file)
            if document.peek() != "[":
                raise ValueError("it is no list")
            for task in track(document.items(), "reading the export"):
                number = next(numbers)
                if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
                    raise ValueError(f"item {number} has no 'data'")
                if task.get("annotations"):
                    yield Entry(number, _shown(task), "", _kept(task))
    except (ValueError, *packed.BROKEN) as error:
        raise InputError(
            f"{path} is no export of Label Studio: {error}; expected a list of tasks, as its 'Export' button writes as JSON"
        ) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _shown(task: Mapping[str, Any]) -> str:
    named = (task.get("data") or {}).get("transcript_id")
    return named if isinstance(named, str) else ""


def _kept(task: Mapping[str, Any]) -> dict[str, Any]:
    """What is read of a task: its words and its annotations, without what changes from one look to the next."""
    annotations = [
        {key: one.get(key) for key in ("id", "completed_by", "was_cancelled", "lead_time", "updated_at", "result")}
        for one in task.get("annotations", ())
        if isinstance(one, dict)
    ]
    return {"id": task.get("id"), "data": task["data"], "annotations": annotations}
