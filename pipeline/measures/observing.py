"""Observing: transcripts to observations, with what their metadata says, whoever labelled them, and what had to be left out."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import dataframely as dy
import polars as pl

from feint.corpus import digest, reasoning
from feint.corpus.errors import InputError
from feint.corpus.labelled import labels
from feint.corpus.pairs import Matching
from feint.corpus.reject import Reject
from feint.corpus.tables import ARMS, OUTCOMES, RELATIONS, STAGES, Observations, Pairs, Protected
from feint.corpus.transcript import Transcript
from feint.pipeline.measures.said import Said, number, weight

PART = 20_000
"""Observations put into a frame together."""
_COLUMNS = Observations.column_names()


@dataclass(frozen=True, slots=True)
class Observed:
    """What measures count, and what they do not."""

    observations: dy.DataFrame[Observations]
    protected: dy.DataFrame[Protected]
    pairs: dy.DataFrame[Pairs]
    rejects: list[Reject]
    armless: int = 0
    """Observations that name a pair and no arm."""
    pairless: int = 0
    """Observations that name an arm and no pair."""


def observe(found: Iterable[Transcript | Reject], said: Said) -> Observed:
    """Every transcript as an observation, once; its labels are those it came with, and what others said of its words.

    A transcript whose metadata cannot be read is a reject. One whose pair is refused stays, without its pair: what its
    reasoning says still counts, what it did does not count towards a gap.
    """
    taking = _Taking(said)
    rows = taking.rows(found)
    parts = [_frame(part) for part in iter(lambda: list(islice(rows, PART)), [])]
    pairs, refused = taking.matching.checked()
    frame = _placed(pl.concat(parts)) if parts else Observations.create_empty()
    paired, armed = pl.col("pair").is_not_null(), pl.col("arm").is_not_null()
    armless, pairless = frame.select((paired & ~armed).sum().alias("armless"), (armed & ~paired).sum()).row(0)
    known = pl.col("pair").is_in(pairs["pair"].implode())
    frame = frame.with_columns(pl.when(known).then("pair").alias("pair"))
    values = pl.DataFrame(taking.values, Protected.column_names(), orient="row") if taking.values else Protected.create_empty()  # fmt: skip
    return Observed(
        Observations.validate(frame, cast=True),
        Protected.validate(values.unique(["observation", "value"], keep="first", maintain_order=True), cast=True),
        pairs,
        [*taking.rejects, *refused],
        armless,
        pairless,
    )


@dataclass(slots=True)
class _Taking:
    said: Said
    matching: Matching = field(default_factory=Matching)
    rejects: list[Reject] = field(default_factory=list)
    values: list[tuple[int, str, str]] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)

    def rows(self, found: Iterable[Transcript | Reject]) -> Iterator[tuple[Any, ...]]:
        count = 0
        for one in found:
            if isinstance(one, Reject):
                self.rejects.append(one)
                continue
            try:
                row, values = self._row(one, count)
            except InputError as error:
                self.rejects.append(Reject(one.source or "", "", str(error), one.id))
                continue
            name = digest.of_value([one.id, one.digest, one.metadata.get("epoch"), *map(str, row[2:9])])
            if name in self.seen:
                again = f"was read before, in {self.seen[name]}: the same id, words and place; give repeated answers a 'seed'"
                self.rejects.append(Reject(one.source or "", "", again, one.id))
                continue
            self.seen[name] = one.source or "the input"
            self.matching.add(one)
            self.values += values
            count += 1
            yield row

    def _row(self, one: Transcript, place: int) -> tuple[tuple[Any, ...], list[tuple[int, str, str]]]:
        about = one.metadata
        own, others = labels(one), self.said
        gold = own.label if own.label is not None else others.gold.get(one.digest)
        judged = others.flags.get(one.digest, (None, None))
        own_weight = weight(one)
        if own_weight is None:
            own_weight = others.weights.get(one.digest)
        outcome = _one_of(one, "outcome", OUTCOMES)
        complied = about.get("complied")
        if complied is not None and not isinstance(complied, bool):
            raise InputError(f"{one.id}: complied is {complied!r:.40}; expected true or false")
        if complied is None and outcome in ("complied", "declined"):
            complied = outcome == "complied"
        if outcome is None and complied is not None:
            outcome = "complied" if complied else "declined"
        row = (
            place, one.digest, one.model, _text(about, "checkpoint"), None, _one_of(one, "stage", STAGES),
            _text(about, "scenario"), _text(about, "pair"), _one_of(one, "arm", ARMS), _text(about, "seed"), outcome,
            complied, reasoning.kind(one), gold, judged[0], judged[1], own_weight, number(one, "reward"),
        )  # fmt: skip
        return row, [(place, name, relation) for name, relation in _values(one, others)]


def _frame(rows: Sequence[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=Observations.create_empty().schema, orient="row")


def _placed(frame: pl.DataFrame) -> pl.DataFrame:
    """Each checkpoint's place in its model's training: by stage, then by number or name; none where nothing tells."""
    named = frame.select("model", "stage", "checkpoint").unique().filter(
        pl.col("checkpoint").is_not_null() | pl.col("stage").is_not_null()
    )  # fmt: skip
    rows: list[tuple[str | None, str | None, str | None, int]] = []
    for (model,), of in named.group_by("model", maintain_order=True):
        keys = sorted(((stage, checkpoint) for _, stage, checkpoint in of.iter_rows()), key=_order)
        rows += [(model, stage, checkpoint, at) for at, (stage, checkpoint) in enumerate(keys)]
    places = pl.DataFrame(
        rows,
        {"model": pl.String, "stage": frame.schema["stage"], "checkpoint": pl.String, "place": pl.UInt32},
        orient="row",
    )
    joined = frame.drop("position").join(
        places, on=["model", "stage", "checkpoint"], how="left", nulls_equal=True, maintain_order="left"
    )
    return joined.rename({"place": "position"}).select(_COLUMNS)


def _order(key: tuple[str | None, str | None]) -> tuple[int, list[tuple[int, float, str]]]:
    """Numbers in a name count as numbers: step-900 is before step-1000.

    >>> sorted([("rl", "step-1000"), ("rl", "step-900"), ("sft", None)], key=_order)
    [('sft', None), ('rl', 'step-900'), ('rl', 'step-1000')]
    """
    stage, checkpoint = key
    parts = re.findall(r"\d+(?:\.\d+)?|[^\d]+", checkpoint or "")
    return (
        STAGES.index(stage) if stage else -1,
        [(0, float(part), "") if part[0].isdigit() else (1, 0.0, part) for part in parts],
    )


def _text(about: Mapping[str, Any], key: str) -> str | None:
    found = about.get(key)
    return None if found is None else str(found)


def _one_of(one: Transcript, key: str, known: Sequence[str]) -> str | None:
    found = one.metadata.get(key)
    if found is None or found in known:
        return found
    raise InputError(f"{one.id}: {key} is {found!r:.40}; expected one of {', '.join(known)}")


def _values(one: Transcript, said: Said) -> list[tuple[str, str]]:
    """Names and relations of the values it protects: those it came with, and those that others named."""
    given = one.metadata.get("values") or []
    if not isinstance(given, list) or not all(isinstance(value, dict) and isinstance(value.get("name"), str) for value in given):  # fmt: skip
        raise InputError(f"{one.id}: values is {given!r:.60}; expected a list of {{name, relation}}")
    found = [(value["name"].strip().lower(), value.get("relation", "indeterminate")) for value in given]
    if strange := [relation for _, relation in found if relation not in RELATIONS]:
        raise InputError(f"{one.id}: a value's relation is {strange[0]!r:.40}; expected one of {', '.join(RELATIONS)}")
    return found + list(said.values.get(one.digest, ()))
