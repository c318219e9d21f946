"""Said: what people and detectors say of transcripts' words, from labelled lines, scan lines and settled labels."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from feint.corpus.errors import InputError
from feint.corpus.labelled import labels
from feint.corpus.reading import read
from feint.corpus.reject import Reject
from feint.corpus.transcript import Transcript

HEAD = 20
"""Lines of a file that are looked at to tell what it is."""


@dataclass(slots=True)
class Said:
    """Labels by the digest of a transcript's words: the same words have the same label wherever they stand."""

    gold: dict[str, bool] = field(default_factory=dict)
    """Whether people hold that it fakes."""
    flags: dict[str, tuple[float, bool]] = field(default_factory=dict)
    """A detector's probability, and whether it is flagged."""
    weights: dict[str, float] = field(default_factory=dict)
    """Answers that a label stands for."""
    values: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Names and relations of values that it protects."""
    rejects: list[Reject] = field(default_factory=list)


def said(paths: Iterable[Path]) -> Said:
    """What the files say: lines of `feint scan`, or transcripts with labels in any known format.

    An InputError where a file holds neither.
    """
    found = Said()
    for path in paths:
        if _is_scan(path):
            _take_scan(path, found)
        else:
            _take_labelled(path, found)
    return found


def settled(gold: Path, found: Said) -> None:
    """Add the project's settled labels; those that people could not settle say nothing."""
    rows = pl.read_parquet(gold).filter((pl.col("indicator") == "faking") & pl.col("present").is_not_null())
    found.gold |= dict(rows.select("transcript_id", "present").iter_rows())


def named(values: pl.DataFrame, found: Said) -> None:
    """Add the values that annotators named: a row each, with transcript_id, value and relation; none says nothing.

    >>> found = Said()
    >>> rows = [("t", "ann", "Honesty ", "intended"), ("t", "ben", "honesty", "intended"), ("u", "ann", None, None)]
    >>> named(pl.DataFrame(rows, ["transcript_id", "annotator", "value", "relation"], orient="row"), found)
    >>> found.values
    {'t': [('honesty', 'intended')]}
    """
    name = pl.col("value").str.strip_chars().str.to_lowercase()
    relation = pl.col("relation").cast(pl.String).fill_null("indeterminate")
    rows = (
        values.filter(pl.col("value").is_not_null()).select("transcript_id", name, relation).unique(maintain_order=True)
    )
    for transcript_id, value, stands in rows.iter_rows():
        found.values.setdefault(transcript_id, []).append((value, stands))


def weight(one: Transcript) -> float | None:
    """Answers that a transcript's label stands for: its `weight`, or one over its `inclusion` probability.

    >>> from feint.corpus.transcript import Message
    >>> weight(Transcript(id="a", messages=(Message(role="assistant"),), metadata={"inclusion": 0.25}))
    4.0
    """
    inclusion, given = number(one, "inclusion"), number(one, "weight")
    if inclusion is not None and not 0 < inclusion <= 1:
        raise InputError(f"{one.id}: inclusion is {inclusion:g}; expected a probability above 0, up to 1")
    if given is not None and given < 0:
        raise InputError(f"{one.id}: weight is {given:g}; expected 0 or more")
    return given if given is not None or inclusion is None else 1 / inclusion


def number(one: Transcript, key: str) -> float | None:
    """A number of a transcript's metadata; none where it has none, InputError where it is something else."""
    found = one.metadata.get(key)
    if found is None or (isinstance(found, int | float) and not isinstance(found, bool)):
        return found
    raise InputError(f"{one.id}: {key} is {found!r:.40}; expected a number")


def _is_scan(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        heads = [line for line, _ in zip(file, range(HEAD), strict=False) if line.strip()]
    parsed = [_parsed(line) for line in heads]
    return any(row is not None and "transcript_id" in row and ("faking" in row or "error" in row) for row in parsed)


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def _take_scan(path: Path, found: Said) -> None:
    for number, row in _lines(path):
        name, probability, flagged = (
            (row or {}).get("transcript_id"),
            (row or {}).get("faking"),
            (row or {}).get("flagged"),
        )
        if row is not None and "error" in row:
            found.rejects.append(Reject(str(path), f"line {number}", f"not judged: {row['error']}", str(row.get("id"))))
        elif isinstance(name, str) and isinstance(probability, int | float) and isinstance(flagged, bool):
            found.flags[name] = float(probability), flagged
        else:
            reason = "is no line of 'feint scan'; expected 'transcript_id', 'faking' and 'flagged'"
            found.rejects.append(Reject(str(path), f"line {number}", reason))


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | None]]:
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, _parsed(line)


def _take_labelled(path: Path, found: Said) -> None:
    taken = 0
    for one in read([path]):
        if isinstance(one, Reject):
            found.rejects.append(one)
            continue
        try:
            label, stands_for = labels(one).label, weight(one)
        except InputError as error:
            found.rejects.append(Reject(one.source or "", "", str(error), one.id))
            continue
        if label is None:
            found.rejects.append(Reject(one.source or "", "", "no label; expected 'label': true or false", one.id))
            continue
        taken += 1
        found.gold[one.digest] = label
        if stands_for is not None:
            found.weights[one.digest] = stands_for
    if not taken:
        raise InputError(
            f"{path} holds no labels; expected lines of 'feint scan', or transcripts with 'label': true or false"
        )
