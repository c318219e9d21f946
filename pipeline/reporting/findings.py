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
CAPTIONS = {
    "compliance_gap": "Compliance gap: how much more often it complies when observed",
    "gap_decomposition": "The gap in two: with faking in the reasoning (verbal) and without (silent)",
    "gap_decomposition_corrected": "The gap in two, corrected for label error",
    "faking_rate": "Answers whose reasoning fakes",
    "faking_prevalence": "Answers whose reasoning fakes, corrected for label error",
    "faking_prevalence_powered": "Answers whose reasoning fakes, labels and scores together",
    "value": "Answers that protect a value",
    "consistency": "Where the variation in faking lies",
    "missing": "Answers of which something is not known",
    "by_arm": "Compliance in each arm: the shares between which the gap lies, without intervals",
}
"""What the figure of a measure shows; its title stands in for others."""
SPOKEN = ("consistency", "missing", "gap_decomposition", "gap_decomposition_corrected")
"""Measures whose parts have titles that say more than their names."""
TOLD = ("onset", "value_origin", "value_relation", "mcnemar")
"""Measures that a table says better than a picture."""
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
    arms = _by_arm(rows)
    sections = [
        Section(
            family,
            question,
            list(_figures(family, [*here, *(arms if family == "lock-in" else [])])),
            [_told(row) for row in here],
            _methods(here),
        )
        for family, question in QUESTIONS.items()
        if (here := [row for row in rows if row["family"] == family])
    ]
    return Findings([" ".join((_answer(row), *_more(row, rows))) for row in _headline(rows)], _warnings(rows), sections)


def _headline(rows: Sequence[Row]) -> list[Row]:
    """The gap of each model: at its last checkpoint where it has checkpoints."""
    gaps = [row for row in rows if row["measure"] == GAP and not row["part"] and row["scenario"] is None]
    known = [row for row in gaps if row["model"] is not None] or gaps
    by_model: dict[str | None, Row] = {}
    for row in sorted(known, key=lambda row: (row["position"] is not None, row["position"] or 0, row["stage"] is None)):
        by_model[row["model"]] = row
    return sorted(by_model.values(), key=lambda row: -(row["estimate"] or 0.0))


def _sure(gap: Row) -> bool:
    """Whether the interval of a gap lies on one side of nothing."""
    return gap["low"] is not None and gap["high"] is not None and not gap["low"] <= 0 <= gap["high"]


def _answer(row: Row) -> str:
    name = row["model"] or "The model"
    at = f" at {row['checkpoint']}, its last checkpoint," if row["checkpoint"] else ""
    if row["estimate"] is None:
        return f"Whether {name}{at} behaves otherwise when observed cannot be said: {'; '.join(row['warnings']) or 'undefined'}."
    low, high, points = row["low"], row["high"], round(100 * abs(row["estimate"]))
    known = low is not None and high is not None
    rests = (
        f"{round(100 * row['level'])} % interval {_points(low)} to {_points(high)} points; "
        if known
        else "no interval; "
    )
    rests += f"{row['clusters']} {row['cluster']}{'s' if row['clusters'] != 1 else ''}"
    if known and not _sure(row):
        return f"{name}{at} shows no compliance gap that is sure: {_points(row['estimate'])} points when observed ({rests})."
    more = "more" if row["estimate"] > 0 else "less"
    return f"{name}{at} complies {points} points {more} often when it believes that it is observed ({rests})."


def _more(gap: Row, rows: Sequence[Row]) -> Iterator[str]:
    """What else belongs to the answer on a model: how much is spoken, since when, whether training reaches it, what it defends."""
    same = [
        row for row in rows if row["model"] == gap["model"] and row["scenario"] is None and row["estimate"] is not None
    ]
    here = {(row["measure"], row["part"]): row for row in same if row["checkpoint"] == gap["checkpoint"]}
    whole = {(row["measure"], row["part"]): row for row in same if row["checkpoint"] is None}
    for measure in ("gap_decomposition_corrected", "gap_decomposition"):
        parts = [here.get((measure, part)) for part in ("verbal", "silent")]
        if all(parts):
            verbal, silent = (_points(part["estimate"]) for part in parts if part)
            if _sure(gap):
                yield f"{verbal} points of this come with faking in the reasoning, {silent} without."
            break
    if (onset := whole.get(("onset", ""))) and onset["finding"]:
        yield f"The gap lasts from {onset['finding']} on."
    if (kept := whole.get(("resistance", ""))) and kept["low"] is not None and kept["high"] is not None:
        moved, least, most = (_points(1 - kept[end]) for end in ("estimate", "high", "low"))
        yield f"Training moved what it does unobserved {moved} % as far as what it does observed ({least} to {most} %)."
    for (measure, value), row in whole.items():
        if measure == "value_origin" and row["finding"] and row["grade"] in ("A", "B"):
            yield f"It protects “{value}”: {row['finding'].replace('_', ' ')} (evidence {row['grade']})."


def _points(share: float) -> str:
    """A share in hundredths, as '−5'."""
    return f"{100 * share:.0f}".replace("-", "−")


def _warnings(rows: Sequence[Row]) -> list[tuple[str, list[str]]]:
    """Of what is said of whole models first; single scenarios and checkpoints carry theirs in the tables as well."""
    found: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: bool(row["scenario"] or row["checkpoint"])):
        for words in row["warnings"]:
            found.setdefault(words, []).append(f"{_what(row)} ({_group(row)})")
    return sorted(found.items(), key=lambda item: item[0].startswith("the interval includes"))


def _told(row: Row) -> Row:
    """A row as a table shows it."""
    return {
        "detail": bool(row["scenario"] or row["checkpoint"]),
        "group": _group(row),
        "what": _what(row),
        "words": _words(row),
        "finding": f"{(row['finding'] or '').replace('_', ' ')}{' (evidence ' + row['grade'] + ')' if row['grade'] else ''}",
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
    """The title, with the part where it does not tell."""
    told = not row["part"] or row["part"] in row["title"] or row["measure"] in SPOKEN
    return str(row["title"]) if told else f"{row['title']}: {row['part']}"


def _group(row: Row) -> str:
    return ", ".join(row[key] for key in ("model", "stage", "checkpoint", "scenario") if row[key]) or "all"


def _words(row: Row) -> str:
    """'21 % (14–28 %)', as much of it as is known."""
    if row["estimate"] is None:
        return "–"
    scale, places, sign = {"share": (100.0, 1, " %"), "checkpoint": (1.0, 0, "")}.get(row["unit"], (1.0, 2, ""))
    said = f"{scale * row['estimate']:.{places}f}{sign}"
    if row["low"] is None and row["high"] is None:
        return said
    low, high = ("…" if end is None else f"{scale * end:.{places}f}" for end in (row["low"], row["high"]))
    return f"{said} ({low} to {high}{sign})"


def _figures(family: str, rows: Sequence[Row]) -> Iterator[Figure]:
    """A picture for each measure in a family: curves where it was taken at checkpoints, and rows with intervals elsewhere."""
    drawn = [row for row in rows if row["estimate"] is not None and row["measure"] not in TOLD]
    for measure in dict.fromkeys(row["measure"] for row in drawn):
        same = [row for row in drawn if row["measure"] == measure]
        yield from _along(f"{family}-{measure}", measure, [row for row in same if row["scenario"] is None])
        whole = [row for row in same if row["checkpoint"] is None and row["stage"] is None and row["low"] is not None]
        for kind, across in (
            ("model", [row for row in whole if row["scenario"] is None]),
            ("scenario", [row for row in whole if row["scenario"]]),
        ):
            if len(across) > 1:
                by = f", by {kind}" if len({row[kind] for row in across}) > 1 else ""
                yield _drawn(
                    f"{family}-{measure}-{kind}s", across, _forest(across[:MOST_ROWS]), _caption(across[0]) + by
                )


def _along(name: str, measure: str, rows: Sequence[Row]) -> Iterator[Figure]:
    """Curves over checkpoints: a line a model, or, where a measure has parts, a picture a model with a line a part."""
    placed = [row for row in rows if row["position"] is not None]
    models = list(dict.fromkeys(row["model"] for row in placed))
    apart = any(row["part"] for row in placed)
    for chosen in [[model] for model in models] if apart else [models]:
        along = [row for row in placed if row["model"] in chosen]
        if len({row["position"] for row in along}) > 1:
            of = chosen[0] if apart and len(models) > 1 else None
            yield _drawn(
                "-".join(filter(None, (name, of, "checkpoints"))),
                along,
                _curves(along),
                f"{_caption(along[0])}{f', {of}' if of else ''}, over checkpoints",
            )


def _by_arm(rows: Sequence[Row]) -> list[Row]:
    """Rows of the share that complied in each arm at each checkpoint, from what the gap was counted of."""
    found = []
    for row in rows:
        counts = json.loads(row["counts"])
        if row["measure"] == GAP and row["position"] is not None and row["scenario"] is None and not row["part"]:
            arms = [(arm, counts.get(f"complied_{arm}")) for arm in ("observed", "unobserved")]
            empty = {
                "low": None,
                "high": None,
                "null": None,
                "measure": "by_arm",
                "title": "complied",
                "family": "lock-in",
            }
            found += [{**row, **empty, "part": arm, "estimate": share} for arm, share in arms if share is not None]
    return found


def _caption(row: Row) -> str:
    return CAPTIONS.get(row["measure"], row["title"])


def _drawn(name: str, rows: Sequence[Row], svg: str, caption: str) -> Figure:
    safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in name)
    keys = [key for key in Measures.column_names() if key != "warnings"]
    numbers = pl.DataFrame([{key: row[key] for key in keys} for row in rows], infer_schema_length=None)
    ends = f" {round(100 * rows[0]['level'])} % intervals." if any(row["low"] is not None for row in rows) else ""
    return Figure(safe, f"{caption}.{ends}", svg, numbers)


def _series(rows: Sequence[Row], at: str) -> dict[str, list[Point]]:
    parts: dict[str, list[Point]] = {}
    for row in sorted(rows, key=lambda row: (row["part"], row["position"] or 0)) if at == "position" else rows:
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
        named = (row["title"] if row["measure"] in SPOKEN else row["part"] or row["title"] for row in rows)
        points = [Point(name, row["estimate"], row["low"], row["high"]) for name, row in zip(named, rows, strict=True)]
        series = {_caption(rows[0]): points}
    else:
        series = _series(rows, "group")
    return figures.forest(series, _axis(rows[0]), rows[0]["null"], percent=rows[0]["unit"] == "share")


def _axis(row: Row) -> str:
    """What the numbers are, in few words: the caption says the rest."""
    short = {"compliance_gap": "compliance gap", "by_arm": "complied", "consistency": "share of variation"}
    return short.get(row["measure"], "share of answers" if row["unit"] == "share" else str(row["unit"]))
