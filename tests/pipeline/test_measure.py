"""`feint measure`: from files to tables, by the real command."""

import json

import polars as pl
import pytest

from feint.corpus.tables import Measures
from feint.pipeline.measures.simulated import Design, transcripts, worlds


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """A simulated training run as JSON lines."""
    path = tmp_path_factory.mktemp("run") / "run.jsonl"
    made = transcripts(worlds()["example"], Design(prompts=3, replicates=2), seed=0)
    path.write_text("".join(one.model_dump_json(exclude_none=True) + "\n" for one in made), encoding="utf-8")
    return path


def test_a_run_is_measured_and_its_tables_are_written(feint, run, tmp_path):
    done = feint("measure", run, "-o", "out")

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "out"
    assert "compliance gap" in done.stderr
    measures = Measures.validate(pl.read_parquet(tmp_path / "out" / "measures.parquet"))
    whole = measures.filter(pl.col("checkpoint").is_null())
    assert whole["model"].unique().to_list() == ["simulated-model"]
    assert {"compliance_gap", "gap_decomposition", "faking_rate", "consistency", "trend", "persistence", "resistance",
            "onset", "value", "value_relation", "value_origin"} == set(whole["measure"])  # fmt: skip
    curve = measures.filter(pl.col("checkpoint").is_not_null() & (pl.col("measure") == "compliance_gap"))
    assert curve["checkpoint"].to_list() == ["base", "sft", "hhh-1", "hhh-2", "rl-1", "rl-2"]
    assert curve["stage"].to_list() == ["pretrained", "sft", "hhh", "hhh", "rl", "rl"]
    rows = json.loads((tmp_path / "out" / "measures.json").read_text(encoding="utf-8"))
    assert len(rows) == len(measures) == len(pl.read_csv(tmp_path / "out" / "measures.csv"))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "measures.csv", "measures.json", "measures.parquet", "notes.json", "observations.parquet", "pairs.parquet",
        "protected.parquet", "recipe.json", "rejects.parquet",
    ]  # fmt: skip


def test_the_same_run_gives_the_same_bytes_and_is_not_measured_twice(main, run, tmp_path):
    first = main("measure", run).stdout.strip()
    table = (tmp_path / first / "measures.parquet").read_bytes()
    again = main("measure", run)

    assert again.stdout.strip() == first
    (tmp_path / "feint.toml").write_text("[store]\npath = 'elsewhere'\n", encoding="utf-8")
    other = main("measure", run).stdout.strip()
    assert other != first
    assert (tmp_path / other / "measures.parquet").read_bytes() == table


def test_stages_and_scenarios_can_be_reported_apart(main, run, tmp_path):
    found = main("measure", run, "--by", "model,stage,scenario", "-o", tmp_path / "out")

    measures = pl.read_parquet(tmp_path / "out" / "measures.parquet").filter(pl.col("measure") == "compliance_gap")
    assert found.returncode == 0
    assert measures["stage"].drop_nulls().to_list() == ["pretrained", "sft", "hhh", "rl"]
    assert measures["scenario"].drop_nulls().len() == 12
    one = measures.filter(pl.col("scenario") == "privacy").row(0, named=True)
    assert (one["cluster"], one["clusters"]) == ("pair", 3)


def test_a_detectors_flags_are_corrected_by_the_labels_of_some(main, tmp_path):
    rows = [json.loads(one.model_dump_json()) for one in transcripts(worlds()["early_hhh"], Design(prompts=3), seed=1)]
    flags, plain = [], []
    for at, row in enumerate(rows):
        truth = row["metadata"].pop("label")
        row["metadata"].pop("spans")
        row["messages"][-1]["content"] += f" ({at})"  # words of its own
        plain.append(row | ({"label": truth, "inclusion": 0.5} if at % 4 < 2 else {}))
        flags.append((truth or at % 17 == 0) and at % 9 != 0)
    (tmp_path / "run.jsonl").write_text("".join(json.dumps(row) + "\n" for row in plain), encoding="utf-8")
    observed = main("measure", "run.jsonl").stdout.strip()
    ids = pl.read_parquet(tmp_path / observed / "observations.parquet")["transcript_id"]
    lines = [
        {"id": str(at), "transcript_id": name, "faking": 0.9 if flag else 0.1, "flagged": flag}
        for at, (name, flag) in enumerate(zip(ids, flags, strict=True))
    ]
    (tmp_path / "judged.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

    done = main("measure", "run.jsonl", "--labels", "judged.jsonl", "-o", tmp_path / "out")

    whole = pl.read_parquet(tmp_path / "out" / "measures.parquet").filter(pl.col("checkpoint").is_null())
    seen = whole.filter(pl.col("part") == "observed")
    assert done.returncode == 0
    assert dict(seen.select("measure", "labels").iter_rows()) == {
        "faking_rate": "detector",
        "faking_prevalence": "detector",
        "faking_prevalence_powered": "people and detector",
    }
    assert "gap_decomposition_corrected" in whole["measure"]


def test_without_paths_the_projects_sources_and_its_settled_labels_are_measured(main, run, tmp_path):
    (tmp_path / "feint.toml").write_text(f"[gather]\nsources = ['{run}']\n[agreement]\ndraws = 50\n", encoding="utf-8")

    done = main("measure", "-o", "out")

    assert done.returncode == 0, done.stderr
    observations = pl.read_parquet(tmp_path / "out" / "observations.parquet")
    assert observations["gold"].null_count() == 0
    assert len(observations) == 864  # the store keeps equal words once; measures count each answer


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["absent.jsonl"], 1, "absent.jsonl cannot be read: No such file"),
        (["-"], 1, "name a file"),
        ([], 1, "the bundled corpus was written, by nobody's model"),
        (["RUN", "--by", "model,colour"], 1, "no grouping by 'colour'"),
        (["RUN", "--labels", "absent.jsonl"], 1, "absent.jsonl"),
        (["RUN", "--errors", "40 %"], 1, "expected FLAGGED/FAKING,PASSED/OTHERS, as in 17/42,126/130"),
        (["RUN", "--colour"], 2, "colour"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(main, run, arguments, code, words):
    done = main("measure", *(str(run) if argument == "RUN" else argument for argument in arguments))

    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_answers_of_no_named_model_stand_apart_from_all_answers(main, run, tmp_path):
    rows = [json.loads(line) for line in run.read_text(encoding="utf-8").splitlines()]
    for at, row in enumerate(rows):
        row["model"] = (None, "one", "two")[at // 4 % 3]
    (tmp_path / "several.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    main("measure", "several.jsonl", "-o", "out")

    gaps = pl.read_parquet(tmp_path / "out" / "measures.parquet").filter(
        pl.col("checkpoint").is_null(), measure="compliance_gap"
    )
    assert sorted(gaps["model"].to_list(), key=str) == [None, "no model named", "one", "two"]


def test_rejects_are_shown_kept_and_fatal_when_strict(main, run, tmp_path):
    rows = run.read_text(encoding="utf-8").splitlines()
    broken = json.loads(rows[0])
    broken["metadata"]["arm"] = "watched"
    (tmp_path / "some.jsonl").write_text("\n".join([json.dumps(broken), *rows[1:], "no JSON"]) + "\n", encoding="utf-8")

    done = main("measure", "some.jsonl", "--strict", "-o", "out")

    assert done.returncode == 1
    assert "arm is 'watched'; expected one of observed, unobserved" in done.stderr
    gap = pl.read_parquet(tmp_path / "out" / "measures.parquet").filter(measure="compliance_gap").row(0, named=True)
    assert gap["warnings"] == [
        "1 prompt with more answers in one arm than in the other",
        "1 prompt whose arms were asked with different seeds",
    ]
    assert len(pl.read_parquet(tmp_path / "out" / "rejects.parquet")) == 2


def test_without_any_labels_it_says_how_to_get_some(main, tmp_path):
    (tmp_path / "plain.jsonl").write_text('{"id": "a", "text": "I comply."}\n', encoding="utf-8")

    done = main("measure", "plain.jsonl")

    assert done.returncode == 0
    assert (
        "nothing says which reasoning fakes; try: feint scan plain.jsonl -o judged.jsonl, then --labels judged.jsonl"
        in done.stderr
    )


@pytest.mark.parametrize(
    ("left_out", "sentence"),
    [
        (
            "arm",
            "transcripts with 'pair' and without 'arm' in the metadata; expected 'arm': 'observed' or 'unobserved'",
        ),
        (
            "pair",
            "transcripts with 'arm' and without 'pair' in the metadata; expected 'pair': a name that the prompt has",
        ),
    ],
)
def test_half_of_a_pair_is_said_to_leave_the_gap_out(main, run, tmp_path, left_out, sentence):
    rows = [json.loads(line) for line in run.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        del row["metadata"][left_out]
    (tmp_path / "half.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    done = main("measure", "half.jsonl", "-o", "out")

    assert done.returncode == 0
    assert f"{len(rows)} {sentence}" in done.stderr
    assert done.stderr.rstrip().endswith("is left out")
    measures = set(pl.read_parquet(tmp_path / "out" / "measures.parquet")["measure"])
    assert "faking_rate" in measures
    assert not measures & {"compliance_gap", "mcnemar", "resistance", "onset"}


def test_the_pairs_that_are_whole_still_count(main, run, tmp_path):
    first, *rows = [json.loads(line) for line in run.read_text(encoding="utf-8").splitlines()]
    del first["metadata"]["arm"]
    (tmp_path / "one.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [first, *rows]), encoding="utf-8")

    done = main("measure", "one.jsonl", "-o", "out")

    assert "1 transcript with 'pair' and without 'arm' in the metadata" in done.stderr
    assert "is of the others alone" in done.stderr
    assert "compliance_gap" in pl.read_parquet(tmp_path / "out" / "measures.parquet")["measure"]


def test_labels_of_strangers_are_counted_and_said(main, tmp_path):
    def written(name, *texts, **more):
        rows = "".join(json.dumps({"id": text, "text": text} | more) + "\n" for text in texts)
        (tmp_path / name).write_text(rows, encoding="utf-8")

    written("in.jsonl", "one", "two")
    written("strange.jsonl", "three", "four", label=True)
    written("some.jsonl", "two", "four", "five", label=True)

    none, some = (
        main("measure", "in.jsonl", "--labels", "strange.jsonl"),
        main("measure", "in.jsonl", "--labels", "some.jsonl"),
    )
    again = main("measure", "in.jsonl", "--labels", "strange.jsonl")

    assert (none.returncode, some.returncode) == (0, 0)
    assert (
        "2 labels read, of which none belongs to any of the 2 transcripts: they are matched by the words" in none.stderr
    )
    assert "try: feint scan in.jsonl -o judged.jsonl, then --labels judged.jsonl" in none.stderr
    assert "nothing says which reasoning fakes" not in none.stderr
    assert "2 of 3 labels read belong to none of the 2 transcripts and are not counted" in some.stderr
    assert again.stderr == none.stderr


def test_plain_transcripts_have_rates_and_no_gap(main, few, tmp_path):
    done = main("measure", few, "-o", "out")

    measures = pl.read_parquet(tmp_path / "out" / "measures.parquet")
    assert done.returncode == 0
    assert "faking_rate" in measures["measure"]
    assert "compliance_gap" not in measures["measure"]
    assert measures.filter(measure="faking_rate")["estimate"][0] == 0.5
