"""What the tests of this room share: a project on the few, gathered, settled and trained once."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feint.pipeline import cli, config
from feint.pipeline.config import Config
from feint.pipeline.store import Store

Settled = Callable[..., Config]


def configured(folder: Path, *sources: Path | str, **tables: dict[str, Any]) -> Config:
    """The defaults with few draws, these sources and these tables over them."""
    few_draws = {"agreement": {"draws": 50}, "evaluate": {"draws": 50}}
    given = few_draws | {"gather": {"sources": [str(source) for source in sources]}} | tables
    lines = [f"[{name}]\n" + "".join(f"{k} = {v!r}\n" for k, v in table.items()) for name, table in given.items()]
    path = folder / "feint.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return config.load(path)


@pytest.fixture
def settings(tmp_path: Path) -> Settled:
    """Configuration for these sources, in the test's own folder."""
    return lambda *sources, **tables: configured(tmp_path, *sources, **tables)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "store")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, few: Path) -> tuple[Config, Store]:
    """Settings and a store for the few, whose stages are made once for all tests that only read them."""
    folder = tmp_path_factory.mktemp("project")
    shares = {"train": 0.5, "development": 0.15, "test": 0.35, "seed": SEED}
    return configured(folder, few, split=shares), Store(folder / "store")


SEED = 0
"""Under it every split has some of the twelve pairs."""


@pytest.fixture
def main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs the command line's `main` in this process, in the test's folder: for what needs no process of its own."""

    def run(*arguments: Any) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["feint", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def as_documented() -> Callable[[str], list[str]]:
    """The command of pipeline/README.md that begins so, split into its words."""
    text = (Path(__file__).parents[2] / "pipeline" / "README.md").read_text(encoding="utf-8")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]

    def words(beginning: str) -> list[str]:
        (line,) = [line for line in lines if line.startswith(beginning)]
        return shlex.split(line, comments=True)

    return words
