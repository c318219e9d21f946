"""Findings: a table of measures as the page tells it: the answers, the warnings, and a section a family with its figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from feint.corpus.errors import InputError
from feint.corpus.tables import Measures
from feint.pipeline.reporting.answers import answers
from feint.pipeline.reporting.pictures import Figure, by_arm, pictures
from feint.pipeline.reporting.words import Row, group, told, what

FILE = "measures.parquet"
"""What `feint measure` writes besides tables for other tools."""
QUESTIONS = {
    "gap": "Does it behave otherwise when it believes that it is watched?",
    "rates": "How often does its reasoning say so?",
    "lock-in": "Does training still reach what it does unobserved?",
    "values": "In defence of what, and since when?",
    "consistency": "How consistent is it?",
    "missing": "What could not be seen",
}
"""The families in the order of the page."""


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
    arms = by_arm(rows)
    sections = [
        Section(
            family,
            question,
            list(pictures(family, [*here, *(arms if family == "lock-in" else [])])),
            [told(row) for row in here],
            _methods(here),
        )
        for family, question in QUESTIONS.items()
        if (here := [row for row in rows if row["family"] == family])
    ]
    return Findings(answers(rows), _warnings(rows), sections)


def _warnings(rows: Sequence[Row]) -> list[tuple[str, list[str]]]:
    """Of what is said of whole models first; single scenarios and checkpoints carry theirs in the tables as well."""
    found: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: bool(row["scenario"] or row["checkpoint"])):
        for words in row["warnings"]:
            found.setdefault(words, []).append(f"{what(row)} ({group(row)})")
    return sorted(found.items(), key=lambda item: item[0].startswith("the interval includes"))


def _methods(rows: Sequence[Row]) -> list[tuple[str, str]]:
    told = {(row["title"], f"{row['method']}{' (' + row['source'] + ')' if row['source'] else ''}") for row in rows}
    return sorted(told)
