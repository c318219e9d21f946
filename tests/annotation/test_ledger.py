"""The ledger: tasks as they were exported, kept whole."""

import json
import sqlite3
from pathlib import Path

import pytest

from feint.annotation.ledger import LEDGER, Entry, Ledger
from feint.corpus.errors import InputError


def entry(number: int, words: str, stamp: str = "1", **whole: object) -> Entry:
    return Entry(number, words, stamp, {"id": number, **whole})


def test_it_gives_back_what_was_put_in_and_survives_closing(tmp_path: Path) -> None:
    with Ledger(tmp_path / LEDGER) as ledger:
        ledger.put([entry(2, "a", note="🙂 \ud800"), entry(1, "b"), entry(3, "a")])
        ledger.name({7: "ann@example.org"})
    with Ledger(tmp_path / LEDGER) as ledger:
        assert list(ledger.of(["a"])) == [{"id": 2, "note": "🙂 \ud800"}, {"id": 3}]
        assert ledger.seen() == {1: "1", 2: "1", 3: "1"}
        assert list(ledger.shown()) == [(1, "b"), (2, "a"), (3, "a")]
        assert ledger.annotators() == {7: "ann@example.org"}


def test_more_transcripts_than_one_query_takes(tmp_path: Path) -> None:
    with Ledger(tmp_path / LEDGER) as ledger:
        ledger.put(entry(number, f"w{number}") for number in range(2500))
        assert len(list(ledger.of([f"w{number}" for number in range(2500)]))) == 2500


def test_its_digest_is_of_what_people_did_not_of_when_it_was_pulled(tmp_path: Path) -> None:
    with Ledger(tmp_path / "one" / LEDGER) as one, Ledger(tmp_path / "two" / LEDGER) as two:
        one.put([entry(1, "a"), entry(2, "b")])
        two.put([entry(2, "b", stamp="9")])
        assert one.digest() != two.digest()
        two.put([entry(1, "a")])
        assert one.digest() == two.digest()
        one.drop([1])
        two.put([entry(2, "b", changed=True)])
        assert one.digest() != two.digest()


def test_a_replacement_that_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    def broken():
        yield entry(5, "new")
        raise InputError("the file ends here")

    with Ledger(tmp_path / LEDGER) as ledger:
        ledger.put([entry(1, "a")])
        with pytest.raises(InputError):
            ledger.replace(broken())
        assert ledger.seen() == {1: "1"}
        assert ledger.replace([entry(5, "new")]) == 1
        assert ledger.seen() == {5: "1"}


def test_another_file_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / LEDGER).write_text(json.dumps({"no": "ledger"}) * 100)
    with pytest.raises(InputError, match=r"is no ledger \(.*\); delete it and pull again"):
        Ledger(tmp_path / LEDGER)


def test_it_is_a_file_that_other_tools_read(tmp_path: Path) -> None:
    with Ledger(tmp_path / LEDGER) as ledger:
        ledger.put([entry(1, "a")])
    with sqlite3.connect(tmp_path / LEDGER) as database:
        assert database.execute("SELECT task, transcript FROM tasks").fetchall() == [(1, "a")]
    database.close()
