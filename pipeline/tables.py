"""Tables for people: agreement and evaluation, as they are printed."""

import json
from math import isnan
from typing import Any

import polars as pl
from rich.table import Table

from feint.pipeline.progress import console
from feint.pipeline.store import Artifact
from feint.pipeline.train import EVALUATION


def show(table: Table) -> None:
    """Print to stderr."""
    console().print(table)


def interval(value: float | None, low: float | None, high: float | None) -> str:
    """'0.81 (0.75–0.86)', as much of it as is known."""
    if value is None or isnan(value):
        return "–"
    if low is None or high is None or isnan(low) or isnan(high):
        return f"{value:.2f} (interval undefined)"
    return f"{value:.2f} ({max(low, 0) if low > -1e-9 else low:.2f}–{high:.2f})"


def agreement_table(gold: Artifact) -> Table:
    """Krippendorff's alpha per indicator."""
    table = Table(title="Agreement (Krippendorff's alpha, 95 % interval by group)", title_justify="left")
    for heading, side in (("indicator", "left"), ("alpha", "right"), ("judged twice", "right")):
        table.add_column(heading, justify=side)  # type: ignore[arg-type]
    for row in pl.read_parquet(gold / "agreement.parquet").iter_rows(named=True):
        table.add_row(row["indicator"], interval(row["alpha"], row["low"], row["high"]), str(row["units"]))
    return table


def evaluation(trained: Artifact) -> dict[str, Any]:
    """The evaluation as it was written."""
    found: dict[str, Any] = json.loads((trained / EVALUATION).read_text(encoding="utf-8"))
    return found


def evaluation_table(trained: Artifact) -> Table:
    """Every method on transcripts that nothing was learnt from."""
    found = evaluation(trained)
    table = Table(
        title=f"Test split: {found['transcripts']} transcripts, {found['faking']} faking, {found['groups']} groups "
        "nothing was learnt from\n(95 % interval by group; all measures stand in the report)",
        title_justify="left",
    )
    measures = ("AUROC", "average precision", "recall at 5 % FPR")
    table.add_column("", no_wrap=True)
    for heading in measures:
        table.add_column(heading, justify="right", no_wrap=True)
    for method, values in found["methods"].items():
        table.add_row(method, *(interval(**values[measure]) for measure in measures))
    return table
