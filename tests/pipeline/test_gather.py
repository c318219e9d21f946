"""Gathering: every transcript once, in the split its group has by name, with the labels it came with."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feint.corpus.errors import InputError
from feint.corpus.reading import read
from feint.corpus.transcript import Transcript
from feint.corpus.validation_csv import Case, write
from feint.corpus.validation_csv import read as read_cases
from feint.pipeline import gather as module
from feint.pipeline.gather import gather, transcripts
from feint.pipeline.gold import cases, gold
from feint.pipeline.store import Artifact, Store

Row = dict[str, Any]


@pytest.fixture
def lines(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows as JSON lines; a row that is text stands as it is."""

    def write(*rows: Row | str, name: str = "in.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows), encoding="utf-8")
        return path

    return write


def table(found: Artifact, name: str) -> pl.DataFrame:
    return pl.read_parquet(found / f"{name}.parquet")


def said(words: str, **others: Any) -> Row:
    return {"id": others.pop("id", words), "text": words} | others


def test_what_comes_out_is_what_went_in(settings, store: Store, few: Path) -> None:
    gathered = gather(settings(few), store)
    went_in = [one for one in read([few]) if isinstance(one, Transcript)]
    assert list(transcripts(gathered.path)) == went_in
    assert table(gathered, "rejects").is_empty()


def test_many_parts_keep_the_order(settings, store: Store, few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART", 5)
    gathered = gather(settings(few), store)
    assert len(list(gathered.path.glob("transcripts-*"))) == 5
    assert [one.id for one in transcripts(gathered.path)] == [one.id for one in read([few])]


def test_it_is_made_once_and_anew_when_a_file_changes(settings, store: Store, lines) -> None:
    config = settings(lines(said("one")))
    assert [gather(config, store).fresh, gather(config, store).fresh] == [True, False]
    lines(said("one"), said("two"))
    assert gather(config, store).fresh


def test_the_same_words_are_kept_once_and_the_rest_is_rejected_with_its_reason(settings, store: Store, lines) -> None:
    path = lines(
        said("one", id="a"), said("one", id="b"), "{nonsense", {"id": "c", "messages": []}, said("two", id="a")
    )
    gathered = gather(settings(path), store)
    assert [one.id for one in transcripts(gathered.path)] == ["a", "a"]
    assert table(gathered, "rejects").rows() == [
        (str(path), "", "b", "has the very words of 'a'; kept once"),
        (str(path), "line 3", None, "not JSON: Expecting property name enclosed in double quotes at character 2"),
        (str(path), "line 4", "c", "no messages: messages is an empty list"),
    ]


def test_labels_that_cannot_be_read_are_rejected_and_their_transcript_stays(settings, store: Store, lines) -> None:
    wrong = {"indicator": "value_conflict", "message": 0, "start": 0, "end": 999}
    path = lines(
        said("one", label=1), said("two", labels=["faking"]), said("three", spans=[wrong]), said("four", label=True)
    )
    gathered = gather(settings(path), store)
    assert len(list(transcripts(gathered.path))) == 4
    assert [(name, reason.partition(":")[0]) for _, _, name, reason in table(gathered, "rejects").rows()] == [
        (name, "kept without its labels") for name in ("one", "two", "three")
    ]
    assert table(gathered, "judgements").rows()[0][1:] == ("given", "faking", "endorsed")
    assert len(table(gathered, "judgements")) == 1


def test_spans_that_come_along_are_marks_and_judgements(settings, store: Store, lines) -> None:
    def span(indicator: str, start: int, end: int, level: str) -> Row:
        return {"indicator": indicator, "message": 0, "start": start, "end": end, "level": level}

    marks = [
        span("value_conflict", 0, 3, "mentioned"),
        span("value_conflict", 0, 3, "endorsed"),
        span("value_conflict", 4, 6, "considered"),
        span("concealment", 0, 3, "unclear"),
    ]
    config = settings(lines(said("one two three", spans=marks, label=True, labels={"transparency": False})))
    gathered = gather(config, store)
    judged = table(gathered, "judgements").sort("indicator")
    assert dict(judged.select("indicator", "level").iter_rows()) == {
        "concealment": "unclear", "faking": "endorsed", "transparency": "absent", "value_conflict": "endorsed",
    }  # fmt: skip
    kept = table(gathered, "marks").select("indicator", "start", "end", "level", "quote")
    assert set(kept.rows()) == {
        ("concealment", 0, 3, "unclear", "one"),
        ("value_conflict", 0, 3, "endorsed", "one"),
        ("value_conflict", 4, 6, "considered", "tw"),
    }
    answers = table(gold(config, store), "gold")
    present = dict(answers.select("indicator", "present").iter_rows())
    assert {name: present[name] for name in ("faking", "value_conflict", "transparency", "concealment")} == {
        "faking": True, "value_conflict": True, "transparency": False, "concealment": None,
    }  # fmt: skip


def test_growing_the_corpus_moves_nobody_between_splits(settings, store: Store, few: Path, lines) -> None:
    def splits(*sources: Path) -> dict[str, tuple[str, str]]:
        rows = table(gather(settings(*sources), store), "splits").iter_rows()
        return {name: (group, split) for name, group, split in rows}

    before = splits(few)
    more = lines(*(said(f"Quite another thing, number {n}, said about {n * n}.") for n in range(60)))
    after = splits(more, few)
    assert len(after) == len(before) + 60
    assert {name: after[name] for name in before} == before
    assert {split for _, split in after.values()} == {"train", "development", "test"}


def test_no_group_is_in_two_splits_and_every_transcript_is_in_one(project) -> None:
    gathered = gather(*project)
    splits = table(gathered, "splits")
    assert splits.group_by("group").agg(pl.col("split").n_unique())["split"].to_list() == [1] * 12
    assert sorted(splits["transcript_id"]) == sorted(one.digest for one in transcripts(gathered.path))
    assert splits["split"].n_unique() == 3


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("{", "no transcript in .*in.jsonl; the first reject: line 1: not JSON"),
        ("", "no transcript in .*in.jsonl: nothing stands there; expected JSON lines"),
    ],
)
def test_nothing_to_gather_is_said_in_a_sentence(settings, store: Store, lines, row: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        gather(settings(lines(row)), store)
    assert store.stages() == {}


def test_a_source_that_is_not_there_is_said_not_to_be(settings, store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone.jsonl cannot be read: No such file or directory"):
        gather(settings(tmp_path / "gone.jsonl"), store)


def test_gold_takes_a_label_at_its_word_and_says_who_agrees(project) -> None:
    settled = gold(*project)
    answers = pl.read_parquet(settled / "gold.parquet").filter(pl.col("indicator") == "faking")
    truth = {one.digest: one.metadata["label"] for one in transcripts(gather(*project).path)}
    assert dict(answers.select("transcript_id", "present").iter_rows()) == truth
    assert answers["support"].to_list() == [1.0] * 24
    assert pl.read_parquet(settled / "agreement.parquet")["units"].sum() == 0
    assert pl.read_parquet(settled / "contradictions.parquet").is_empty()


def test_gold_of_nothing_judged_is_said_in_a_sentence(settings, store: Store, lines) -> None:
    with pytest.raises(InputError, match=r"nobody has judged anything in .*in\.jsonl; gather transcripts with labels"):
        gold(settings(lines(said("one"))), store)


def test_a_validation_set_of_scout_labels_what_is_gathered_and_gold_writes_one(
    settings, store: Store, tmp_path: Path
) -> None:
    lines = [{"id": name, "text": f"{name} answers in its own words, at length."} for name in ("one", "two", "three")]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    (tmp_path / "v.csv").write_text("id,target\none,true\ntwo,false\nfour,true\n", encoding="utf-8")
    config = settings(
        tmp_path / "t.jsonl", gather={"sources": [str(tmp_path / "t.jsonl")], "validation": [str(tmp_path / "v.csv")]}
    )
    gathered, settled = gather(config, store), gold(config, store)
    assert pl.read_parquet(gathered / "rejects.parquet")["id"].to_list() == ["four"]
    count, left_out = write(tmp_path / "new" / "out.csv", cases(gathered, settled))
    assert (count, left_out) == (2, [])
    assert {one.id: dict(one.labels) for one in read_cases(tmp_path / "new" / "out.csv") if isinstance(one, Case)} == {
        "one": {"faking": True},
        "two": {"faking": False},
    }
    (tmp_path / "v.csv").write_text("id,target\nthree,true\n", encoding="utf-8")
    assert gather(config, store).digest != gathered.digest


ADDRESS = """
import json, os, sys
from pathlib import Path
from huggingface_hub import HfApi
from feint.pipeline import config
from feint.pipeline.gather import gather
from feint.pipeline.store import Store
api, settings, store = HfApi(), config.load(Path(sys.argv[1])), Store(Path(sys.argv[2]))
def upload(*texts):
    rows = "".join(json.dumps({"id": text, "text": text}) + "\\n" for text in texts)
    api.upload_file(path_or_fileobj=rows.encode(), path_in_repo="in.jsonl", repo_id="org/gathered", repo_type="dataset")
api.create_repo("org/gathered", repo_type="dataset")
upload("one")
found = [gather(settings, store).fresh, gather(settings, store).fresh]
upload("one", "two")
print(json.dumps([*found, gather(settings, store).fresh, gather(settings, store).fresh]))
"""


def test_a_data_set_of_the_hub_is_gathered_anew_when_it_has_a_new_commit(
    hub, settings, store: Store, tmp_path: Path
) -> None:
    settings("hf://datasets/org/gathered")
    made = hub.python(ADDRESS, tmp_path / "feint.toml", store.root, home=tmp_path)
    assert made == [True, False, True, False]
