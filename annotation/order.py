"""Order: makes a Label Studio project serve what the queue holds, and nothing else while the queue lasts.

What Label Studio 1.23 does when an annotator asks for the next task, in this order: the task they hold the lock of; among tasks
that need more readers than one, a random one of those that others have read most often; then by the project's sampling.
Under "Uncertainty sampling" only tasks with a prediction of the project's `model_version` come, the lowest score first; where
two people or more have annotated in the project, it passes over the score and takes one of them at random, so that nobody
waits for a lock. A task is served until as many have read it as its `overlap` says.

So the queue is a set of predictions under a version of its own, scored by place: one annotator is served the queue in order,
several share it at random, second readers come first, and what was not drawn is served only when the queue is empty.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import dataframely as dy

from feint.corpus.tables import Draws

VERSION = "feint-queue"
"""The `model_version` under which a task is in the queue."""
_MOST = 1_000_000
"""Scores are numbers of draws over this: a task's place stays the same when others before it are done."""
_ASKED = 20
"""Transcripts asked for in one request: their names stand in the address."""


class Api(Protocol):
    """Label Studio's API: paths without the leading 'api/', JSON in and out, StudioError where it is refused."""

    def get(self, path: str, **parameters: Any) -> Any: ...
    def post(self, path: str, body: Mapping[str, Any] | Sequence[Any]) -> Any: ...
    def patch(self, path: str, body: Mapping[str, Any]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Arranged:
    """What became of a queue on a server."""

    tasks: tuple[int, ...]
    """Label Studio's numbers of the tasks in the queue, in order."""
    missing: tuple[str, ...]
    """Transcripts of the queue that the project does not hold."""


def arrange(api: Api, project: int, waiting: dy.DataFrame[Draws]) -> Arranged:
    """Put the draws in this order before whoever labels, each until its readers have read it.

    The words a detector marked stay filled in: its newest prediction is shown under the queue's version. What is in
    order already is not touched, so that doing it twice is doing it once.
    """
    held = dict(_held(api, project, waiting["transcript_id"].to_list()))
    settings = api.get(f"projects/{project}/")
    if settings["maximum_annotations"] < 2 and (waiting["readers"] > 1).any():
        # More than one reader is asked of single tasks only, and their number then stands with each task.
        api.patch(f"projects/{project}/", {"maximum_annotations": 2, "overlap_cohort_percentage": 0})
        held = dict(_held(api, project, waiting["transcript_id"].to_list()))
    here = [
        (held[name], *row)
        for name, *row in waiting.select("transcript_id", "draw", "readers").iter_rows()
        if name in held
    ]
    _rank(api, project, [(task, round(number / _MOST, 6)) for task, number, _ in here])
    for task, _, readers in here:
        _open(api, task, readers)
    tasks = tuple(task["id"] for task, *_ in here)
    if tasks and (settings["sampling"], settings["model_version"]) != ("Uncertainty sampling", VERSION):
        api.patch(f"projects/{project}/", {"sampling": "Uncertainty sampling", "model_version": VERSION})
    return Arranged(tasks, tuple(name for name in waiting["transcript_id"] if name not in held))


def _held(api: Api, project: int, names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tasks that show these transcripts, by transcript; of two for one, the older."""
    for start in range(0, len(names), _ASKED):
        items = [
            {"filter": "filter:tasks:data.transcript_id", "operator": "equal", "type": "String", "value": name}
            for name in names[start : start + _ASKED]
        ]
        query = json.dumps({"filters": {"conjunction": "or", "items": items}, "ordering": ["-tasks:id"]})
        page = api.get("tasks/", project=project, page=1, page_size=1000, fields="all", query=query)
        yield from ((task["data"]["transcript_id"], task) for task in page["tasks"])


def _rank(api: Api, project: int, scored: Iterable[tuple[Mapping[str, Any], float]]) -> None:
    """A prediction of the queue's version with its score for each task: the missing ones in one request."""
    new = []
    for task, score in scored:
        own, others = _parted(task["predictions"])
        if own is None:
            shown = others[-1]["result"] if others else []
            new.append({"task": task["id"], "model_version": VERSION, "score": score, "result": shown})
        elif own["score"] != score:
            api.patch(f"predictions/{own['id']}/", {"score": score})
    if new:
        api.post(f"projects/{project}/import/predictions", new)


def _parted(predictions: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any] | None, list[Mapping[str, Any]]]:
    """The queue's own prediction, and the others, oldest first."""
    given = sorted(predictions, key=lambda one: one["id"])
    own = next((one for one in given if one["model_version"] == VERSION), None)
    return own, [one for one in given if one["model_version"] != VERSION]


def _open(api: Api, task: Mapping[str, Any], readers: int) -> None:
    """Have the task served until so many have read it; Label Studio does not open a finished one by itself."""
    wanted = {"overlap": readers, "is_labeled": task["total_annotations"] >= readers}
    if any(task[key] != value for key, value in wanted.items()):
        api.patch(f"tasks/{task['id']}/", wanted)
