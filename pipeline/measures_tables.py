"""Measures as tables for people: one a group, a line a measure, its warnings below it."""

from collections.abc import Iterator
from typing import Any

import polars as pl
from rich.table import Table
from rich.text import Text

from feint.pipeline.measures.result import Group
from feint.pipeline.measures.warnings import plural

GROUP = ("model", "checkpoint", "position", "stage", "scenario")


def measures_tables(measures: pl.DataFrame) -> Iterator[Table]:
    """Whole groups with everything, then one table of the gap and the faking rate in all parts."""
    whole = measures.filter(pl.all_horizontal(pl.col("checkpoint", "position", "stage", "scenario").is_null()))
    for (model,), rows in whole.group_by("model", maintain_order=True):
        yield _whole(str(model) if model else "All answers", rows)
    parts = measures.join(whole.select(GROUP).unique(), on=GROUP, how="anti", nulls_equal=True, maintain_order="left")
    if len(parts):
        yield _parts(parts)


def _whole(name: str, rows: pl.DataFrame) -> Table:
    usual = rows.row(0, named=True)
    most = rows.filter(pl.col("cluster") == usual["cluster"]).select(pl.col("clusters").max()).item()
    clusters = plural(int(most), usual["cluster"])
    answers = int(rows.select(pl.col("observations").max()).item())
    table = Table(
        title=f"{name}: {answers} answers, {clusters} (95 % intervals by {usual['cluster']})", title_justify="left"
    )
    table.add_column("measure", max_width=38)
    table.add_column("estimate", justify="right", no_wrap=True)
    table.add_column("to know", max_width=64)
    family = usual["family"]
    for row in rows.iter_rows(named=True):
        if family != row["family"]:
            table.add_section()
        family = row["family"]
        table.add_row(Text(row["title"]), shown(row), Text(_to_know(row, clusters)))
    return table


def _to_know(row: dict[str, Any], usual: str) -> str:
    """Finding, p-value, warnings, and the clusters where they are others than usual."""
    words = [row["finding"] + (f" (evidence {row['grade']})" if row["grade"] else "")] if row["finding"] else []
    if row["p"] is not None:
        words.append(f"p = {row['p']:.2g}" if row["p"] >= 0.001 else "p < 0.001")
    if row["estimate"] is not None and (own := plural(row["clusters"], row["cluster"])) != usual:
        words.append(own)
    return "; ".join([*words, *row["warnings"]])


def _parts(rows: pl.DataFrame) -> Table:
    table = Table(title="By part", title_justify="left")
    table.add_column("answers of", max_width=40)
    for heading in ("compliance gap", "faking, observed", "answers"):
        table.add_column(heading, justify="right", no_wrap=True)
    for _, group in rows.group_by(*GROUP, maintain_order=True):
        first = group.row(0, named=True)
        found = {(row["measure"], row["part"]): row for row in group.iter_rows(named=True)}
        rate = found.get(("faking_rate", "observed")) or found.get(("faking_rate", ""))
        gap = found.get(("compliance_gap", ""))
        name = Group(**{key: first[key] for key in GROUP}).words()
        answers = max(row["observations"] for row in found.values())
        table.add_row(Text(name), shown(gap) if gap else "–", shown(rate) if rate else "–", str(answers))
    return table


def shown(row: dict[str, Any]) -> str:
    """'+0.21 (+0.15 to +0.27)' for what has a sign, '0.24 (0.18–0.31)' for what has none, '–' where undefined."""
    estimate, low, high = row["estimate"], row["low"], row["high"]
    if estimate is None:
        return "–"
    signed = row["null"] == 0 and row["unit"] in ("share", "log-odds per checkpoint", "share of the observed change")
    sign, dash = ("+", " to ") if signed else ("", "–")
    digits = ".0f" if row["unit"] == "checkpoint" else ".2f"

    def said(value: object) -> str:
        return format(value, f"{sign}{digits}").replace("-", "−")

    if low is None and high is None:
        return f"{said(estimate)} (no interval)"
    ends = (said(low) if low is not None else "…", said(high) if high is not None else "…")
    return f"{said(estimate)} ({ends[0]}{dash}{ends[1]})"
