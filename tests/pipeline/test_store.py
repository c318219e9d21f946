"""The store: a stage is there whole or not at all, and is made anew only when what it was made from has changed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feint.corpus.errors import InputError
from feint.pipeline.store import RECIPE, Artifact, Store

RECIPE_OF_A: dict[str, Any] = {"version": 1, "params": {"seed": 0}, "inputs": {"gather": "abc"}}


def written(folder: Path) -> None:
    (folder / "result.txt").write_text("made")


def never(folder: Path) -> None:
    raise AssertionError(f"made again in {folder}")


def files(store: Store) -> list[str]:
    return sorted(str(path.relative_to(store.root)) for path in store.root.rglob("*"))


def test_a_stage_is_made_once_and_says_what_it_was_made_from(store: Store) -> None:
    first = store.once("train", written, **RECIPE_OF_A)
    second = store.once("train", never, **RECIPE_OF_A)
    assert (first.fresh, second.fresh) == (True, False)
    assert first.path == second.path == store.root / "train" / first.digest
    assert (second / "result.txt").read_text() == "made"
    assert json.loads((first / RECIPE).read_text()) == {"stage": "train"} | RECIPE_OF_A


@pytest.mark.parametrize("change", [{"version": 2}, {"params": {"seed": 1}}, {"inputs": {"gather": "abd"}}])
def test_anything_it_is_made_from_makes_it_anew(store: Store, change: dict[str, Any]) -> None:
    first = store.once("train", written, **RECIPE_OF_A)
    other = store.once("train", written, **(RECIPE_OF_A | change))
    assert other.fresh
    assert other.path != first.path
    assert first.path.is_dir()


def test_stages_are_listed_by_last_use(store: Store) -> None:
    assert (store.stages(), store.latest("train")) == ({}, None)
    one = store.once("train", written, **RECIPE_OF_A)
    two = store.once("train", written, **(RECIPE_OF_A | {"version": 2}))
    os.utime(one / RECIPE, (1, 1))
    latest = store.latest("train")
    assert store.stages() == {"train": [one.path, two.path]}
    assert latest == Artifact(two.path, two.digest, fresh=False)
    store.once("train", never, **RECIPE_OF_A)
    assert store.stages() == {"train": [two.path, one.path]}


def test_an_error_leaves_nothing_and_comes_through(store: Store) -> None:
    def failing(folder: Path) -> None:
        written(folder)
        raise KeyError("surprise")

    with pytest.raises(KeyError, match="surprise"):
        store.once("train", failing, **RECIPE_OF_A)
    assert files(store) == ["train"]


def test_a_stage_without_its_recipe_is_none_and_is_made_anew(store: Store) -> None:
    place = store.once("train", written, **RECIPE_OF_A).path
    (place / RECIPE).unlink()
    (place / "result.txt").write_text("half")
    again = store.once("train", written, **RECIPE_OF_A)
    assert again.fresh
    assert (again / "result.txt").read_text() == "made"


def test_of_two_that_make_the_same_the_first_to_finish_is_kept(store: Store) -> None:
    def overtaken(folder: Path) -> None:
        (folder / "result.txt").write_text("the slower one's")
        store.once("train", written, **RECIPE_OF_A)

    slower = store.once("train", overtaken, **RECIPE_OF_A)
    assert (slower / "result.txt").read_text() == "made"
    assert files(store) == [
        "train",
        f"train/{slower.digest}",
        f"train/{slower.digest}/{RECIPE}",
        f"train/{slower.digest}/result.txt",
    ]


MAKER = """
import sys, time
from pathlib import Path
from feint.pipeline.store import Store

def slowly(folder):
    (folder / "half.txt").write_text("half")
    print("half", flush=True)
    time.sleep(60)

try:
    Store(Path(sys.argv[1])).once("train", slowly, version=1, params={"seed": 0}, inputs={"gather": "abc"})
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.fixture
def halfway(store: Store):
    """A process in the middle of making the stage."""
    process = subprocess.Popen([sys.executable, "-c", MAKER, store.root], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"half\n"
    yield process
    process.kill()
    process.communicate()


def test_killed_in_the_middle_it_leaves_no_stage_and_the_next_run_clears_the_draft(store: Store, halfway) -> None:
    assert store.stages() == {}
    assert any("half.txt" in name for name in files(store))
    os.kill(halfway.pid, signal.SIGKILL)
    halfway.wait()
    made = store.once("train", written, **RECIPE_OF_A)
    assert made.fresh
    assert files(store) == [
        "train",
        f"train/{made.digest}",
        f"train/{made.digest}/{RECIPE}",
        f"train/{made.digest}/result.txt",
    ]


def test_interrupted_it_clears_up_itself(store: Store, halfway) -> None:
    os.kill(halfway.pid, signal.SIGINT)
    assert halfway.wait(10) == 130
    assert files(store) == ["train"]


def test_a_draft_of_somebody_who_is_still_at_work_is_left_alone(store: Store, halfway) -> None:
    store.once("train", written, **RECIPE_OF_A)
    assert any("half.txt" in name for name in files(store))
    assert list(store.stages()) == ["train"]


@pytest.fixture
def small_disk(tmp_path: Path):
    """A disk of 200 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    for _ in range(20):
        if subprocess.run(["umount", folder], capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.1)


def plain(folder: Path) -> None:
    (folder / "big").write_bytes(b"x" * 1_000_000)


def parquet(folder: Path) -> None:
    pl.DataFrame({"a": os.urandom(1_000_000).hex()}).write_parquet(folder / "big.parquet")


@pytest.mark.parametrize("make", [plain, parquet])
def test_a_full_disk_is_said_in_a_sentence_and_leaves_nothing(small_disk: Path, make) -> None:
    store = Store(small_disk)
    with pytest.raises(InputError, match=r"cannot write train to .*No space left on device.*; nothing was kept"):
        store.once("train", make, **RECIPE_OF_A)
    assert files(store) == ["train"]
    assert store.once("train", written, **RECIPE_OF_A).fresh


def test_a_place_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cannot write to the store .*file: Not a directory"):
        Store(tmp_path / "file").once("train", never, **RECIPE_OF_A)
