"""What people are shown of annotators and the queue: tables on the terminal, and a section of the report."""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import polars as pl
from markupsafe import Markup
from rich.table import Table
from rich.text import Text

from feint.annotation.annotators import FIGURES
from feint.pipeline.store import Artifact
from feint.pipeline.tables import interval

if TYPE_CHECKING:
    from feint.annotation.inclusion import Prevalence
    from feint.pipeline.queue import Queue

SOME = 5
"""Disagreements and contradictions on the terminal."""
MANY = 50
"""The same in the report."""
MEASURES = {"characters": "characters", "spans": "spans, softly", "placed": "where both see it"}


def annotator_tables(gathered: Artifact, settled: Artifact) -> Iterator[Table]:
    """How annotators work, and the first things for their lead to look at; nothing where one alone judged."""
    names = _names(gathered)
    people = pl.read_parquet(settled / "annotators.parquet")
    if people["annotator"].n_unique() > 1:
        yield _people(people)
    differing = pl.read_parquet(settled / "disagreements.parquet")
    if len(differing):
        headline = differing.filter(pl.col("indicator") == "faking")
        title = f"Disagreements: {len(headline)} on faking, {len(differing) - len(headline)} on indicators"
        yield _list(title, differing.head(SOME), names, settled, "disagreements", ("indicator", "said"))
    against = pl.read_parquet(settled / "contradictions.parquet")
    if len(against):
        title = f"Verdicts that contradict their own indicators: {len(against)}"
        yield _list(title, against.head(SOME), names, settled, "contradictions", ("annotator", "reason"))


def queue_tables(found: "Queue") -> Iterator[Table]:
    """The queue, and what the labels say of all transcripts so far."""
    table = Table(title=f"Next: {len(found.waiting)} transcripts, {found.drawn} newly drawn", title_justify="left")
    for heading in ("", "transcript", "chosen for"):
        table.add_column(heading, no_wrap=heading == "")
    for heading in ("probability", "readers"):
        table.add_column(heading, justify="right")
    for place, row in enumerate(found.waiting.iter_rows(named=True), 1):
        strategy = row["strategy"].replace("_", " ")
        table.add_row(
            str(place), Text(found.ids[row["transcript_id"]]), strategy, f"{row['probability']:.4f}", str(row["readers"])
        )  # fmt: skip
    yield table
    if found.prevalence:
        yield _prevalence({"from the labels": found.prevalence, "with the detector's help": found.assisted})


def _prevalence(estimates: Mapping[str, "Prevalence | None"]) -> Table:
    first = next(one for one in estimates.values() if one)
    table = Table(
        title=f"Share of faking among all {first.population} transcripts, from {first.draws} drawn and read"
        + (f" ({first.waiting} more are waiting)" if first.waiting else "")
        + "\n(95 % interval over what else could have been drawn of them)",
        title_justify="left",
        show_header=False,
    )
    for name, one in estimates.items():
        if one:
            table.add_row(name, interval(one.value, one.low, one.high))
    if first.unclear:
        table.add_row("cannot be told", f"{first.unclear:.2f}")
    return table


def section(gathered: Artifact, settled: Artifact) -> Markup:
    """The report's section on annotators, self-contained but for its style sheet; transcripts' names in it are text."""
    from jinja2 import Environment, StrictUndefined

    names = _names(gathered)
    people = pl.read_parquet(settled / "annotators.parquet")
    differing, against = (
        pl.read_parquet(settled / f"{name}.parquet").with_columns(pl.col("transcript_id").replace(names).alias("id"))
        for name in ("disagreements", "contradictions")
    )
    counts = differing.group_by("indicator").len().sort("len", "indicator", descending=[True, False])
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
        files("feint.pipeline").joinpath("page/agreement.html").read_text(encoding="utf-8")
    )
    return Markup(  # noqa: S704  escaped where it is rendered
        page.render(
            interval=interval,
            spread=_spread,
            agreement=_agreement(settled),
            measures=MEASURES,
            figures={name: words for name, words in FIGURES.items() if name in people["figure"]},
            people=_by_person(people),
            counts=counts.rows(),
            differing=differing.head(MANY).to_dicts(),
            all_differing=len(differing),
            against=against.head(MANY).to_dicts(),
            all_against=len(against),
        )
    )


def _agreement(settled: Artifact) -> list[dict[str, Any]]:
    """Alpha and the three F1 of every indicator, in the order of alphas."""
    spans = {
        (indicator, measure): (value, low, high)
        for indicator, measure, value, low, high in pl.read_parquet(settled / "spans.parquet")
        .select("indicator", "measure", "value", "low", "high")
        .iter_rows()
    }
    rows = pl.read_parquet(settled / "agreement.parquet").to_dicts()
    return [row | {m: spans.get((row["indicator"], m), (None, None, None)) for m in MEASURES} for row in rows]


def _by_person(people: pl.DataFrame) -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in people.iter_rows(named=True):
        found.setdefault(row["annotator"], {})[row["figure"]] = row
    return found


def _people(people: pl.DataFrame) -> Table:
    table = Table(
        title="Annotators (95 % interval by group; hits and false alarms against the others' majority)",
        title_justify="left",
    )
    by_person = _by_person(people)
    table.add_column("")
    for who in by_person:
        table.add_column(Text(who), justify="right")
    for figure in FIGURES:
        if figure in people["figure"]:
            table.add_row(figure, *(_spread(figures.get(figure)) for figures in by_person.values()))
    return table


def _spread(row: Mapping[str, Any] | None) -> str:
    """A share as '0.81 (0.75–0.86)', seconds in whole ones."""
    if row is None or row["value"] is None:
        return "–"
    if row["figure"] != "seconds":
        return interval(row["value"], row["low"], row["high"])
    ends = "" if row["low"] is None else f" ({row['low']:.0f}–{row['high']:.0f})"
    return f"{row['value']:.0f} s{ends}"


def _list(
    title: str, rows: pl.DataFrame, names: Mapping[str, str], settled: Artifact, name: str, columns: tuple[str, ...]
) -> Table:
    table = Table(title=f"{title}\n(all of them: {settled / name}.parquet)", title_justify="left")
    for heading in ("transcript", *columns):
        table.add_column(heading)
    for row in rows.iter_rows(named=True):
        table.add_row(*(Text(words) for words in (names[row["transcript_id"]], *(row[column] for column in columns))))
    return table


def _names(gathered: Artifact) -> dict[str, str]:
    """What each transcript was called."""
    heads = pl.read_parquet(gathered.path / "transcripts-*.parquet", columns=["transcript_id", "id"])
    return dict(heads.iter_rows())
