"""Plots of a release's card, as PNG: the hub shows no SVG in cards."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

LABELS, AGREEMENT = "figures/labels.png", "figures/agreement.png"
_COLOURS = {
    "endorsed": "#0072B2",
    "considered": "#56B4E9",
    "present": "#0072B2",
    "mentioned": "#BBBBBB",
    "unclear": "#E69F00",
}
"""Colours that colour-blind people tell apart (Okabe and Ito 2008)."""


def labels(levels: Mapping[str, Mapping[str, int]], transcripts: int, target: Path) -> None:
    """A stacked bar per indicator: settled answers by level, absent ones left out."""
    names = list(levels)
    figure, axes = _axes(len(names))
    rows = np.arange(len(names))[::-1]
    left = np.zeros(len(names))
    for level, colour in _COLOURS.items():
        widths = np.array([levels[name].get(level, 0) for name in names], dtype=float)
        if widths.any():
            axes.barh(rows, widths, left=left, height=0.7, color=colour, label="present, by rule" if level == "present" else level, hatch="//" if level == "present" else "", edgecolor="white", linewidth=0.4)  # fmt: skip
            left += widths
    for row, width in zip(rows, left, strict=True):
        axes.text(width, row, f" {width:.0f}", va="center", fontsize=8, color="#555555")
    axes.set_yticks(rows, names)
    axes.set(xlabel=f"transcripts, of {transcripts}", ylim=(-0.7, len(names) - 0.3))
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    _save(figure, target)


def agreement(found: pl.DataFrame, target: Path) -> None:
    """A dot and its 95 % interval per indicator whose alpha is defined, best first."""
    known = found.filter(pl.col("alpha").is_not_null()).sort("alpha", "indicator", descending=[True, False])
    figure, axes = _axes(max(len(known), 1))
    rows = np.arange(len(known))[::-1]
    bounds = known.select(pl.col("low").fill_null(pl.col("alpha")), pl.col("high").fill_null(pl.col("alpha")))
    for at in (0.67, 0.8):
        axes.axvline(at, color="#777777", linewidth=0.8, linestyle=":")
    axes.hlines(rows, bounds["low"].to_numpy(), bounds["high"].to_numpy(), color="#0072B2", linewidth=2)
    axes.plot(known["alpha"].to_numpy(), rows, "o", color="#0072B2", markersize=5)
    axes.set_yticks(rows, known["indicator"].to_list())
    axes.set(xlabel="Krippendorff's alpha, 95 % interval by group", ylim=(-0.7, max(len(known), 1) - 0.3))
    _save(figure, target)


def _axes(rows: int) -> tuple[Any, Any]:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.size": 9, "font.family": "sans-serif"}):
        figure = Figure(figsize=(7.2, 0.26 * rows + 1.0), layout="constrained", facecolor="white")
        axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def _save(figure: Any, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    figure.savefig(target, format="png", dpi=160, metadata={"Software": None})


def order(levels: Mapping[str, Mapping[str, int]], known: Sequence[str]) -> list[str]:
    """Indicators in the codebook's order, what follows by rule before them, others last."""
    derived = [name for name in ("faking", "faking_strict", "faking_considered") if name in levels]
    listed = [name for name in known if name in levels]
    return [*derived, *listed, *sorted(set(levels) - {*derived, *listed})]
