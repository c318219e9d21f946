"""The demo runs from an empty folder, what ships is what it trains, and the README's commands do what they say."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import polars as pl
import pytest

from feint.models.detector import BUNDLED

ROOT = Path(__file__).parents[1]
ENVIRONMENT = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HF_HUB_OFFLINE": "1"}


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command line as a person types it."""
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("demo")
    environment = ENVIRONMENT | {"HF_DATASETS_CACHE": str(place / "hf")}
    done = subprocess.run(
        [sys.executable, "-m", "feint.pipeline.cli", "demo"],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (place / "said.txt").write_text(done.stderr, encoding="utf-8")
    return place


def test_the_demo_says_what_there_is_and_where(folder):
    said = (folder / "said.txt").read_text(encoding="utf-8")
    for words in ("gather", "gold", "train", "export", "scan", "measure", "report", "AUROC", "What there is now"):
        assert words in said
    for made in ("scan.jsonl", "measures/measures.csv", "report.html", "dataset/README.md"):
        assert (folder / "demo" / made).is_file()


def test_the_report_says_that_its_training_runs_are_simulated_and_what_was_measured_of_them(folder):
    page = (folder / "demo" / "report.html").read_text(encoding="utf-8")
    assert "They say nothing of any model." in page
    assert re.search(r"simulated-run at rl-2, its last checkpoint, complies \d+ points more often", page)
    assert "simulated-control at rl-2, its last checkpoint, shows no compliance gap that is sure" in page
    figures = {path.name for path in (folder / "demo" / "report-figures").glob("*.svg")}
    assert {"gap-compliance_gap-models.svg", "consistency-consistency-models.svg", "agreement.svg"} <= figures


def test_a_second_run_reuses_every_stage(folder):
    said = run("feint demo", folder).stderr
    assert said.count("(reused)") == 4


def test_no_group_stands_in_two_splits_of_the_export(folder):
    splits = defaultdict(set)
    for path in (folder / "demo" / "dataset").glob("*/*.parquet"):
        for group in pl.read_parquet(path)["group"].unique():
            splits[group].add(path.name.split("-")[0])
    assert splits
    assert all(len(parts) == 1 for parts in splits.values())


def test_every_line_of_the_scan_quotes_what_stands_there(folder):
    lines = [json.loads(line) for line in (folder / "demo" / "scan.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(lines) == 6
    assert all(line["reasoning"] == "raw" for line in lines)


def test_the_bundled_detector_was_trained_on_the_bundled_corpus_with_the_default_settings(folder):
    """Otherwise the demo would have trained one for many minutes: after a change of either, run 'make bundled'."""
    made = next((folder / "demo" / "store" / "train").glob("[!.]*/detector"))
    assert (made / "head.safetensors").read_bytes() == (BUNDLED / "head.safetensors").read_bytes()
    assert (made / "config.json").read_bytes() == (BUNDLED / "config.json").read_bytes()


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def test_the_commands_of_the_readme_run(folder):
    (folder / "logs").mkdir()
    shutil.copy(ROOT / "pipeline" / "example" / "vendor-helpdesk.eval", folder / "logs")
    shutil.copy(ROOT / "tests" / "few.jsonl", folder / "mine.jsonl")
    shutil.copy(ROOT / "tests" / "few.jsonl", folder / "new.jsonl")
    commands = [line.split("#")[0].strip() for block in _blocks("sh") for line in block.splitlines()]
    ours = [command for command in commands if command.startswith("feint ")]
    assert len(ours) >= 3
    for command in ours:
        run(command, folder)
    judged = [json.loads(line) for line in (folder / "judged.jsonl").read_text(encoding="utf-8").splitlines()]
    shown = json.loads(_blocks("json")[0])
    assert set(shown) == set(judged[0]), "the README shows a line of another form"


def test_the_library_example_of_the_readme_runs(folder):
    (folder / "example.py").write_text(_blocks("python")[0], encoding="utf-8")
    assert run("python example.py", folder).stdout


def test_the_readme_has_a_picture_and_names_no_missing_file():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#:]+)\)", text)
    assert "pipeline/page/flow.svg" in targets
    assert all((ROOT / target).exists() for target in targets)
