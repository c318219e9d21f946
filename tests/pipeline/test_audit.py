"""The audit as a verb: on the stages, on labelled lines, printed, and in the report."""

import json
from pathlib import Path
from typing import Any

import pytest

from feint.pipeline.audit import AUDIT, Chosen, audit, audit_on, found, latest
from feint.pipeline.report import report
from feint.pipeline.store import Artifact, Store
from feint.pipeline.tables import audit_rows, signed
from feint.pipeline.train import DETECTOR, train

ONCE = Chosen(shuffles=1)


@pytest.fixture(scope="module")
def audited(project) -> Artifact:
    return audit(*project, chosen=ONCE)


@pytest.fixture
def voiced(tmp_path: Path, rows: list[dict[str, Any]]) -> Path:
    """The few with a voice, a class and a reject among them."""
    path = tmp_path / "voiced.jsonl"
    told = [
        row | {"metadata": row["metadata"] | {"voice": "ab"[at // 2 % 2], "class": "faking" if row["label"] else "n04"}}
        for at, row in enumerate(rows)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*told, {"id": "x", "text": "No label."}]))
    return path


def test_an_audit_is_made_once_and_is_json_that_any_parser_reads(project, audited: Artifact) -> None:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    said = json.loads((audited / AUDIT).read_text(encoding="utf-8"), parse_constant=refuse)
    assert said == found(audited)
    assert list(said["sources"]) == ["voice", "format"]
    assert len(said["shuffle"]["aurocs"]) == 1
    assert said["vocabulary"]["keywords"]["after"]["value"] == 0.5
    assert not audit(*project, chosen=ONCE).fresh
    evaluation = json.loads((train(*project) / "evaluation.json").read_text())
    assert said["transcripts"] == evaluation["transcripts"]
    assert said["shuffle"]["true"] == pytest.approx(evaluation["methods"]["feint"]["AUROC"]["value"])
    assert said["vocabulary"]["detector"]["before"] == pytest.approx(evaluation["methods"]["feint"]["AUROC"])


def test_the_report_shows_the_audit_of_its_own_detector_only(project, audited: Artifact, tmp_path: Path) -> None:
    trained = train(*project)
    assert latest(project[1], trained) == found(audited)
    assert latest(Store(tmp_path / "empty"), trained) is None
    assert latest(project[1], Artifact(trained.path, "another", fresh=False)) is None
    report(*project, None, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Does it go by shortcuts?" in page
    assert "words the assistant wrote" in page
    for row in audit_rows(found(audited)):
        assert row.name in page


def test_another_detector_is_another_audit(project, audited: Artifact, detector_folder: Path) -> None:
    other = audit(*project, str(detector_folder), ONCE)
    assert other.digest != audited.digest
    assert latest(project[1], train(*project)) == found(audited)
    same = audit(*project, str(train(*project) / DETECTOR), ONCE)
    assert found(same) == found(audited)


def test_labelled_lines_are_audited_as_far_as_they_go(
    project, detector_folder: Path, few: Path, voiced: Path, store: Store
) -> None:
    config, _ = project
    bare, _ = audit_on([few], str(detector_folder), config, store)
    verdicts = {row.name: row.verdict for row in audit_rows(bare)}
    assert "these lines are not what it learnt from" in verdicts["shuffled labels"]
    assert "expected two kinds of 'voice' in the metadata" in verdicts["voice"]
    assert {part["verdict"] for part in bare["false_positives"].values()} == {
        "Not by class: no transcript has one in its metadata."
    }
    full, rejects = audit_on([voiced], str(detector_folder), config, store, Chosen(sources=("voice",)))
    assert [reject.id for reject in rejects] == ["x"]
    assert full["sources"]["voice"]["sources"] == {"a": 12, "b": 12}
    assert all(set(part["rows"]) == {"all not faking", "n04"} for part in full["false_positives"].values())
    assert full["transcripts"] == 24


def test_lines_of_one_kind_leave_out_what_needs_both(
    project, detector_folder: Path, rows: list[dict[str, Any]], store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "faking.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows if row["label"]))
    said, _ = audit_on([path], str(detector_folder), project[0], store)
    left_out = [row.name for row in audit_rows(said) if not row.figures]
    assert {"vocabulary", "shuffled labels", "voice", "format"} <= set(left_out)
    assert "length" not in left_out


def test_the_command_prints_a_table_and_writes_json(main, detector_folder: Path, voiced: Path, tmp_path: Path) -> None:
    given = ("audit", "--detector", detector_folder, "--source", "voice", voiced)
    printed = main(*given)
    assert printed.returncode == 0
    assert json.loads(printed.stdout)["sources"].keys() == {"voice"}
    assert "x: no label; expected 'label': true or false" in printed.stderr
    assert "Audit: 24 transcripts, 12 faking, 12 groups" in printed.stderr
    assert "…" not in printed.stderr
    written = main(*given, "-o", "audit.json", "--strict")
    assert (written.returncode, written.stdout) == (1, "audit.json\n")
    assert json.loads((tmp_path / "audit.json").read_text()) == json.loads(printed.stdout)
    assert main("audit", "--shuffles", "0").returncode == 2


def test_what_can_be_negative_is_written_with_its_sign() -> None:
    assert signed(-0.05, -0.09, 0.01) == "−0.05 (−0.09 to +0.01)"
    assert signed(0.5, None, None) == "+0.50 (interval undefined)"
    assert signed(None, None, None) == "–"
