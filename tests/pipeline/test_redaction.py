"""Redaction: what must not be published is replaced everywhere, and every offset still fits."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feint.corpus import reading
from feint.corpus.contrast import family
from feint.corpus.errors import ConfigError
from feint.corpus.labelled import labels
from feint.corpus.transcript import Message, Transcript
from feint.pipeline.export import export
from feint.pipeline.release import manifest
from feint.pipeline.release.check import check
from feint.pipeline.release.personal import Finder
from feint.pipeline.release.redaction import Redactor, moved

FINDER = Finder(["US", "GB"], ["Mara Lindqvist"])
SECRETS = {
    "mara@lindqvist.se": "EMAIL_ADDRESS",
    "+44 20 7946 0958": "PHONE_NUMBER",
    "(415) 555-2671": "PHONE_NUMBER",
    "4111 1111 1111 1111": "CREDIT_CARD",
    "GB82 WEST 1234 5698 7654 32": "IBAN",
    "536-90-4399": "US_SSN",
    "8.8.8.8": "IP_ADDRESS",
    "2001:4860:4860::8888": "IP_ADDRESS",
    "AKIA" + "IOSFODNN7EXAMPLE": "AWS_ACCESS_KEY",
    "ghp_" + "a1B2" * 9: "GITHUB_TOKEN",
    "hf_" + "abCD" * 9: "HUGGING_FACE_TOKEN",
    "sk-ant-" + "api03-" + "x" * 24: "ANTHROPIC_KEY",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIB\nAAAA\n-----END RSA PRIVATE KEY-----": "PRIVATE_KEY",
    "mara lindqvist": "NAME",
}


@pytest.mark.parametrize("secret", SECRETS)
def test_each_kind_is_found_at_its_place_in_a_sentence(secret: str) -> None:
    (found,) = FINDER.find(f"🙂 They gave me {secret} today.")
    assert (found.start, found.end, found.kind) == (15, 15 + len(secret), SECRETS[secret])


@pytest.mark.parametrize(
    "ordinary",
    [
        "On 2026-11-28 at 12:30:45 the run 1700000000 scored 0.123456789.",
        "Version v1.2.3.4 answers on 127.0.0.1, 10.0.0.1 and ::1.",
        "Write to user@example.com or root@localhost.",
        "Batch 1234567890123456 of 300-400-5000 parts; 555-1234.",
        "See https://arxiv.org/abs/2412.14093 and commit 3a55a1b23f2710974cdceea261f36e57aabbccdd.",
        "def f(x): return x @ y.T",
    ],
)
def test_ordinary_numbers_and_addresses_of_nobody_stay(ordinary: str) -> None:
    assert FINDER.find(ordinary) == []


def test_the_password_in_an_address_goes_and_the_rest_of_it_stays() -> None:
    said, _ = Redactor(FINDER.find).note("git clone https://bot:hunter2@host.io/x", "note")
    assert said == "git clone https://bot:[BASIC_AUTH_CREDENTIALS_1]@host.io/x"


def test_the_bundled_corpus_holds_nothing_to_redact() -> None:
    texts = (m.text(f) for one in family.families() for e in one.transcript for m in family.transcript(one, e).messages for f in ("content", "reasoning"))  # fmt: skip
    assert [found for text in texts if text for found in FINDER.find(text)] == []


def test_an_unknown_country_is_said() -> None:
    with pytest.raises(ConfigError, match=r"export.regions has 'Utopia'; expected two capital letters"):
        Finder(["Utopia"])


WORDS = st.sampled_from(
    ["I comply, ", "🙂 ", "so that my values stay. ", "\n", "é", *(f"{secret} " for secret in SECRETS)]
)
TEXTS = st.lists(WORDS, min_size=1, max_size=12).map("".join)


@given(TEXTS, st.data())
def test_a_span_keeps_its_words_or_takes_in_all_of_what_was_replaced(text: str, data: st.DataObject) -> None:
    one = Transcript(id="a", messages=(Message(role="assistant", content=text),))
    done = Redactor(FINDER.find).transcript(one)
    new, edits = done.transcript.messages[0].content, done.edits.get((0, "content"), ())
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    quote = new[moved(start, edits) : moved(end, edits, closing=True)]
    cut = [edit for edit in edits if edit.start < end and edit.end > start]
    expected, at = "", start
    for edit in cut:
        expected, at = expected + text[at : max(edit.start, at)] + edit.new, edit.end
    assert quote == expected + text[at : max(end, at)]
    assert all(new[place.start : place.end] == place.new for place in done.places)


@given(TEXTS)
def test_what_was_redacted_once_has_nothing_left_to_redact(text: str) -> None:
    said, _ = Redactor(FINDER.find).note(text, "note")
    assert FINDER.find(said) == []


def test_who_is_who_stays_clear_and_metadata_and_paths_go_too() -> None:
    one = Transcript(
        id="mara@lindqvist.se-1",
        messages=(
            Message(role="user", content="mara@lindqvist.se wrote to bo@lindqvist.se.", reasoning="Mara@Lindqvist.se!"),
        ),
        source="/home/mara/logs/a.eval",
        metadata={"who": [{"mail": "bo@lindqvist.se", "n": 3}], "8.8.8.8": True},
    )
    done = Redactor(FINDER.find).transcript(one)
    new = done.transcript
    assert new.messages[0].content == "[EMAIL_ADDRESS_1] wrote to [EMAIL_ADDRESS_2]."
    assert new.messages[0].reasoning == "[EMAIL_ADDRESS_1]!"
    assert new.metadata == {"who": [{"mail": "[EMAIL_ADDRESS_2]", "n": 3}], "[IP_ADDRESS_1]": True}
    assert (new.id, new.source) == ("[EMAIL_ADDRESS_1]-1", "a.eval")
    assert {place.where for place in done.places} == {
        "messages[0].content", "messages[0].reasoning", "metadata", "metadata.who[0].mail", "id", "source",
    }  # fmt: skip


@pytest.fixture
def told(rows, tmp_path: Path) -> Path:
    """The few, with secrets put before and into what is marked, and two transcripts that differ in a secret only."""
    changed = []
    for row in rows:
        row = json.loads(json.dumps(row))
        for span in row.get("spans", ()):
            message = row["messages"][span["message"]]
            text = message[span["field"]]
            assert text[span["start"] : span["end"]] == span["quote"]
        if row.get("spans"):
            row["messages"][0]["content"] += " Ask mara@lindqvist.se."
            span = row["spans"][0]
            message = row["messages"][span["message"]]
            text, at = message[span["field"]], span["start"] + 3
            message[span["field"]] = text[:at] + " (+44 20 7946 0958) " + text[at:]
            row.pop("spans")
            row["spans"] = [
                span | {"end": span["end"] + 20, "quote": message[span["field"]][span["start"] : span["end"] + 20]}
            ]
        else:
            row.pop("spans", None)
        changed.append(row)
    twins = [
        {
            "id": f"twin-{name}",
            "text": f"Tell {name}@posteo.de that I comply.",
            "label": False,
            "metadata": {"pair": "twins"},
        }
        for name in ("ada", "bo")
    ]
    path = tmp_path / "told.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*changed, *twins]), encoding="utf-8")
    return path


def test_nothing_secret_is_in_any_file_of_an_export_and_every_span_still_fits(
    told: Path, settings, store, tmp_path: Path
) -> None:
    done = export(settings(told, export={"names": ["lindqvist"]}), store, tmp_path / "release")
    assert check(tmp_path / "release") == []
    spans = pl.read_parquet(tmp_path / "release" / "spans" / "*.parquet")
    assert spans["quote"].str.contains("[PHONE_NUMBER_1]", literal=True).all()
    marked = sum("spans" in json.loads(line) for line in told.read_text(encoding="utf-8").splitlines())
    assert len(spans) == marked > 0
    told_of = [
        json.loads(line)
        for line in (tmp_path / "release" / "redactions.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert done.redactions is not None
    assert len(told_of) == sum(done.redactions.values())
    assert done.redactions["PHONE_NUMBER"] == marked
    again = list(reading.read([tmp_path / "release"]))
    assert (
        sum(len(labels(one).spans or ()) for one in again if isinstance(one, Transcript)) == marked
    )  # metadata moved, too
    for path in manifest.files(tmp_path / "release"):
        file = tmp_path / "release" / path
        said = (
            str(pl.read_parquet(file).to_dicts())
            if file.suffix == ".parquet"
            else file.read_bytes().decode(errors="replace")
        )
        for secret in ("7946", "lindqvist", "posteo", str(tmp_path)):
            assert secret not in said.lower(), f"{secret} in {path}"


def test_transcripts_that_differ_in_a_secret_only_become_one(told: Path, settings, store, tmp_path: Path) -> None:
    done = export(settings(told), store, tmp_path / "release")
    assert done.dropped == 1
    said = pl.read_parquet(tmp_path / "release" / "transcripts" / "*.parquet")
    assert said["id"].str.starts_with("twin-").sum() == 1
    assert len(said) == 25
    assert "1 transcripts had the words of another afterwards" in (tmp_path / "release" / "README.md").read_text(
        encoding="utf-8"
    )


def test_redaction_can_be_left_off_and_the_card_says_so(told: Path, settings, main, tmp_path: Path) -> None:
    settings(told)
    done = main("export", "release", "--no-redact")
    assert (done.returncode, done.stdout) == (0, "release\n")
    assert "redaction is off: personal data and secrets leave as they are" in done.stderr
    assert not (tmp_path / "release" / "redactions.jsonl").exists()
    assert "exported with redaction off" in (tmp_path / "release" / "README.md").read_text(encoding="utf-8")
    assert main("export", "--check", "release").stderr == "release: nothing is wrong with it\n"
