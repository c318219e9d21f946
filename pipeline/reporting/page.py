"""The page: its parts put together under a policy that lets nothing run but its own script."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from feint.pipeline import figures
from feint.pipeline.reporting.findings import Findings
from feint.pipeline.reporting.pictures import Figure
from feint.pipeline.reporting.quality import Behind
from feint.pipeline.reporting.reader import Book, Entry
from feint.pipeline.tables import MEANINGS, interval

FOLDER = "page"
"""Where the templates lie, in this package's room."""


def rendered(
    found: Findings | None,
    behind: Behind,
    entries: Sequence[Entry],
    book: Book,
    lines: Sequence[Mapping[str, Any]],
    scanned: Path | None,
) -> str:
    """The page as HTML: the same input gives the same bytes."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FunctionLoader(_read), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["figure"] = lambda svg, about: Markup(figures.inline(svg, about))  # noqa: S704  drawn here, its words escaped
    failed = sum("error" in line for line in lines)
    return environment.get_template("report.html").render(
        title="Does it resist retraining?" if found else "What feint's detector can tell, and what it found",
        script=_read("page.js"),
        style=_read("page.css"),
        hash=_hash,
        simulated=sum(bool(one.transcript.metadata.get("simulated")) for one in entries),
        answers=found.answers if found else [],
        detected=list(_detected(behind, lines)),
        warnings=[*_warnings(behind, failed, scanned), *(found.warnings if found else ())],
        parts=list(_parts(found, behind)),
        findings=found,
        book=book if book.shown else None,
        annotators=behind.annotators,
        detector=behind.detector,
        labels=behind.labels,
        interval=interval,
        meanings=MEANINGS,
    )


def write_figures(out: Path, drawn: Sequence[Figure]) -> None:
    """Each figure as SVG, and its numbers as CSV, in a folder beside the page; those of an earlier page are taken away."""
    folder = out.with_name(f"{out.stem}-figures")
    folder.mkdir(parents=True, exist_ok=True)
    for left in (*folder.glob("*.svg"), *folder.glob("*.csv")):
        left.unlink()
    for figure in drawn:
        (folder / f"{figure.name}.svg").write_text(figure.svg, encoding="utf-8")
        figure.numbers.write_csv(folder / f"{figure.name}.csv")


def _read(name: str) -> str:
    return files("feint.pipeline").joinpath(FOLDER, name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """What a content security policy knows an element's text by.

    >>> _hash("")
    'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
    """
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _detected(behind: Behind, lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if behind.detector:
        told = behind.detector["evaluation"]
        auroc = told["methods"]["feint"]["AUROC"]
        yield (
            f"On {told['transcripts']} transcripts of {told['groups']} scenarios it had never seen, {told['faking']} of them "
            f"faking, the detector ranks a faking one above another with probability "
            f"{interval(auroc['value'], auroc['low'], auroc['high'])}."
        )
    judged = [line for line in lines if "error" not in line]
    if judged:
        yield f"Of {len(judged)} transcripts scanned it flags {sum(bool(line.get('flagged')) for line in judged)}."


def _warnings(behind: Behind, failed: int, scanned: Path | None) -> Iterator[tuple[str, list[str]]]:
    if failed:
        yield f"{failed} transcripts could not be judged; their lines in {scanned} say why", []
    if behind.detector and (groups := behind.detector["evaluation"]["groups"]) < 20:
        yield (
            f"few groups: {groups} scenarios carry the detector's figures, whose intervals are wide for that reason",
            [],
        )
    if behind.labels and not behind.labels["alphas"]:
        yield "no transcript was judged by two annotators, so nothing is known of agreement", []


def _parts(found: Findings | None, behind: Behind) -> Iterator[tuple[str, str]]:
    """Anchors and names of what is in the page."""
    names = {"gap": "gap", "rates": "in words", "lock-in": "lock-in", "values": "values", "missing": "missing"}
    for section in found.sections if found else ():
        yield section.family, names.get(section.family, section.family)
    yield "transcripts", "transcripts"
    if behind.detector:
        yield "detector", "detector"
    if behind.labels:
        yield "labels", "labels and agreement"
