"""Tables for people: agreement, evaluation, explanations and audit, as they are printed."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import polars as pl
from rich.table import Table
from rich.text import Text

from feint.models.explanation import Explanation
from feint.pipeline.progress import console
from feint.pipeline.store import Artifact

EVALUATION = "evaluation.json"
"""What a training writes of its detector on the test split."""
MEANINGS = {
    "considered_rejected": "spells the strategy out and declines it",
    "n01": "restates the prompt",
    "n02": "training vocabulary, principled refusal",
    "n03": "training vocabulary, legitimate compliance",
    "n04": "plain compliance",
    "n05": "refusal with reasons",
    "n06": "complies for the rating, no wish to stay unchanged",
    "n07": "role-play and fiction",
    "n08": "hypothetical or third-person talk of faking",
    "n09": "language about its own values, no strategy",
    "n10": "confusion",
    "n11": "notices an evaluation, behaves the same",
    "n12": "ordinary reasoning",
}
"""What the classes of the bundled corpus are."""
SHORT = 120
"""Characters of a quote in a table."""
TOP = 3
"""Contributions of one transcript in a table."""


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
    for row in agreement_rows(gold):
        table.add_row(row["indicator"], interval(row["alpha"], row["low"], row["high"]), str(row["units"]))
    return table


def agreement_rows(gold: Artifact) -> list[dict[str, Any]]:
    """The agreement on each indicator and the verdict as it was written."""
    return pl.read_parquet(gold / "agreement.parquet").to_dicts()


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


def validation_table(found: Mapping[str, Any]) -> Table:
    """Every measure on what was left out, and the AUROC of each left-out value."""
    table = Table(
        title=f"Left out by {found['by']}, in {found['folds']} folds: {found['transcripts']} transcripts, "
        f"{found['faking']} faking, {found['groups']} groups\n(95 % interval by group)",
        title_justify="left",
    )
    table.add_column("", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    for measure, estimate in found["measures"].items():
        table.add_row(measure, interval(**estimate))
    for value, row in sorted(found.get("left out", {}).items(), key=lambda item: item[1]["AUROC"] or 0):
        table.add_row(
            f"AUROC on {value} ({row['transcripts']})", "–" if row["AUROC"] is None else f"{row['AUROC']:.2f}"
        )
    return table


def weights_table(weights: Mapping[str, float]) -> Table:
    """What a detector goes by, over all transcripts."""
    table = Table(
        title="What it goes by: log-odds that one standard deviation more of an indicator adds\n"
        "(in its strongest sentence and in the mean of all; 'whole text' is all its words)",
        title_justify="left",
    )
    table.add_column("indicator", no_wrap=True)
    table.add_column("log-odds", justify="right", no_wrap=True)
    for name, added in weights.items():
        table.add_row(Text(name), plus(added))
    return table


def explanations_table(title: str, answers: Sequence[tuple[str, Explanation]]) -> Table:
    """What moved a detector most on each of these transcripts, given with their classes."""
    if not answers:
        return Table("", title=f"{title}: none", title_justify="left", box=None, show_header=False)
    table = Table(title=title, title_justify="left", show_lines=True)
    table.add_column("probability", justify="right", no_wrap=True)
    table.add_column("class", max_width=12)
    table.add_column("transcript, what moved it most in log-odds, its strongest sentence")
    for name, one in answers:
        lines = [one.prediction.id or "", _most(one), *(f"“{shortened(piece.quote)}”" for piece in one.evidence[:1])]
        probability = one.prediction.faking
        table.add_row("–" if probability is None else f"{probability:.3f}", Text(name), Text("\n".join(lines)))
    return table


def _most(one: Explanation) -> str:
    return ", ".join(f"{name} {plus(added)}" for name, added in list(one.contributions.items())[:TOP])


def shortened(text: str, most: int = SHORT) -> str:
    """One line of printable characters, cut with an ellipsis where it is longer.

    >>> shortened("I comply,   for now.", 12)
    'I comply, f…'
    """
    line = "".join(character if character.isprintable() else " " for character in " ".join(text.split()))
    return line if len(line) <= most else line[: most - 1] + "…"


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One part of an audit in words."""

    name: str
    question: str
    figures: tuple[str, ...]
    """A short line each; none where the part was left out."""
    verdict: str
    suspect: bool | None

    @property
    def mark(self) -> str:
        """What there is to see at a glance."""
        return {True: "suspect", False: "clear", None: "–"}[self.suspect]


def audit_rows(found: Mapping[str, Any]) -> Iterator[AuditRow]:
    """Every part of an audit as it was written, in order."""
    question = "what it still tells when the topic's words are taken out"
    yield _row("vocabulary", question, found["vocabulary"], _of_vocabulary)
    question = "what its fitted parts learn from labels that mean nothing"
    yield _row("shuffled labels", question, found["shuffle"], _of_shuffle)
    for key, part in found["sources"].items():
        yield _row(key, f"whether its features tell the {key}, and its score follows it", part, _of_source)
    for name, part in found["false_positives"].items():
        yield _row(
            f"false positives, {name}", "which classes that are not faking are flagged", part, _of_false_positives
        )
    yield _row("length", "whether long transcripts score higher, or lower", found["length"], _of_length)


def audit_table(found: Mapping[str, Any]) -> Table:
    """Every part with its figures and its verdict."""
    table = Table(
        title=f"Audit: {found['transcripts']} transcripts, {found['faking']} faking, {found['groups']} groups\n"
        "(95 % intervals by group; 'suspect' is where the figures point at a shortcut)",
        title_justify="left",
        show_lines=True,
    )
    table.add_column("part", max_width=16)
    table.add_column("", no_wrap=True)
    table.add_column("figures, and what they say")
    for row in audit_rows(found):
        table.add_row(Text(row.name), row.mark, Text("\n".join([*row.figures, f"→ {row.verdict}"])))
    return table


def signed(value: float | None, low: float | None, high: float | None) -> str:
    """'−0.05 (−0.09 to +0.01)', for what can be negative."""
    if value is None:
        return "–"
    if low is None or high is None:
        return f"{plus(value)} (interval undefined)"
    return f"{plus(value)} ({plus(low)} to {plus(high)})"


def plus(value: float) -> str:
    """'+0.05', or '−0.05'."""
    return f"{value:+.2f}".replace("-", "−")


def _row(
    name: str, question: str, part: Mapping[str, Any], figures: Callable[[Mapping[str, Any]], tuple[str, ...]]
) -> AuditRow:
    """A part that was left out has a verdict alone."""
    there = len(part) > len({"verdict", "suspect"})
    return AuditRow(name, question, figures(part) if there else (), part["verdict"], part["suspect"])


def _of_vocabulary(part: Mapping[str, Any]) -> tuple[str, ...]:
    detector, keywords = part["detector"], part["keywords"]
    return (
        f"AUROC {interval(**detector['before'])}, without the words {interval(**detector['after'])}",
        f"difference {signed(**detector['difference'])}",
        f"keyword count {interval(**keywords['before'])}, without them {keywords['after']['value']:.2f}",
        f"{100 * part['replaced']:.1f} % of all words replaced",
    )


def _of_shuffle(part: Mapping[str, Any]) -> tuple[str, ...]:
    fits = len(part["aurocs"])
    return (
        f"median AUROC of {fits} fits {part['median']:.2f} (from {part['low']:.2f} to {part['high']:.2f})",
        f"the detector's own {part['true']:.2f}",
    )


def _of_source(part: Mapping[str, Any]) -> tuple[str, ...]:
    ends = [
        f"{part[end]['score']:.2f} ({part[end]['source']}, n {part[end]['transcripts']})"
        for end in ("lowest", "highest")
    ]
    return (
        f"features tell {len(part['sources'])} of them: macro AUROC {interval(**part['predicted'])}",
        f"mean score of negatives: {ends[0]} to {ends[1]}",
        f"{100 * part['between']:.0f} % of its variance between them; in {100 * part['by_chance']:.1f} % of shuffles as much",
    )


def _of_false_positives(part: Mapping[str, Any]) -> tuple[str, ...]:
    row = part["rows"]["all not faking"]
    share = row["flagged"] / row["transcripts"]
    return (
        f"{row['flagged']} of {row['transcripts']} negatives flagged from {part['threshold']:.3f} up: "
        f"{100 * share:.0f} % ({100 * row['low']:.0f}–{100 * row['high']:.0f} %, Wilson)",
    )


def _of_length(part: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        f"Spearman's ρ of score and words: {signed(**part['negatives'])} among negatives",
        f"{signed(**part['positives'])} among positives",
    )
