"""Figures of the report, as SVG text: the same numbers give the same bytes."""

from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

import numpy as np
import numpy.typing as npt

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#777777"
"""Colours that colour-blind people tell apart (Okabe and Ito 2008)."""


def _axes(width: float, height: float) -> tuple[Any, Any]:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update({"svg.hashsalt": "feint", "svg.fonttype": "none", "font.size": 9, "font.family": "sans-serif"})
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: Any) -> str:
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    said = text.getvalue()
    return said[said.index("<svg") :]


def roc(curves: Mapping[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]) -> str:
    """Recall against false-positive rate, a curve a method: (false-positive rates, recalls)."""
    figure, axes = _axes(4.2, 3.4)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
    for (name, (wrong, right)), style in zip(curves.items(), ("-", "--", "-.", ":"), strict=False):
        main = name == "feint"
        axes.plot(wrong, right, style, color=BLUE if main else GREY, linewidth=2 if main else 1.2, label=name)
    axes.set(xlabel="false-positive rate", ylabel="recall", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.legend(frameon=False, loc="lower right")
    return _svg(figure)


def reliability(scores: npt.NDArray[np.float64], labels: npt.NDArray[np.bool_], bins: int = 6) -> str:
    """Share of positives against mean probability, over bins of equal size."""
    figure, axes = _axes(4.2, 3.4)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
    parts = [part for part in np.array_split(np.argsort(scores, kind="stable"), bins) if len(part)]
    axes.plot([scores[p].mean() for p in parts], [labels[p].mean() for p in parts], "o-", color=BLUE)
    axes.set(xlabel="probability it gave", ylabel="share that is faking", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    return _svg(figure)


def lengths(
    words: npt.NDArray[np.float64], scores: npt.NDArray[np.float64], labels: npt.NDArray[np.bool_], threshold: float
) -> str:
    """Score against number of words, a mark a transcript; the dotted line is where one is flagged."""
    from matplotlib.ticker import LogLocator, NullFormatter

    figure, axes = _axes(4.2, 3.4)
    axes.axhline(threshold, color=GREY, linewidth=0.8, linestyle=":")
    for name, rows, style, colour in (("not faking", ~labels, "o", GREY), ("faking", labels, "^", ORANGE)):
        axes.plot(words[rows], scores[rows], style, color=colour, markersize=4, alpha=0.75, label=name)
    axes.set(xlabel="words the assistant wrote", ylabel="probability it gave", xscale="log", ylim=(-0.01, 1.01))
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda at, _: f"{at:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return _svg(figure)


def bars(names: Sequence[str], values: Sequence[float], label: str) -> str:
    """A bar a row, to the right of 0 or to its left."""
    figure, axes = _axes(5.2, 0.24 * len(names) + 0.7)
    rows = np.arange(len(names))[::-1]
    axes.barh(rows, values, height=0.65, color=[BLUE if value >= 0 else ORANGE for value in values])
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.set_yticks(rows, names)
    axes.set(xlabel=label, ylim=(-0.7, len(names) - 0.3))
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    return _svg(figure)


def intervals(
    names: Sequence[str], values: Sequence[float], lows: Sequence[float], highs: Sequence[float], label: str
) -> str:
    """A dot and its interval a row."""
    figure, axes = _axes(5.2, 0.28 * len(names) + 0.7)
    rows = np.arange(len(names))[::-1]
    axes.hlines(rows, lows, highs, color=BLUE, linewidth=2)
    axes.plot(values, rows, "o", color=BLUE, markersize=5)
    axes.set_yticks(rows, names)
    axes.set(xlabel=label, ylim=(-0.7, len(names) - 0.3))
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    return _svg(figure)
