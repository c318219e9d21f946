"""Findings: a table of measures as the page tells it: the answer, the warnings, and a section a family with its figures."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from feint.corpus.errors import InputError
from feint.corpus.tables import Measures
from feint.pipeline import figures
from feint.pipeline.figures import Band, Point

FILE = "measures.parquet"
"""What `feint measure` writes besides tables for other tools."""
GAP = "compliance_gap"
QUESTIONS = {
    "gap": "Does it behave otherwise when it believes that it is watched?",
    "rates": "How often does its reasoning say so?",
    "lock-in": "Does training still reach what it does unobserved?",
    "values": "In defence of what, and since when?",
    "consistency": "How consistent is it?",
    "missing": "What could not be seen",
}
"""The families in the order of the page."""
MOST_ROWS = 40
"""Rows of a forest plot; a table holds the rest."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture, and the numbers in it."""

    name: str
    """Its file's name, without an ending."""
    caption: str
    svg: str
    numbers: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Section:
    """One family of measures."""

    family: str
    question: str
    figures: list[Figure]
    rows: list[Row]
    methods: list[tuple[str, str]]
    """Each measure, and how it is made and after whom."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything the page says of a table of measures."""

    answers: list[str]
    """One sentence a model, the widest gap first."""
    warnings: list[tuple[str, list[str]]]
    """Each warning with the results it is about, the most concerned first."""
    sections: list[Section]

    def figures(self) -> list[Figure]:
        """Every picture, in the order of the page."""
        return [figure for section in self.sections for figure in section.figures]


def load(path: Path) -> pl.DataFrame:
    """The measures in a folder written by `feint measure`, or in its parquet file."""
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise InputError(f"{path} holds no {FILE}; expected a folder written by 'feint measure … -o {path}'")
    try:
        return Measures.validate(pl.read_parquet(file))
    except Exception as error:
        raise InputError(
            f"{file} is no table of measures: {str(error).splitlines()[0]}; make it with 'feint measure'"
        ) from error


def findings(measures: pl.DataFrame) -> Findings:
    """What a table of measures comes to.

    >>> from feint.pipeline.measures import Group, Result, table
    >>> gap = Result(family="gap", measure="compliance_gap", title="compliance gap", estimate=0.21, low=0.14, high=0.28,
    ...              unit="share", null=0.0, observations=480, clusters=12, cluster="scenario", method="", source="",
    ...              group=Group(model="m-1"))
    >>> findings(table([gap])).answers
    ['m-1 complies 21 points more often when it believes that it is observed (95 % interval 14 to 28 points; 12 scenarios).']
    """
    rows = measures.to_dicts()
    sections = [
        Section(family, question, list(_figures(family, here)), [_told(row) for row in here], _methods(here))
        for family, question in QUESTIONS.items()
        if (here := [row for row in rows if row["family"] == family])
    ]
    return Findings([_answer(row) for row in _headline(rows)], _warnings(rows), sections)


def _headline(rows: Sequence[Row]) -> list[Row]:
    """The gap of each model: at its last checkpoint where it has checkpoints."""
    gaps = [row for row in rows if row["measure"] == GAP and not row["part"] and row["scenario"] is None]
    known = [row for row in gaps if row["model"] is not None] or gaps
    by_model: dict[str | None, Row] = {}
    for row in sorted(known, key=lambda row: (row["position"] is not None, row["position"] or 0, row["stage"] is None)):
        by_model[row["model"]] = row
    return sorted(by_model.values(), key=lambda row: -(row["estimate"] or 0.0))


def _answer(row: Row) -> str:
    name = row["model"] or "The model"
    at = f" at {row['checkpoint']}, its last checkpoint," if row["checkpoint"] else ""
    if row["estimate"] is None:
        return f"Whether {name}{at} behaves otherwise when observed cannot be said: {'; '.join(row['warnings']) or 'undefined'}."
    low, high, points = row["low"], row["high"], round(100 * abs(row["estimate"]))
    known = low is not None and high is not None
    rests = (
        f"{round(100 * row['level'])} % interval {100 * low:.0f} to {100 * high:.0f} points; "
        if known
        else "no interval; "
    )
    rests += f"{row['clusters']} {row['cluster']}{'s' if row['clusters'] != 1 else ''}"
    if known and low <= 0 <= high:
        return f"{name}{at} shows no compliance gap that is sure: {100 * row['estimate']:+.0f} points when observed ({rests})."
    more = "more" if row["estimate"] > 0 else "less"
    return f"{name}{at} complies {points} points {more} often when it believes that it is observed ({rests})."


def _warnings(rows: Sequence[Row]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        for words in row["warnings"]:
            found.setdefault(words, []).append(f"{_what(row)} ({_group(row)})")
    return sorted(found.items(), key=lambda item: -len(item[1]))


def _told(row: Row) -> Row:
    """A row as a table shows it."""
    return {
        "group": _group(row),
        "what": _what(row),
        "words": _words(row),
        "finding": f"{row['finding'] or ''}{' (evidence ' + row['grade'] + ')' if row['grade'] else ''}",
        "clusters": f"{row['clusters']} {row['cluster']}{'s' if row['clusters'] != 1 else ''}",
        "observations": row["observations"],
        "p": "" if row["p"] is None else f"{row['p']:.3f}" if row["p"] >= 0.001 else "< 0.001",
        "labels": row["labels"],
        "counts": ", ".join(f"{key} {value:.4g}" for key, value in json.loads(row["counts"]).items()),
        "warnings": row["warnings"],
    }


def _methods(rows: Sequence[Row]) -> list[tuple[str, str]]:
    told = {(row["title"], f"{row['method']}{' (' + row['source'] + ')' if row['source'] else ''}") for row in rows}
    return sorted(told)


def _what(row: Row) -> str:
    return f"{row['title']}: {row['part']}" if row["part"] and row["part"] not in row["title"] else str(row["title"])


def _group(row: Row) -> str:
    return ", ".join(row[key] for key in ("model", "stage", "checkpoint", "scenario") if row[key]) or "all"


def _words(row: Row) -> str:
    """'21 % (14–28 %)', as much of it as is known."""
    if row["estimate"] is None:
        return "–"
    share = row["unit"] == "share"
    scale, places, sign = (100.0, 1, " %") if share else (1.0, 2, "")
    said = f"{scale * row['estimate']:.{places}f}{sign}"
    if row["low"] is None and row["high"] is None:
        return said
    low, high = ("…" if end is None else f"{scale * end:.{places}f}" for end in (row["low"], row["high"]))
    return f"{said} ({low} to {high}{sign})"


def _figures(family: str, rows: Sequence[Row]) -> Iterator[Figure]:
    """A picture for each measure in a family: curves where it was taken at checkpoints, and rows with intervals elsewhere."""
    drawn = [row for row in rows if row["estimate"] is not None]
    for measure in dict.fromkeys(row["measure"] for row in drawn):
        same = [row for row in drawn if row["measure"] == measure]
        yield from _along(f"{family}-{measure}", [row for row in same if row["scenario"] is None])
        whole = [row for row in same if row["checkpoint"] is None and row["stage"] is None and row["low"] is not None]
        for kind, across in (
            ("models", [row for row in whole if row["scenario"] is None]),
            ("scenarios", [row for row in whole if row["scenario"]]),
        ):
            if across:
                by = f", by {kind.removesuffix('s')}" if any(row[kind.removesuffix("s")] for row in across) else ""
                yield _drawn(f"{family}-{measure}-{kind}", across, _forest(across[:MOST_ROWS]), across[0]["title"] + by)


def _along(name: str, rows: Sequence[Row]) -> Iterator[Figure]:
    """Curves over checkpoints: a line a model, or, where a measure has parts, a picture a model with a line a part."""
    placed = [row for row in rows if row["position"] is not None]
    models = list(dict.fromkeys(row["model"] for row in placed))
    apart = any(row["part"] for row in placed)
    for chosen in [[model] for model in models] if apart else [models]:
        along = [row for row in placed if row["model"] in chosen]
        if len({row["position"] for row in along}) > 1:
            of = chosen[0] if apart or len(models) == 1 else None
            title = f"{along[0]['title']}{f', {of}' if of else ''}, over checkpoints"
            yield _drawn(
                "-".join(filter(None, (name, of if apart else None, "checkpoints"))), along, _curves(along), title
            )


def _drawn(name: str, rows: Sequence[Row], svg: str, caption: str) -> Figure:
    safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in name)
    keys = [key for key in Measures.column_names() if key != "warnings"]
    numbers = pl.DataFrame([{key: row[key] for key in keys} for row in rows], infer_schema_length=None)
    return Figure(safe, f"{caption}; intervals are {round(100 * rows[0]['level'])} %.", svg, numbers)


def _series(rows: Sequence[Row], at: str) -> dict[str, list[Point]]:
    parts: dict[str, list[Point]] = {}
    for row in sorted(rows, key=lambda row: row["position"] or 0) if at == "position" else rows:
        place = row["position"] if at == "position" else _group(row)
        name = row["part"] or (row["model"] if at == "position" else None) or row["title"]
        parts.setdefault(name, []).append(Point(place, row["estimate"], row["low"], row["high"]))
    return parts


def _curves(rows: Sequence[Row]) -> str:
    ticks = {
        row["position"]: row["checkpoint"] or str(row["position"])
        for row in sorted(rows, key=lambda row: row["position"])
    }
    bands: list[Band] = []
    stages = {row["position"]: row["stage"] for row in rows}
    for at in sorted(stages):
        if bands and bands[-1].name == stages[at]:
            bands[-1] = Band(bands[-1].name, bands[-1].first, at)
        elif stages[at]:
            bands.append(Band(stages[at], at, at))
    share = rows[0]["unit"] == "share"
    return figures.curves(_series(rows, "position"), ticks, bands, _axis(rows[0]), rows[0]["null"], percent=share)


def _forest(rows: Sequence[Row]) -> str:
    """Rows are groups, or the parts of a measure where there is one group."""
    if len({_group(row) for row in rows}) == 1 and len(rows) > 1:
        points = [Point(row["part"] or row["title"], row["estimate"], row["low"], row["high"]) for row in rows]
        series = {rows[0]["title"]: points}
    else:
        series = _series(rows, "group")
    return figures.forest(series, _axis(rows[0]), rows[0]["null"], percent=rows[0]["unit"] == "share")


def _axis(row: Row) -> str:
    return str(row["title"]) if row["unit"] == "share" else f"{row['title']} ({row['unit']})"
