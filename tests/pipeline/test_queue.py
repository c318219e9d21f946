"""The queue as a verb: rounds that are kept, and what their labels say of all transcripts."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feint.annotation.api import Api
from feint.annotation.interface import interface
from feint.annotation.server import Server
from feint.annotation.tasks import task
from feint.corpus.errors import ConfigError, InputError
from feint.corpus.reading import read
from feint.corpus.transcript import Transcript
from feint.pipeline.queue import queue
from feint.pipeline.rounds import history
from feint.pipeline.store import Store

Asked = Callable[..., Any]


@pytest.fixture
def lines(rows: list[dict[str, Any]], tmp_path: Path) -> Path:
    """The few without their labels."""
    path = tmp_path / "unread.jsonl"
    path.write_text(
        "".join(json.dumps({"id": r["id"], "messages": r["messages"]}) + "\n" for r in rows), encoding="utf-8"
    )
    return path


@pytest.fixture
def ask(settings, store: Store, lines: Path, detector_folder: Path, tmp_path: Path) -> Asked:
    """Asks for the next few, in a project of the few."""
    config = settings(lines, queue={"path": str(tmp_path / "queue")})
    return lambda size: queue(config, store, size, str(detector_folder))


def _label(path: Path, rows: list[dict[str, Any]], names: set[str]) -> None:
    """Somebody has read these."""
    given = [{k: r[k] for k in ("id", "messages", *(["label"] if r["id"] in names else []))} for r in rows]
    path.write_text("".join(json.dumps(r) + "\n" for r in given), encoding="utf-8")


def test_asking_again_draws_nothing_and_asking_for_more_only_fills_up(ask: Asked, tmp_path: Path) -> None:
    first = ask(5)
    assert (first.drawn, len(first.waiting)) == (5, 5)
    assert ask(5).waiting.equals(first.waiting)
    assert ask(5).drawn == 0
    more = ask(8)
    assert more.drawn == 3
    assert more.waiting["transcript_id"].to_list()[:5] == first.waiting["transcript_id"].to_list()
    rounds, draws = history(tmp_path / "queue")
    assert len(rounds) == 2
    assert draws["probability"].is_between(0, 1, closed="right").all()
    assert draws["strategy"].is_in(["random", "uncertainty", "diversity"]).all()


def test_what_is_read_leaves_the_queue_and_tells_of_all(ask: Asked, lines: Path, rows: list[dict[str, Any]]) -> None:
    names: set[str] = set()
    for _ in range(3):
        found = ask(6)
        fresh = [name for name, readers in found.waiting.select("transcript_id", "readers").rows() if readers == 1]
        names |= {found.ids[name] for name in found.waiting["transcript_id"]}
        _label(lines, rows, names)
        again = ask(6)
        assert not set(again.waiting["transcript_id"]) & set(fresh)
    assert again.prevalence is not None
    assert again.assisted is not None
    assert again.prevalence.population == 24
    assert again.prevalence.low <= 0.5 <= again.prevalence.high
    weighed = pl.read_parquet(again.weights)
    truth = {row["id"]: row["label"] for row in rows}
    estimate = sum(w * truth[again.ids[name]] for name, w in weighed.select("transcript_id", "weight").rows()) / 24
    assert min(max(estimate, 0), 1) == pytest.approx(again.prevalence.value)
    _label(lines, rows, {row["id"] for row in rows})
    assert ask(1).prevalence.population == 24


def test_a_round_that_is_not_whole_is_missed(ask: Asked, tmp_path: Path) -> None:
    ask(2)
    (tmp_path / "queue" / "round-0001" / "candidates.parquet").unlink()
    with pytest.raises(InputError, match=r"candidates\.parquet is missing; restore it"):
        ask(2)


def test_of_two_who_draw_at_once_one_draws(ask: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(2)
    kept = tmp_path / "kept"
    shutil.copytree(tmp_path / "queue", kept)
    shutil.rmtree(tmp_path / "queue")
    rename = Path.rename

    def late(self: Path, target: Path) -> Path:
        if target.name == "round-0001":
            shutil.copytree(kept / "round-0001", target)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", late)
    with pytest.raises(InputError, match="was drawn by another process just now"):
        ask(2)
    assert [path.name for path in (tmp_path / "queue").iterdir()] == ["round-0001"]


def test_shares_that_are_not_one_are_refused(settings, lines: Path) -> None:
    with pytest.raises(ConfigError, match=r"the shares of the queue add up to 1\.2; expected 1"):
        settings(lines, queue={"random": 0.5})


@pytest.fixture
def configured(settings, lines: Path, tmp_path: Path) -> None:
    """A project whose settings lie where the command runs."""
    settings(lines, queue={"path": str(tmp_path / "queue")})


def test_the_command_prints_the_queue_and_serves_it(
    main, configured, detector_folder: Path, lines: Path, studio: Server, monkeypatch
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", studio.account.token)
    with Api(studio.url, studio.account.token) as api:
        made = api.post("projects/", {"title": "The few", "label_config": interface()})
        transcripts = [one for one in read([lines]) if isinstance(one, Transcript)]
        api.post(f"projects/{made['id']}/import", [task(one) for one in transcripts])
        done = main("queue", "-n", 4, "--detector", detector_folder, "--url", studio.url, "--project", "The few")
        assert done.returncode == 0, done.stderr
        assert "4 tasks are served next" in done.stderr
        printed = [line.split("\t") for line in done.stdout.splitlines()]
        assert len(printed) == 4
        assert set(map(tuple, printed)) <= {(one.digest, one.id) for one in transcripts}
        assert api.get(f"projects/{made['id']}/next")["data"]["transcript_id"] == printed[0][0]


def test_without_a_token_it_says_where_one_is(main, configured, detector_folder: Path, monkeypatch) -> None:
    monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)
    done = main("queue", "-n", 2, "--detector", detector_folder, "--url", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "no token for http://127.0.0.1:9; put it into LABEL_STUDIO_API_KEY" in done.stderr


def test_gold_says_who_differs_and_the_report_shows_it(
    main, settings, tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    """The bundled corpus has two readers of most transcripts."""
    settings("bundled")
    done = main("gold")
    assert done.returncode == 0, done.stderr
    assert "Annotators (95 % interval by group" in done.stderr
    assert "Disagreements: 0 on faking" in done.stderr
    assert "contradict their own indicators" in done.stderr
    folder = Path(done.stdout.strip())
    tables = {path.stem: pl.read_parquet(tmp_path / path) for path in folder.glob("*.parquet")}
    assert {"gold", "agreement", "spans", "annotators", "disagreements", "contradictions"} == set(tables)
    assert tables["spans"].filter(pl.col("measure") == "spans")["value"].mean() > 0.5
