"""Figures of the report, as SVG text: the same numbers give the same bytes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from io import StringIO
from typing import Any

import numpy as np
import numpy.typing as npt

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#777777"
"""Colours that colour-blind people tell apart (Okabe and Ito 2008)."""


_NUMBERED = re.compile(r' id="[A-Za-z0-9.]+_[0-9]+"')
"""Names that every figure gives its parts anew: two of them in one page would share them."""
SERIES = (
    (BLUE, "o", "-"), (ORANGE, "s", "--"), ("#009E73", "^", "-."), ("#CC79A7", "D", ":"), ("#56B4E9", "v", "-"),
    ("#E69F00", "P", "--"), ("#000000", "X", "-."),
)  # fmt: skip
"""Colour, marker and line of each series in turn: every two differ in more than their colour."""


@dataclass(frozen=True, slots=True)
class Point:
    """An estimate with its interval, as far as it has one, at a place: a row's name, or a checkpoint's number."""

    at: str | int
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """A stage of training, from one checkpoint to another."""

    name: str
    first: int
    last: int


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
    return _NUMBERED.sub("", said[said.index("<svg") :])


def inline(svg: str, about: str) -> str:
    """A figure to stand in a page: without a style sheet, which would reach the page's own figures, and with words for who cannot see it.

    >>> inline('<svg width="1"><defs><style type="text/css">*{}</style></defs></svg>', "a < b")
    '<svg role="img" aria-label="a &lt; b" width="1"></svg>'
    """
    return re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL).replace(
        "<svg", f'<svg role="img" aria-label="{escape(about, quote=True)}"', 1
    )


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


def forest(
    series: Mapping[str, Sequence[Point]], label: str, null: float | None = None, *, percent: bool = False
) -> str:
    """A row a name, a dot with its interval a series; the dotted line is where nothing is going on."""
    names = list(dict.fromkeys(str(point.at) for points in series.values() for point in points))
    figure, axes = _axes(5.6, (0.2 + 0.14 * len(series)) * len(names) + 0.75 + 0.2 * (len(series) > 1))
    if null is not None:
        axes.axvline(null, color=GREY, linewidth=0.9, linestyle=":")
    middle = (len(series) - 1) / 2
    for number, (name, points) in enumerate(series.items()):
        colour, marker, _ = SERIES[number % len(SERIES)]
        rows = [len(names) - 1 - names.index(str(point.at)) + 0.26 * (middle - number) for point in points]
        for row, point in zip(rows, points, strict=True):
            if point.low is not None and point.high is not None:
                axes.hlines(row, point.low, point.high, color=colour, linewidth=1.8)
        axes.plot([point.value for point in points], rows, marker, color=colour, markersize=5, label=name)
    axes.set_yticks(range(len(names)), names[::-1])
    axes.set(xlabel=label, ylim=(-0.65, len(names) - 0.35))
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    _percents(axes.xaxis, percent)
    _legend(figure, series)
    return _svg(figure)


def curves(
    series: Mapping[str, Sequence[Point]],
    ticks: Mapping[int, str],
    bands: Sequence[Band],
    label: str,
    null: float | None = None,
    *,
    percent: bool = False,
) -> str:
    """A line a series over checkpoints, its interval shaded, the stages of training marked along the top."""
    figure, axes = _axes(max(5.6, min(0.5 * len(ticks) + 1.2, 9.0)), 3.2)
    for number, band in enumerate(bands):
        axes.axvspan(band.first - 0.5, band.last + 0.5, color="#000000", alpha=0.05 * (number % 2), linewidth=0)
        axes.text(
            (band.first + band.last) / 2, 1.01, band.name, transform=axes.get_xaxis_transform(), ha="center", color=GREY
        )
    if null is not None:
        axes.axhline(null, color=GREY, linewidth=0.9, linestyle=":")
    for number, (name, points) in enumerate(series.items()):
        colour, marker, line = SERIES[number % len(SERIES)]
        places = [float(point.at) for point in points]
        ends = [(p.value if p.low is None else p.low, p.value if p.high is None else p.high) for p in points]
        axes.fill_between(
            places, [low for low, _ in ends], [high for _, high in ends], color=colour, alpha=0.14, linewidth=0
        )
        axes.plot(
            places,
            [p.value for p in points],
            line,
            marker=marker,
            color=colour,
            markersize=4.5,
            linewidth=1.6,
            label=name,
        )
    shown = list(ticks)[:: max(1, -(-len(ticks) // 14))]
    axes.set_xticks(
        shown,
        [ticks[at] for at in shown],
        rotation=0 if len(shown) < 8 else 40,
        ha="center" if len(shown) < 8 else "right",
    )
    axes.set(ylabel=label, xlim=(min(ticks) - 0.5, max(ticks) + 0.5))
    axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    _percents(axes.yaxis, percent)
    _legend(figure, series)
    return _svg(figure)


def _legend(figure: Any, series: Mapping[str, Sequence[Point]]) -> None:
    """Names above the axes, as many in a row as fit; none where there is one."""
    if len(series) > 1:
        columns = max(1, min(len(series), 60 // (max(map(len, series)) + 6)))
        figure.legend(frameon=False, loc="outside upper left", ncols=columns)


def _percents(axis: Any, percent: bool) -> None:
    if percent:
        axis.set_major_formatter(lambda at, _: f"{100 * at:.4g} %".replace("-", "−"))
