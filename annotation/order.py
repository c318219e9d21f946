"""Order: makes a Label Studio project serve what the queue holds, and nothing else while the queue lasts.

What Label Studio 1.23 does when an annotator asks for the next task, in this order: the task they hold the lock of; among tasks
that need more readers than one, a random one of those that others have read most often; then by the project's sampling.
Under "Uncertainty sampling" only tasks with a prediction of the project's `model_version` come, the lowest score first; where
two people or more have annotated in the project, it passes over the score and takes one of them at random, so that nobody
waits for a lock. A task is served until as many have read it as its `overlap` says.

So the queue is a set of predictions under a version of its own, scored by place: one annotator is served the queue in order,
several share it at random, second readers come first, and what was not drawn is served only when the queue is empty.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import dataframely as dy

from feint.annotation.studio import Studio
from feint.corpus.tables import Draws

SAMPLING = "Uncertainty sampling"
VERSION = "feint-queue"
"""The `model_version` under which a task is in the queue."""
_MOST = 1_000_000
"""Scores are numbers of draws over this: a task's place stays the same when others before it are done."""


@dataclass(frozen=True, slots=True)
class Arranged:
    """What became of a queue on a server."""

    tasks: tuple[int, ...]
    """Label Studio's numbers of the tasks in the queue, in order."""
    missing: tuple[str, ...]
    """Transcripts of the queue that the project does not hold."""


def arrange(studio: Studio, waiting: dy.DataFrame[Draws]) -> Arranged:
    """Put the draws in this order before whoever labels, each until its readers have read it.

    The words a detector marked stay filled in: its newest prediction is shown under the queue's version. What is in
    order already is not touched, so that doing it twice is doing it once.
    """
    names = waiting["transcript_id"].to_list()
    held = studio.showing(names)
    settings = studio.settings()
    if settings["maximum_annotations"] < 2 and (waiting["readers"] > 1).any():
        # More than one reader is asked of single tasks only, and their number then stands with each task.
        studio.set(maximum_annotations=2, overlap_cohort_percentage=0)
        held = studio.showing(names)
    draws = waiting.select("transcript_id", "draw", "readers").iter_rows()
    here = [(held[name], number, readers) for name, number, readers in draws if name in held]
    _rank(studio, [(task, round(number / _MOST, 6)) for task, number, _ in here])
    for task, _, readers in here:
        done = task["total_annotations"] >= readers
        if (task["overlap"], task["is_labeled"]) != (readers, done):
            studio.want(task["id"], readers, done=done)
    if here and (settings["sampling"], settings["model_version"]) != (SAMPLING, VERSION):
        studio.set(sampling=SAMPLING, model_version=VERSION)
    return Arranged(tuple(task["id"] for task, *_ in here), tuple(name for name in names if name not in held))


def _rank(studio: Studio, scored: Iterable[tuple[Mapping[str, Any], float]]) -> None:
    """A prediction of the queue's version with its score for each task: the missing ones in one request."""
    new = []
    for task, score in scored:
        own, others = _parted(task["predictions"])
        if own is None:
            shown = others[-1]["result"] if others else []
            new.append({"task": task["id"], "model_version": VERSION, "score": score, "result": shown})
        elif own["score"] != score:
            studio.rescore(own["id"], score)
    if new:
        studio.predict(new)


def _parted(predictions: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any] | None, list[Mapping[str, Any]]]:
    """The queue's own prediction, and the others, oldest first."""
    given = sorted(predictions, key=lambda one: one["id"])
    own = next((one for one in given if one["model_version"] == VERSION), None)
    return own, [one for one in given if one["model_version"] != VERSION]
