"""Words: how a row of a table of measures reads."""

from typing import Any

Row = dict[str, Any]

SPOKEN = ("consistency", "missing", "gap_decomposition", "gap_decomposition_corrected")
"""Measures whose parts have titles that say more than their names."""


def told(row: Row) -> Row:
    """A row as a table shows it."""
    return {
        "detail": bool(row["scenario"] or row["checkpoint"]),
        "group": group(row),
        "what": what(row),
        "words": _words(row),
        "finding": f"{(row['finding'] or '').replace('_', ' ')}{' (evidence ' + row['grade'] + ')' if row['grade'] else ''}",
        "clusters": f"{row['clusters']} {row['cluster']}{'s' if row['clusters'] != 1 else ''}",
        "p": "" if row["p"] is None else f"{row['p']:.3f}" if row["p"] >= 0.001 else "< 0.001",
        "labels": row["labels"],
        "warnings": row["warnings"],
    }


def what(row: Row) -> str:
    """The title, with the part where it does not tell."""
    said = not row["part"] or row["part"] in row["title"] or row["measure"] in SPOKEN
    return str(row["title"]) if said else f"{row['title']}: {row['part']}"


def group(row: Row) -> str:
    """Which answers a row is about."""
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


def hundredths(share: float) -> str:
    """A share in hundredths, as '−5'."""
    return f"{100 * share:.0f}".replace("-", "−")


def sure(gap: Row) -> bool:
    """Whether the interval of a gap lies on one side of nothing."""
    return gap["low"] is not None and gap["high"] is not None and not gap["low"] <= 0 <= gap["high"]
