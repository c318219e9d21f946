"""Push: bring gathered transcripts to annotators, each once, with what a detector says of them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from feint.annotation import sync, tasks
from feint.annotation.studio import Studio, Unsure
from feint.annotation.sync import Held, Plan, Wanted
from feint.corpus.errors import InputError, StudioError
from feint.corpus.reject import Reject
from feint.corpus.transcript import Transcript
from feint.pipeline.gather import transcripts
from feint.pipeline.preannotation import Model, preannotated
from feint.pipeline.progress import track
from feint.pipeline.store import Artifact

MOST = 500
"""Tasks sent together."""
LARGEST = 8_000_000
"""Characters sent together; one longer task goes alone."""
TRIES = 5
"""Times to look again without having got further before giving up."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push came to; of a dry run, what it would come to."""

    new: int
    changed: int
    """Tasks nobody had worked on that show other words now."""
    unchanged: int
    predicted: int
    """Tasks that got a prediction, new ones among them."""
    removed: int
    """Tasks that showed a transcript twice, with nobody's work on them."""
    others: int
    """Tasks that show none of these transcripts; they stay."""
    conflicts: list[Reject] = field(default_factory=list)
    """Transcripts whose earlier words people have worked on: those stay as they are."""
    rejects: list[Reject] = field(default_factory=list)
    """Transcripts that Label Studio cannot hold, and those that the detector cannot judge."""


def push(
    studio: Studio, gathered: Artifact, predicting: Model | None = None, *, anew: bool = False, dry_run: bool = False
) -> Pushed:
    """Bring the project to hold every gathered transcript once; what people have worked on is never touched.

    Nothing is sent before the project was looked at, and it is looked at again until it holds everything: what was sent
    and got no answer is found there, or sent again, and tasks that two who push at once have made twice go. Whoever is
    interrupted pushes again. With `anew` changed transcripts whose earlier words people have worked on are new ones.
    """
    return _Push(studio, gathered, predicting, anew=anew).run(dry_run=dry_run)


class _Push:
    """A push under way: what is wanted, and what was found out about it."""

    def __init__(self, studio: Studio, gathered: Artifact, predicting: Model | None, *, anew: bool) -> None:
        self._studio = studio
        self._gathered = gathered
        self._predicting = predicting
        self._anew = anew
        heads = pl.scan_parquet(gathered / "transcripts-*.parquet").select("transcript_id", "id", "source").collect()
        self._wanted = {
            words: Wanted(words, given, sync.name_of(given, source)) for words, given, source in heads.iter_rows()
        }
        self._conflicts: dict[str, Reject] = {}
        self._rejects: dict[str, Reject] = {}
        self._mute: dict[str, Reject] = {}
        """Transcripts that the detector cannot judge."""
        self._kept: set[int] = set()
        """Tasks that show a transcript twice, and that somebody has begun to work on."""

    def run(self, *, dry_run: bool) -> Pushed:
        first = plan = self._plan()
        seen = [first]
        unsure: Unsure | None = None
        tries = 0
        while plan and not dry_run:
            try:
                self._carry_out(plan)
            except Unsure as error:
                unsure = error
            before, plan = plan, self._plan()
            seen.append(plan)
            tries = 0 if plan.size < before.size else tries + 1
            if plan and tries >= TRIES:
                raise StudioError(
                    f"{plan.size} of {len(self._wanted)} transcripts are not settled on {self._studio.url}: "
                    f"{unsure or 'they keep changing'}; push again: what has arrived is not sent again"
                ) from unsure
        if self._predicting and self._wanted and not dry_run:
            self._studio.show_version(self._predicting.version)
        return self._summary(seen)

    def _plan(self) -> Plan:
        """What is left to do, without what was found to be impossible."""
        version = self._predicting.version if self._predicting else None
        held = self._studio.held(versions=version is not None)
        plan = sync.plan(held, self._wanted.values(), version, anew=self._anew)
        self._conflicts |= {words: self._conflict(words, before) for words, before in plan.conflicts.items()}
        settled = self._rejects.keys() | (set() if self._anew else self._conflicts.keys())
        return replace(
            plan,
            new=plan.new - settled,
            changed={words: task for words, task in plan.changed.items() if words not in settled},
            unpredicted={words: task for words, task in plan.unpredicted.items() if words not in self._mute},
            doubled=tuple(task for task in plan.doubled if task not in self._kept),
        )

    def _carry_out(self, plan: Plan) -> None:
        """Everything of a plan, once; changed tasks get their predictions in the next."""
        for task in track(plan.doubled, "removing what is there twice"):
            if self._studio.worked_on(task):
                self._kept.add(task)
            else:
                self._studio.delete(task)
        sent = _Batch(self._studio.send)
        told = _Batch(self._studio.predict)
        for transcript, prediction in track(self._said(plan), "pushing transcripts", plan.size - len(plan.doubled)):
            words = transcript.digest
            if words in plan.unpredicted:
                if prediction:
                    told.add({**prediction, "task": plan.unpredicted[words]})
            elif made := self._task(transcript):
                if words in plan.changed:
                    self._change(plan.changed[words], transcript, made)
                else:
                    sent.add({**made, "predictions": [prediction] if prediction else []})
        sent.flush()
        told.flush()

    def _said(self, plan: Plan) -> Iterator[tuple[Transcript, dict[str, Any] | None]]:
        """The transcripts that there is something to do about, with their predictions."""
        wanted = plan.new | plan.changed.keys() | plan.unpredicted.keys()
        found = (one for one in transcripts(self._gathered.path) if one.digest in wanted)
        if self._predicting is None:
            yield from ((one, None) for one in found)
            return
        for one, prediction, reject in preannotated(found, self._predicting):
            if reject:
                self._mute[one.digest] = reject
            yield one, prediction

    def _task(self, transcript: Transcript) -> dict[str, Any] | None:
        try:
            made = tasks.task(transcript)
        except InputError as error:
            self._rejects[transcript.digest] = Reject(transcript.source or "", "", str(error), transcript.id)
            return None
        return {**made, "meta": sync.meta(self._wanted[transcript.digest])}

    def _change(self, task: int, transcript: Transcript, made: dict[str, Any]) -> None:
        """Give a task other words, unless somebody has begun to work on it since it was listed."""
        if self._studio.worked_on(task):
            self._conflicts[transcript.digest] = self._conflict(transcript.digest, Held(task, None, "", work=1))
        else:
            self._studio.change(task, made["data"], made["meta"])

    def _conflict(self, words: str, before: Held) -> Reject:
        one = self._wanted[words]
        reason = (
            f"task {before.task} shows earlier words of it, on which people have worked; they stay. Push with --anew to "
            "have these words annotated as well, or delete the task to have them instead"
        )
        return Reject(self._studio.url, f"task {before.task}", reason, one.id)

    def _summary(self, plans: list[Plan]) -> Pushed:
        new = set().union(*(plan.new for plan in plans)) - self._rejects.keys()
        changed = set().union(*(plan.changed for plan in plans)) - self._rejects.keys() - self._conflicts.keys()
        predicted = set().union(*(plan.unpredicted for plan in plans)) | (new | changed if self._predicting else set())
        doubled = set().union(*(plan.doubled for plan in plans)) - self._kept
        return Pushed(
            len(new), len(changed), plans[0].unchanged, len(predicted - self._mute.keys()), len(doubled),
            plans[0].others, list(self._conflicts.values()), [*self._rejects.values(), *self._mute.values()],
        )  # fmt: skip


class _Batch:
    """Things that are sent together, as soon as they are many or large."""

    def __init__(self, send: Callable[[list[dict[str, Any]]], None]) -> None:
        self._send = send
        self._waiting: list[dict[str, Any]] = []
        self._size = 0

    def add(self, one: dict[str, Any]) -> None:
        size = len(json.dumps(one))
        if self._waiting and (len(self._waiting) >= MOST or self._size + size > LARGEST):
            self.flush()
        self._waiting.append(one)
        self._size += size

    def flush(self) -> None:
        waiting, self._waiting, self._size = self._waiting, [], 0
        if waiting:
            self._send(waiting)
