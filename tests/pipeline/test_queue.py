"""The queue as a verb: rounds that are kept, and what their labels say of all transcripts."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feint.annotation.answer import Answer
from feint.annotation.server import Server
from feint.annotation.studio import Studio
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


def test_the_command_prints_the_queue_serves_it_and_goes_by_what_is_pulled(
    main,
    settings,
    lines: Path,
    detector_folder: Path,
    tmp_path: Path,
    studio: Server,
    annotate,
    annotators,
    monkeypatch,
) -> None:
    """Push, queue, an annotation, pull, queue: what was annotated is gone from it, and the annotator's time is in gold."""
    monkeypatch.setenv("LABEL_STUDIO_URL", studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", studio.account.token)
    settings(lines, queue={"path": str(tmp_path / "queue"), "overlap": 0.0}, studio={"project": "A queue of the few"})
    assert main("push").returncode == 0
    done = main("queue", "-n", 4, "--detector", detector_folder, "--serve")
    assert done.returncode == 0, done.stderr
    assert "4 tasks are served next" in done.stderr
    printed = [line.split("\t")[0] for line in done.stdout.splitlines()]
    with Studio(studio.url, studio.account.token) as there:
        assert there.find("A queue of the few")
        served = there.settings() and there._read(f"api/projects/{there.project}/next", {})
    assert served["data"]["transcript_id"] == printed[0]
    by_digest = {one.digest: one for one in read([lines]) if isinstance(one, Transcript)}
    who = next(iter(annotators))
    annotate(served["id"], by_digest[printed[0]], Answer(printed[0], who, "not_faking", 4), lead_time=31.5)
    assert main("pull").returncode == 0
    again = main("queue", "-n", 4, "--detector", detector_folder)
    left = [line.split("\t")[0] for line in again.stdout.splitlines()]
    assert left[:3] == printed[1:]
    gold = Path(main("gold").stdout.strip())
    people = pl.read_parquet(tmp_path / gold / "annotators.parquet").filter(pl.col("figure") == "seconds")
    assert people.select("annotator", "value", "units").rows() == [(who, 31.5, 1)]


def test_without_a_server_or_a_project_there_it_says_what_to_do(
    main, settings, lines: Path, detector_folder: Path, tmp_path: Path, studio: Server, monkeypatch
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", studio.account.token)
    settings(
        lines, queue={"path": str(tmp_path / "queue")}, studio={"project": "Nobody's", "path": str(tmp_path / "studio")}
    )
    ask = ("queue", "-n", 2, "--detector", detector_folder, "--serve")
    nowhere, elsewhere = main(*ask), main(*ask, "--url", studio.url)
    assert (nowhere.returncode, elsewhere.returncode) == (1, 1)
    assert "found no Label Studio" in nowhere.stderr
    assert "has no project called \"Nobody's\"; 'feint push' makes it" in elsewhere.stderr


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
