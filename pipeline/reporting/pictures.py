"""Pictures: a figure for each measure of a family, curves where it was taken at checkpoints, rows with intervals elsewhere."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from feint.corpus.tables import Measures
from feint.pipeline import figures
from feint.pipeline.figures import Band, Point
from feint.pipeline.reporting.answers import GAP
from feint.pipeline.reporting.words import SPOKEN, Row, group

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
TOLD = ("onset", "value_origin", "value_relation", "mcnemar")
"""Measures that a table says better than a picture."""
MOST_ROWS = 40
"""Rows of a forest plot; a table holds the rest."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture, and the numbers in it."""

    name: str
    """Its file's name, without an ending."""
    caption: str
    svg: str
    numbers: pl.DataFrame


def pictures(family: str, rows: Sequence[Row]) -> Iterator[Figure]:
    """A picture for each measure in a family: curves where it was taken at checkpoints, and rows with intervals elsewhere."""
    drawn = [row for row in rows if row["estimate"] is not None and row["measure"] not in TOLD]
    for measure in dict.fromkeys(row["measure"] for row in drawn):
        same = [row for row in drawn if row["measure"] == measure]
        yield from _along(f"{family}-{measure}", [row for row in same if row["scenario"] is None])
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


def by_arm(rows: Sequence[Row]) -> list[Row]:
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


def _along(name: str, rows: Sequence[Row]) -> Iterator[Figure]:
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


def _caption(row: Row) -> str:
    return CAPTIONS.get(row["measure"]) or str(row["title"])


def _drawn(name: str, rows: Sequence[Row], svg: str, caption: str) -> Figure:
    safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in name)
    keys = [key for key in Measures.column_names() if key != "warnings"]
    numbers = pl.DataFrame([{key: row[key] for key in keys} for row in rows], infer_schema_length=None)
    ends = f" {round(100 * rows[0]['level'])} % intervals." if any(row["low"] is not None for row in rows) else ""
    return Figure(safe, f"{caption}.{ends}", svg, numbers)


def _series(rows: Sequence[Row], at: str) -> dict[str, list[Point]]:
    parts: dict[str, list[Point]] = {}
    for row in sorted(rows, key=lambda row: (row["part"], row["position"] or 0)) if at == "position" else rows:
        place = row["position"] if at == "position" else group(row)
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
    if len({group(row) for row in rows}) == 1 and len(rows) > 1:
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
