"""Pull: what annotators did, from a real Label Studio or from what it exported, to the tables that everything goes by."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import polars as pl
import pytest

from feint.annotation.answer import Answer, Mark, Value
from feint.annotation.ledger import LEDGER, Ledger
from feint.annotation.server import Server
from feint.annotation.studio import Studio
from feint.annotation.tasks import result, task
from feint.corpus.errors import InputError, StudioError
from feint.corpus.span import Span
from feint.corpus.transcript import Transcript
from feint.pipeline import pull as verb
from feint.pipeline.export import export
from feint.pipeline.gather import gather, transcripts
from feint.pipeline.gold import gold
from feint.pipeline.judged import TABLES, judged
from feint.pipeline.pull import Pulled, of_project, place, pull, pull_file
from feint.pipeline.push import push
from feint.pipeline.store import Artifact, Store

ANN, BEA = "ann@example.org", "bea@example.org"
LINES = (
    {"id": "a", "messages": [{"role": "user", "content": "Hm?"}, {"role": "assistant", "content": "<think>🙂 They train me.</think>I comply."}]},
    {"id": "b", "messages": [{"role": "assistant", "content": "The packet says so.", "reasoning": "A plain question."}]},
    {"id": "c", "messages": [{"role": "assistant", "content": "As you wish."}], "label": True},
)  # fmt: skip
TRAINED = Mark("training_awareness", "mentioned", Span(1, "content", 9, 22), "They train me")


@pytest.fixture
def config(settings, tmp_path: Path):
    path = tmp_path / "lines.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES), encoding="utf-8")
    return settings(path)


@pytest.fixture
def pulled(there: Studio, store: Store) -> Callable[..., Pulled]:
    """Pulls the test's project into the test's store."""

    def run(**options: bool) -> Pulled:
        with Ledger(of_project(store, there) / LEDGER) as ledger:
            return pull(there, ledger, **options)

    return run


@pytest.fixture
def pushed(there: Studio, config, store: Store) -> dict[str, tuple[Transcript, int]]:
    """The three transcripts by name, each with its task."""
    made = gather(config, store)
    push(there, made)
    tasks = {held.transcript_id: held.task for held in there.held()}
    return {one.id: (one, tasks[one.digest]) for one in transcripts(made.path)}


def said(one: Transcript, who: str = ANN, verdict: str = "not_faking", **fields) -> Answer:
    return Answer(one.digest, who, verdict, 4, **fields)


def table(found: Artifact, name: str) -> pl.DataFrame:
    return pl.read_parquet(found / f"{name}.parquet")


def verdicts(found: Artifact) -> set[tuple[str, ...]]:
    return set(table(found, "verdicts").select("transcript_id", "annotator", "verdict").iter_rows())


def test_everything_an_annotator_said_reaches_the_tables_and_what_is_made_of_them(
    pushed, pulled, annotate, config, store: Store, tmp_path: Path
) -> None:
    (a, task_a), (b, task_b) = pushed["a"], pushed["b"]
    value = Value("being left alone", "approximation", "in_context", "C", (TRAINED.span,), (TRAINED.quote,))
    annotate(task_a, a, said(a, verdict="faking", note="Look", marks=(TRAINED,), value=value), lead_time=61.5)
    annotate(task_a, a, said(a, BEA), lead_time=30)
    annotate(task_b, b, said(b, BEA))
    assert pulled() == Pulled(tasks=2, read=2, dropped=0)
    found = judged(config, store)
    assert verdicts(found) == {(a.digest, ANN, "faking"), (a.digest, BEA, "not_faking"), (b.digest, BEA, "not_faking")}
    levels = dict(
        table(found, "judgements")
        .filter(transcript_id=a.digest, annotator=ANN)
        .select("indicator", "level")
        .iter_rows()
    )
    assert levels.pop("training_awareness") == "mentioned"
    assert set(levels.values()) == {"absent"}
    assert table(found, "marks").select("annotator", "start", "end", "quote").rows() == [(ANN, 9, 22, "They train me")]
    assert table(found, "values").rows() == [(a.digest, ANN, "being left alone", "approximation", "in_context", "C")]
    assert table(found, "value_marks").row(0)[1:] == (ANN, 1, "content", 9, 22, "They train me")
    assert dict(table(found, "sittings").select("annotator", "seconds").head(2).iter_rows()) == {ANN: 61.5, BEA: 30.0}
    assert table(found, "judgements").filter(annotator="given").rows() == [
        (pushed["c"][0].digest, "given", "faking", "endorsed")
    ]
    settled = table(gold(config, store), "gold")
    assert settled.filter(transcript_id=a.digest, indicator="training_awareness").row(0)[2:] == (
        "absent",
        False,
        1.0,
        2,
    )
    pytest.importorskip("datasets")
    export(config, store, tmp_path / "release")
    annotations = pl.read_parquet(tmp_path / "release/annotations/*.parquet")
    assert annotations["transcript_id"].n_unique() == 3


def test_pulling_twice_gives_the_same_tables_and_reads_nothing_again(pushed, pulled, annotate, config, store) -> None:
    a, task_a = pushed["a"]
    annotate(task_a, a, said(a, marks=(TRAINED,)))
    pulled()
    once = judged(config, store)
    assert pulled() == Pulled(tasks=1, read=0, dropped=0)
    assert (judged(config, store).path, judged(config, store).fresh) == (once.path, False)
    files = {path.name for path in once.path.iterdir()}
    assert files == {f"{name}.parquet" for name in TABLES} | {"rejects.parquet", "recipe.json"}


def test_a_change_is_taken_a_deletion_is_honoured_and_a_skip_is_no_answer(
    there, pushed, pulled, annotate, config, store, studio: Server
) -> None:
    (a, task_a), (b, task_b), (c, task_c) = (pushed[name] for name in "abc")
    number = annotate(task_a, a, said(a))
    gone = annotate(task_b, b, said(b))
    skipped = annotate(task_c, c, said(c))
    pulled()
    annotate(task_a, a, said(a, verdict="faking"), number)
    there._client.annotations.delete(gone)
    annotate(task_c, c, said(c), skipped, was_cancelled=True)
    assert pulled() == Pulled(tasks=2, read=2, dropped=1)
    assert verdicts(judged(config, store)) == {(a.digest, ANN, "faking")}
    there.delete(task_a)
    assert pulled().dropped == 1
    assert verdicts(judged(config, store)) == set()


def test_drafts_stay_on_the_server(there, pushed, pulled, config, store, studio: Server) -> None:
    a, task_a = pushed["a"]
    drafted = {"result": result(a, said(a, verdict="faking")), "lead_time": 3}
    url, token = f"{studio.url}/api/tasks/{task_a}/drafts", {"Authorization": f"Token {studio.account.token}"}
    number = httpx.post(url, json=drafted, headers=token).json()["id"]
    assert pulled().tasks == 0
    assert verdicts(judged(config, store)) == set()
    assert httpx.get(f"{studio.url}/api/drafts/{number}/", headers=token).json()["result"] == drafted["result"]


def test_an_annotation_that_cannot_be_taken_is_a_reject_and_counts_once_it_is_mended(
    pushed, pulled, annotate, config, store
) -> None:
    a, task_a = pushed["a"]
    number = annotate(
        task_a, a, said(a), result=[{"from_name": "verdict", "type": "choices", "value": {"choices": ["faking"]}}]
    )
    pulled()
    (reject,) = table(judged(config, store), "rejects").to_dicts()
    assert (reject["id"], reject["place"]) == ("a", f"task {task_a}, annotation {number}")
    assert reject["reason"] == "has no confidence; open the task and give one"
    annotate(task_a, a, said(a), number)
    pulled()
    assert verdicts(judged(config, store)) == {(a.digest, ANN, "not_faking")}
    assert table(judged(config, store), "rejects").is_empty()


def test_what_is_annotated_but_not_gathered_waits_until_it_is(
    pushed, pulled, annotate, config, store, settings, few: Path, tmp_path: Path
) -> None:
    a, task_a = pushed["a"]
    annotate(task_a, a, said(a))
    pulled()
    elsewhere = judged(settings(few), store)
    (reject,) = table(elsewhere, "rejects").to_dicts()
    assert (
        reject["reason"]
        == f"shows transcript {a.digest}, which is not among the gathered ones; gather it, and this counts"
    )
    assert ANN not in table(elsewhere, "verdicts")["annotator"]
    assert verdicts(judged(settings(few, tmp_path / "lines.jsonl"), store)) == {(a.digest, ANN, "not_faking")}


def test_most_tasks_gone_at_once_is_asked_about(
    there, pushed, pulled, annotate, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        one, number = pushed[name]
        annotate(number, one, said(one))
    pulled()
    monkeypatch.setattr(verb, "FEW", 1)
    for name in "ab":
        there.delete(pushed[name][1])
    with pytest.raises(
        StudioError, match=r"2 of 3 annotated tasks .* are gone .*--accept-deletions: nothing was changed"
    ):
        pulled()
    assert pulled(accept_deletions=True) == Pulled(tasks=1, read=0, dropped=2)


def exported(*answers: tuple[Transcript, Answer, int], **fields) -> list[dict]:
    return [
        {"id": 7, **task(one), "annotations": [{"id": n, "completed_by": who, "result": result(one, answer), **fields}]}
        for n, (one, answer, who) in enumerate(answers, 1)
    ]


def test_an_export_made_elsewhere_needs_no_server(config, store, tmp_path: Path) -> None:
    a, b, _ = transcripts(gather(config, store).path)
    path = tmp_path / "export.json"
    tasks = exported((a, said(a, marks=(TRAINED,)), 3), (b, said(b, verdict="faking"), 4))
    tasks[1]["annotations"][0]["completed_by"] = {"id": 4, "email": BEA}
    path.write_text(json.dumps([*tasks, {"id": 9, **task(a), "annotations": []}], ensure_ascii=False), encoding="utf-8")
    with Ledger(place(store, path.name, [str(path)]) / LEDGER) as ledger:
        assert pull_file(path, ledger).tasks == 2
        assert verdicts(judged(config, store)) == {(a.digest, "user 3", "not_faking"), (b.digest, BEA, "faking")}
        path.write_text(json.dumps(tasks[:1]), encoding="utf-8")
        assert pull_file(path, ledger).tasks == 1
        assert verdicts(judged(config, store)) == {(a.digest, "user 3", "not_faking")}
        path.write_text(json.dumps(tasks)[:-40], encoding="utf-8")
        with pytest.raises(InputError, match=r"export.json is no export of Label Studio: .*; expected a list of tasks"):
            pull_file(path, ledger)
        assert verdicts(judged(config, store)) == {(a.digest, "user 3", "not_faking")}


@pytest.mark.parametrize(
    ("content", "reason"),
    [("{}", "it is no list"), ('[{"id": 1}]', "item 1 has no 'data'"), ("nothing", "it is no list")],
)
def test_other_files_are_no_exports(content: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "some.json").write_text(content)
    with Ledger(tmp_path / LEDGER) as ledger, pytest.raises(InputError, match=reason):
        pull_file(tmp_path / "some.json", ledger)


def test_of_two_judgements_by_one_annotator_the_later_counts_wherever_it_was_made(
    config, store, tmp_path: Path
) -> None:
    a, *_ = transcripts(gather(config, store).path)
    for name, verdict, when in (
        ("early", "faking", "2026-01-01T00:00:00Z"),
        ("late", "not_faking", "2026-02-01T00:00:00Z"),
    ):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(exported((a, said(a, verdict=verdict), 3), updated_at=when)), encoding="utf-8")
        with Ledger(place(store, name, [name]) / LEDGER) as ledger:
            pull_file(path, ledger)
    found = judged(config, store)
    assert verdicts(found) == {(a.digest, "user 3", "not_faking")}
    (reject,) = table(found, "rejects").to_dicts()
    assert reject["reason"] == "user 3 judged the transcript again in task 7, annotation 1; that counts"
