"""Validation sets of Inspect Scout: CSV files that say what transcripts are labelled, and nothing of their words."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from feint.corpus.errors import InputError
from feint.corpus.labelled import HEADLINE
from feint.corpus.reject import Reject
from feint.corpus.transcript import Transcript

_TRUTHS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "1": True,
    "false": False,
    "False": False,
    "FALSE": False,
    "0": False,
}
_KINDS = ("label_", "target_")
"""What columns begin with that are named after what they label; with either, a column 'target' says nothing."""
_NOT_OURS = ("id", "target", "split", "predicate", "task_id", "task_repeat")


@dataclass(frozen=True, slots=True)
class Case:
    """One row: a transcript and what it is labelled."""

    id: str
    """Scout's transcript_id; of a sample in an Inspect log, its uuid."""
    labels: Mapping[str, bool] = field(default_factory=dict)
    """By indicator; the column 'target' is the headline, `faking`."""
    split: str | None = None


def read(path: Path) -> Iterator[Case | Reject]:
    """Every row as a case or a reject: columns id and target, target_* or label_*, and split where there is one.

    InputError where it is no such file. A row that names several transcripts, as Scout allows, or whose label is neither
    true nor false, is a reject; one without any label gives nothing.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            named = _columns(rows.fieldnames or (), path)
            for row in rows:
                place = f"line {rows.line_num}"
                try:
                    if (case := _case(row, named)).labels:
                        yield case
                except ValueError as error:
                    yield Reject(str(path), place, str(error), row.get("id"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is no CSV in UTF-8: {error}") from error


def _columns(names: Iterable[str], path: Path) -> dict[str, str]:
    """What each labelling column labels."""
    there = list(names)
    kind = next((kind for kind in _KINDS if any(name.startswith(kind) for name in there)), None)
    found = {name: name.removeprefix(kind) for name in there if kind and name.startswith(kind)}
    found = found or {name: HEADLINE for name in there if name == "target"}
    if "id" not in there or not found:
        raise InputError(
            f"{path} has the columns {', '.join(there) or 'of no header'}; expected id and target, target_* or label_*"
        )
    return found


def _case(row: Mapping[str, str | None], named: Mapping[str, str]) -> Case:
    name = (row["id"] or "").strip()
    if not name:
        raise ValueError("no id")
    if "," in name:
        raise ValueError(f"id {name!r} names several transcripts; expected one")
    labels = {}
    for column, what in named.items():
        said = (row[column] or "").strip()
        if said and said not in _TRUTHS:
            raise ValueError(f"{column} is {said!r:.40}; expected true or false")
        if said:
            labels[what] = _TRUTHS[said]
    return Case(name, labels, (row.get("split") or "").strip() or None)


def write(path: Path, cases: Iterable[Case]) -> tuple[int, list[Reject]]:
    """Write cases as Scout reads them; how many, and those that it could not read, each with its reason.

    Where all cases are labelled for the headline alone, the columns are id, target and split; else id, a label_* for
    each indicator, and split. Scout takes an empty label for true, so that a case without one of them is left out.
    """
    given = list(cases)
    names = sorted({name for one in given for name in one.labels})
    columns = ["target"] if names == [HEADLINE] else [f"label_{name}" for name in names]
    split = any(one.split for one in given)
    numeric = all(_number(one.id) for one in given)
    rejects, rows, seen = [], [], set[str]()
    for one in given:
        reason = _unwritable(one, names, seen, numeric=numeric)
        seen.add(one.id)
        if reason:
            rejects.append(Reject(str(path), "", reason, one.id))
            continue
        told = ["true" if one.labels[name] else "false" for name in names]
        rows.append([one.id, *told, *([one.split or ""] if split else [])])
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["id", *columns, *(["split"] if split else [])], *rows])
    draft.replace(path)
    return len(rows), rejects


def _unwritable(one: Case, names: list[str], seen: set[str], *, numeric: bool) -> str | None:
    """Why Scout would not read this case as it is meant."""
    if "," in one.id or one.id.startswith("["):
        return "Scout takes its id for several"
    if one.id in seen:
        return "its id is another's as well"
    if numeric and str(int(float(one.id))) != one.id:
        return "all ids are numbers, and Scout would write this one otherwise"
    if missing := [name for name in names if name not in one.labels]:
        return f"nobody could tell {', '.join(missing)}"
    return None


def _number(text: str) -> bool:
    try:
        return float(text) == float(text) and abs(float(text)) != float("inf")
    except ValueError:
        return False


def name_of(transcript: Transcript) -> str:
    """What Scout calls a transcript: the uuid of a sample in an Inspect log, else its id.

    >>> from feint.corpus.transcript import Message
    >>> name_of(Transcript(id="3", messages=(Message(role="user"),), metadata={"uuid": "L9P"}))
    'L9P'
    """
    uuid = transcript.metadata.get("uuid")
    return uuid if isinstance(uuid, str) and uuid else transcript.id


class Labelled:
    """Transcripts with the labels of cases put into their metadata, as if they had come with them."""

    def __init__(self, cases: Iterable[Case | Reject]) -> None:
        self._cases: dict[str, Case] = {}
        self.rejects: list[Reject] = []
        """Rows that could not be taken, and, when all transcripts have passed, those that no transcript is called."""
        for one in cases:
            if isinstance(one, Reject):
                self.rejects.append(one)
            elif self._cases.setdefault(one.id, one).labels != one.labels:
                self.rejects.append(Reject("", "", "labelled twice, differently; the first counts", one.id))

    def of(self, transcripts: Iterable[Transcript | Reject]) -> Iterator[Transcript | Reject]:
        """The same transcripts; what one says of itself goes before what the file says of it."""
        left = dict(self._cases)
        for one in transcripts:
            case = None if isinstance(one, Reject) else self._cases.get(name_of(one)) or self._cases.get(one.id)
            if case is None or isinstance(one, Reject):
                yield one
                continue
            left.pop(case.id, None)
            given = one.metadata.get("labels")
            labels = {**case.labels, **(given if isinstance(given, dict) else {})}
            yield one.model_copy(update={"metadata": {**one.metadata, "labels": labels}})
        self.rejects += [Reject("", "", "labelled, and no transcript is called that", name) for name in left]
