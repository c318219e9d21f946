"""What people are shown of annotators: tables on the terminal, and a section of the report in which names are text."""

from pathlib import Path

import polars as pl
import pytest

from feint.annotation.agreement import agreement
from feint.annotation.annotators import annotator_figures
from feint.annotation.disagreements import disagreements
from feint.annotation.gold import settle
from feint.annotation.rules import contradictions
from feint.annotation.span_agreement import span_agreement
from feint.corpus.tables import Judgements, Marks, Verdicts
from feint.pipeline.annotators import annotator_tables, section
from feint.pipeline.store import Artifact

SCRIPT = "<script>alert('t')</script>"


@pytest.fixture
def settled(tmp_path: Path) -> tuple[Artifact, Artifact]:
    """Eight transcripts with hostile names; ben sees more than the others in half of them, and faking in all."""
    names = [f"t{at}" for at in range(8)]
    judged = [
        (name, who, slug, "endorsed" if slug != "value_conflict" and (at % 2 or who == "ben") else "absent")
        for at, name in enumerate(names)
        for who in ("ann", "ben", SCRIPT)
        for slug in ("concealment", "value_conflict", "sandbagging")
    ]
    judgements = Judgements.validate(pl.DataFrame(judged, Judgements.column_names(), orient="row"), cast=True)
    said = [(name, "ben", "faking", 3, None) for name in names]
    verdicts = Verdicts.validate(pl.DataFrame(said, Verdicts.column_names(), orient="row"), cast=True)
    marked = [
        (name, who, "concealment", 0, "content", 0, 9, "endorsed", "x" * 9) for name in names for who in ("ann", "ben")
    ]
    marks = Marks.validate(pl.DataFrame(marked, Marks.column_names(), orient="row"), cast=True)
    seconds = pl.DataFrame({"transcript_id": names, "annotator": ["ann"] * 8, "seconds": [60.0] * 8})
    gold = settle(judgements, verdicts)
    for name, table in {
        "gold": gold,
        "agreement": agreement(judgements, verdicts, draws=50),
        "spans": span_agreement(judgements, marks, draws=50),
        "annotators": annotator_figures(judgements, verdicts, seconds, draws=50),
        "disagreements": disagreements(judgements, verdicts, gold),
        "contradictions": contradictions(judgements, verdicts),
        "transcripts-00000": pl.DataFrame({"transcript_id": names, "id": [f"{SCRIPT} {name}" for name in names]}),
    }.items():
        table.write_parquet(tmp_path / f"{name}.parquet")
    artifact = Artifact(tmp_path, "digest", fresh=True)
    return artifact, artifact


def test_the_section_shows_every_part_and_nothing_in_it_runs(settled) -> None:
    html = str(section(*settled))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 10
    for words in ("Do annotators agree?", "For the annotators' lead", "60 s"):
        assert words in html
    assert "8 disagreements on whether something is there" in html
    assert "8 verdicts that contradict their own indicators" in html
    assert html.count("<tr") == html.count("</tr>")


def test_the_terminal_shows_annotators_disagreements_and_contradictions(settled) -> None:
    titles = [str(table.title) for table in annotator_tables(*settled)]
    assert titles[0].startswith("Annotators (95 % interval by group")
    assert titles[1].startswith("Disagreements: 0 on faking, 8 on indicators")
    assert titles[2].startswith("Verdicts that contradict their own indicators: 8")


def test_with_one_annotator_nothing_is_said_of_annotators(settled, tmp_path: Path) -> None:
    for name in ("annotators", "disagreements", "contradictions"):
        path = tmp_path / f"{name}.parquet"
        kept = pl.read_parquet(path)
        (kept.filter(pl.col("annotator") == "ann") if name == "annotators" else kept.clear()).write_parquet(path)
    assert list(annotator_tables(*settled)) == []
    html = str(section(*settled))
    assert "Do annotators agree?" in html
    assert "lead" not in html
