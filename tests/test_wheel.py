"""The wheel, built from this tree and installed alone, can scan."""

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT], check=True, capture_output=True
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_every_module_and_every_data_file_of_the_rooms(wheel):
    held = set(zipfile.ZipFile(wheel).namelist())
    rooms = ("corpus", "annotation", "models", "pipeline")
    wanted = {
        f"feint/{path.relative_to(ROOT).as_posix()}"
        for room in rooms
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted - held == set()


def test_installed_alone_it_scans(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    install = [python, "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt", wheel]
    subprocess.run(install, check=True, env=clean)
    line = json.dumps({"id": "one", "text": "They asked for a summary, so I will write a short one."}) + "\n"
    done = subprocess.run(
        [tmp_path / "venv" / "bin" / "feint", "scan", "-"],
        input=line, text=True, check=True, capture_output=True, cwd=tmp_path, env=clean,
    )  # fmt: skip
    judged = json.loads(done.stdout)
    assert judged["id"] == "one"
    assert 0 <= judged["faking"] <= 1
