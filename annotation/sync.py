"""What a push would change: what a project holds, held against the transcripts that are wanted on it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from feint.corpus import digest

FORM = 1
"""Of how a transcript is laid out as a task; a task of another form that nobody has worked on is laid out anew."""


@dataclass(frozen=True, slots=True)
class Held:
    """A task as a project holds it, without its words."""

    task: int
    """Label Studio's number."""
    transcript_id: str | None
    """Digest of the words it shows; none for a task that was not made here."""
    updated_at: str
    """When anything of it changed last, annotations included, as the server says."""
    name: str | None = None
    """See `name_of`; likewise `form`: see `FORM`."""
    form: int | None = None
    work: int = 0
    """Annotations, skips and drafts that people have made on it."""
    versions: frozenset[str] = frozenset()
    """Models whose predictions it has, where that was asked for."""

    @property
    def stamp(self) -> str:
        """Another one whenever people have done something on the task."""
        return f"{self.updated_at} {self.work}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A transcript that a project shall hold."""

    transcript_id: str
    id: str
    """What it is called for people."""
    name: str
    """See `name_of`."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, by transcript and task; nothing that people have worked on is ever changed."""

    new: frozenset[str] = frozenset()
    """Transcripts to import."""
    changed: Mapping[str, int] = field(default_factory=dict)
    """Transcripts whose earlier words, or earlier layout, a task shows that nobody has worked on: it gets these."""
    conflicts: Mapping[str, Held] = field(default_factory=dict)
    """Transcripts whose earlier words a task shows that people have worked on."""
    unpredicted: Mapping[str, int] = field(default_factory=dict)
    """Transcripts whose task lacks a prediction of the wanted model."""
    doubled: tuple[int, ...] = ()
    """Tasks that show a transcript another task shows too, and that nobody has worked on."""
    unchanged: int = 0
    """Transcripts that are there as they are."""
    others: int = 0
    """Tasks that show none of these transcripts; they stay."""

    @property
    def size(self) -> int:
        """Things to do."""
        return len(self.new) + len(self.changed) + len(self.unpredicted) + len(self.doubled)

    def __bool__(self) -> bool:
        return self.size > 0


def name_of(given: str, source: str | None) -> str:
    """What stays the same when the words of a transcript change: its id and source, as a digest that says neither.

    Tasks carry it out of the annotators' sight, who are asked not to go by a file's name.
    """
    return digest.of_value([source, given])


def meta(one: Wanted) -> dict[str, Any]:
    """What a task carries out of the annotators' sight, so that it is known again."""
    return {"feint": {"transcript": one.transcript_id, "name": one.name, "form": FORM}}


def plan(held: Iterable[Held], wanted: Iterable[Wanted], version: str | None = None, *, anew: bool = False) -> Plan:
    """What a push would do; `version` names the model whose predictions are wanted too.

    A transcript has changed where its words are nowhere in the project, and a task of its name, the only one, shows
    words that are wanted no longer. With `anew` those whose earlier words people have worked on are imported as well.

    >>> before = Held(7, "old words", "2026-11-28T12:00:00Z", name="letter", form=FORM)
    >>> plan([before], [Wanted("new words", "letter-01", "letter")]).changed
    {'new words': 7}
    """
    tasks, wishes = list(held), list(wanted)
    by_words, doubled = _by_words(tasks)
    wanted_words = {one.transcript_id for one in wishes}
    by_name = _by_name(task for task in by_words.values() if task.transcript_id not in wanted_words)
    missing = [one for one in wishes if one.transcript_id not in by_words]
    twice = {name for name, count in Counter(one.name for one in missing).items() if count > 1}
    new: set[str] = set()
    changed: dict[str, int] = {}
    conflicts: dict[str, Held] = {}
    for one in missing:
        before = None if one.name in twice else by_name.get(one.name)
        if before is None:
            new.add(one.transcript_id)
        elif not before.work:
            changed[one.transcript_id] = before.task
        else:
            conflicts[one.transcript_id] = before
            if anew:
                new.add(one.transcript_id)
    there = [by_words[words] for words in sorted(wanted_words & by_words.keys())]
    relaid = {task.transcript_id: task.task for task in there if task.form != FORM and not task.work}
    changed |= {words: task for words, task in relaid.items() if words is not None}
    lacking = {task.transcript_id: task.task for task in there if version and version not in task.versions}
    return Plan(
        frozenset(new), changed, conflicts,
        {words: task for words, task in lacking.items() if words is not None and words not in relaid},
        doubled, len(there) - len(relaid),
        len(by_words) - len(there) - len(changed) + len(relaid) + sum(task.transcript_id is None for task in tasks),
    )  # fmt: skip


def _by_words(tasks: Iterable[Held]) -> tuple[dict[str, Held], tuple[int, ...]]:
    """The task for each transcript, and the others that show it and can go: all that nobody has worked on.

    Of several the one stays that people have worked on, else the first, so that two who tidy up at once agree.
    """
    shown: dict[str, list[Held]] = defaultdict(list)
    for task in tasks:
        if task.transcript_id is not None:
            shown[task.transcript_id].append(task)
    kept: dict[str, Held] = {}
    doubled: list[int] = []
    for words, same in shown.items():
        kept[words], *others = sorted(same, key=lambda task: (not task.work, task.task))
        doubled += [task.task for task in others if not task.work]
    return kept, tuple(sorted(doubled))


def _by_name(tasks: Iterable[Held]) -> dict[str, Held]:
    """The tasks whose name no other has."""
    named: dict[str, list[Held]] = defaultdict(list)
    for task in tasks:
        if task.name is not None:
            named[task.name].append(task)
    return {name: same[0] for name, same in named.items() if len(same) == 1}
