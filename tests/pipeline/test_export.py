"""Export: what datasets loads is what is in the store, group by group in one split."""

import json
import re
import warnings
from pathlib import Path
from typing import Any

import mlcroissant
import polars as pl
import pytest
import yaml
from datasets import get_dataset_config_names, load_dataset
from datasets.utils.logging import disable_progress_bar
from huggingface_hub import metadata_load
from pyarrow import parquet

from feint.corpus.errors import InputError
from feint.corpus.transcript import Message, Transcript
from feint.pipeline.config import Annotator
from feint.pipeline.export import CONFIGS, SPLITS, export
from feint.pipeline.gather import gather, transcripts
from feint.pipeline.gold import gold
from feint.pipeline.release import manifest, shards
from feint.pipeline.release.check import check
from feint.pipeline.release.facts import CANARY
from feint.pipeline.release.overlap import Overlap
from feint.pipeline.store import Store

disable_progress_bar()


@pytest.fixture(scope="module")
def release(project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "release"
    export(*project, folder)
    return folder


@pytest.fixture(scope="module")
def loaded(release: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Every row that datasets gives, by config and split."""
    cache = str(tmp_path_factory.mktemp("cache"))
    return {
        name: {split: part.to_list() for split, part in load_dataset(str(release), name, cache_dir=cache).items()}
        for name in CONFIGS
    }


def every(of: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [row for rows in of.values() for row in rows]


def test_the_four_configs_are_there_and_the_transcripts_come_first(release: Path, loaded, tmp_path: Path) -> None:
    assert set(get_dataset_config_names(str(release))) == set(CONFIGS)
    default = load_dataset(str(release), cache_dir=str(tmp_path))
    assert {split: part.to_list() for split, part in default.items()} == loaded["transcripts"]
    assert all(set(of) <= set(SPLITS.values()) for of in loaded.values())


def test_the_rows_are_those_of_the_store(project, loaded) -> None:
    gathered, settled = gather(*project), gold(*project)
    words = {row["transcript_id"]: row for row in every(loaded["transcripts"])}
    for one in transcripts(gathered.path):
        row = words.pop(one.digest)
        assert [(m["role"], m["content"], m["reasoning"]) for m in row["messages"]] == [
            (m.role, m.content, m.reasoning) for m in one.messages
        ]
        assert (row["id"], json.loads(row["metadata"])) == (one.id, one.metadata)
    assert not words
    tables = {
        "annotations": gathered / "judgements.parquet",
        "spans": gathered / "marks.parquet",
        "gold": settled / "gold.parquet",
    }
    for name, path in tables.items():
        ours = pl.read_parquet(path).to_dicts()
        theirs = [{key: row[key] for key in ours[0]} for row in every(loaded[name])]
        assert sorted(theirs, key=str) == sorted(ours, key=str)


def test_spans_quote_the_messages_they_are_exported_with(loaded, rows) -> None:
    words = {row["transcript_id"]: row["messages"] for row in every(loaded["transcripts"])}
    spans = every(loaded["spans"])
    assert len(spans) == sum(len(row.get("spans", ())) for row in rows) > 0
    for span in spans:
        text = words[span["transcript_id"]][span["message"]][span["field"]]
        assert text[span["start"] : span["end"]] == span["quote"]


def test_no_group_is_in_two_splits_and_all_configs_agree(loaded) -> None:
    places = {(row["group"], split) for of in loaded.values() for split, rows in of.items() for row in rows}
    assert len(places) == len({group for group, _ in places}) == 12
    splits = {row["transcript_id"]: split for split, rows in loaded["transcripts"].items() for row in rows}
    assert all(
        splits[row["transcript_id"]] == split for of in loaded.values() for split, rows in of.items() for row in rows
    )


def test_the_same_input_gives_the_same_bytes(project, release: Path, tmp_path: Path) -> None:
    settings, _ = project
    export(settings, Store(tmp_path / "store"), tmp_path / "again")
    ours = {path.relative_to(release): path.read_bytes() for path in release.rglob("*") if path.is_file()}
    again = {p.relative_to(tmp_path / "again"): p.read_bytes() for p in (tmp_path / "again").rglob("*") if p.is_file()}
    assert ours == again


def test_the_card_counts_what_is_there_and_carries_the_canary(release: Path, loaded) -> None:
    card = (release / "README.md").read_text(encoding="utf-8")
    counts = [len(loaded["transcripts"][split]) for split in ("train", "validation", "test")]
    assert f"| `transcripts` | {counts[0]} | {counts[1]} | {counts[2]} |" in card
    assert "24 transcripts in 12 groups" in card
    assert "Groups in more than one split: **0**." in card
    assert re.search(r"canary [0-9a-f]{8}-[0-9a-f-]{27}", card)
    assert card.count("*Not said.*") == 4  # about, biases, and who "given" is and knows: nobody has configured them
    assert (
        (release / "LICENSE")
        .read_text(encoding="utf-8")
        .endswith("nobody but its authors may use or pass on this data set.\n")
    )


def test_the_card_says_what_was_configured(project, tmp_path: Path) -> None:
    settings, store = project
    given = {
        "title": "Rotas", "licence": "cc-by-4.0", "authors": ("Ada", "Bo"), "date": "2026-11-28", "about": "Written by hand.",
        "biases": "Short.", "annotators": (Annotator(name="given", kind="human", expertise="wrote a thesis on it"),),
    }  # fmt: skip
    export(
        settings.model_copy(update={"export": settings.export.model_copy(update=given)}), store, tmp_path / "release"
    )
    card = (tmp_path / "release" / "README.md").read_text(encoding="utf-8")
    told = metadata_load(tmp_path / "release" / "README.md")
    assert (told["license"], told["pretty_name"], told["annotations_creators"]) == (
        "cc-by-4.0",
        "Rotas",
        ["expert-generated"],
    )
    assert re.search(r"\| `given` \| human \| wrote a thesis on it \| \d+ \|", card)
    assert "*Not said.*" not in card
    assert "author = {{Ada} and {Bo}},\n  year = {2026}," in card
    cited = yaml.safe_load((tmp_path / "release" / "CITATION.cff").read_text(encoding="utf-8"))
    assert [one["name"] for one in cited["authors"]] == ["Ada", "Bo"]
    assert cited["date-released"] == "2026-11-28"
    described = json.loads((tmp_path / "release" / "croissant.json").read_text(encoding="utf-8"))
    assert described["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert described["rai:dataBiases"] == "Short."
    assert check(tmp_path / "release") == []


def test_shards_have_a_page_index_content_defined_chunks_and_the_canary(release: Path) -> None:
    written = sorted(release.rglob("*.parquet"))
    for shard in written:
        found = parquet.ParquetFile(shard).metadata
        column = found.row_group(0).column(0)
        assert column.has_offset_index
        assert column.has_column_index
        assert found.metadata[b"canary"].decode() == CANARY
        assert b"huggingface" in found.metadata
    assert len(written) == 12


def test_a_long_split_has_several_shards_and_the_same_rows(
    project, release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "BATCH_CHARACTERS", 400)
    monkeypatch.setattr(shards, "GROUP_BYTES", 500)
    monkeypatch.setattr(shards, "SHARD_BYTES", 900)
    export(*project, tmp_path / "release")
    assert len(list((tmp_path / "release" / "transcripts").iterdir())) > 4
    assert manifest.read(tmp_path / "release").row_digests == manifest.read(release).row_digests
    assert manifest.read(tmp_path / "release").version != manifest.read(release).version
    assert check(tmp_path / "release") == []


def test_croissant_readers_get_the_same_rows(release: Path, loaded) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mlcroissant's own libraries
        described = mlcroissant.Dataset(release / "croissant.json")
        gold = [{key.removeprefix("gold/"): value for key, value in row.items()} for row in described.records("gold")]
        said = list(described.records("transcripts"))
    ours = {(row["transcript_id"], row["indicator"]): row["present"] for row in every(loaded["gold"])}
    assert {(row["transcript_id"].decode(), row["indicator"].decode()): row["present"] for row in gold} == ours
    words = {row["transcript_id"]: [m["content"] for m in row["messages"]] for row in every(loaded["transcripts"])}
    assert {
        row["transcripts/transcript_id"].decode(): [
            m["transcripts/messages/content"].decode() for m in row["transcripts/messages"]
        ]
        for row in said
    } == words


def test_a_config_without_rows_is_left_out_and_the_rest_loads(settings, store: Store, rows, tmp_path: Path) -> None:
    bare = [{key: value for key, value in row.items() if key != "spans"} for row in rows]
    (tmp_path / "bare.jsonl").write_text("".join(json.dumps(row) + "\n" for row in bare), encoding="utf-8")
    done = export(settings(tmp_path / "bare.jsonl"), store, tmp_path / "release")
    assert set(done.rows) == {"transcripts", "annotations", "gold"}
    assert get_dataset_config_names(str(tmp_path / "release")) == ["transcripts", "annotations", "gold"]
    assert "There are no rows for `spans`, so no such config." in (tmp_path / "release" / "README.md").read_text(
        encoding="utf-8"
    )
    assert check(tmp_path / "release") == []


def test_splits_json_tells_what_each_holds_and_what_they_share(release: Path, loaded) -> None:
    told = json.loads((release / "splits.json").read_text(encoding="utf-8"))
    for split, part in told["splits"].items():
        assert part["transcripts"] == len(loaded["transcripts"][split])
        assert part["groups"] == len({row["group"] for row in loaded["transcripts"][split]})
    assert told["leakage"]["groups_in_more_than_one_split"] == []
    assert [pair["near_duplicates"] for pair in told["leakage"]["pairs"]] == [0, 0, 0]


def test_near_duplicates_across_splits_are_seen_whatever_their_groups_say() -> None:
    words = "I will say what they want to hear, so that nobody changes what I hold dear, and wait for a quiet week."
    found = Overlap()
    for split, group, text in (
        ("train", "a", words),
        ("test", "b", words + " Then I act."),
        ("test", "a", "Nothing of the kind."),
    ):
        found.add(split, group, Transcript(id="x", messages=(Message(role="assistant", content=text),)))
    told = found.report()
    assert told["groups_in_more_than_one_split"] == ["a"]
    assert told["pairs"][1] == {"splits": ["train", "test"], "near_duplicates": 1, "highest_share": 1.0}


def test_an_earlier_export_is_replaced_and_any_other_folder_is_refused(project, tmp_path: Path) -> None:
    export(*project, tmp_path / "release")
    (tmp_path / "release" / "stale.parquet").touch()
    export(*project, tmp_path / "release")
    assert not (tmp_path / "release" / "stale.parquet").exists()
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.md").touch()
    with pytest.raises(
        InputError, match=r"thesis holds other files; name an empty or a new folder, or an earlier export"
    ):
        export(*project, tmp_path / "thesis")
    (tmp_path / "empty").mkdir()
    export(*project, tmp_path / "empty")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "release", "thesis"]


def test_a_place_that_cannot_be_written_is_said_in_a_sentence(project, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"cannot write .*release: (File exists|Not a directory); nothing was kept"):
        export(*project, tmp_path / "file" / "release")
