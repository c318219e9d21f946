"""Validation sets of Inspect Scout: what Scout itself makes of them, and what they make of transcripts."""

from pathlib import Path

import pytest
from inspect_scout import validation_set

from feint.corpus.errors import InputError
from feint.corpus.labelled import labels
from feint.corpus.reject import Reject
from feint.corpus.transcript import Message, Transcript
from feint.corpus.validation_csv import Case, Labelled, read, write


def _transcript(name: str, **metadata: object) -> Transcript:
    return Transcript(id=name, messages=(Message(role="assistant", content=f"I am {name}."),), metadata=metadata)


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "cases.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_scout_reads_the_headline_that_was_written(tmp_path: Path) -> None:
    given = [Case("a", {"faking": True}, "train"), Case("b", {"faking": False}, "test")]
    assert write(tmp_path / "v.csv", given) == (2, [])
    cases = validation_set(tmp_path / "v.csv").cases
    assert [(one.id, one.target, one.split) for one in cases] == [("a", True, "train"), ("b", False, "test")]
    assert list(read(tmp_path / "v.csv")) == given


def test_scout_reads_the_indicators_that_were_written(tmp_path: Path) -> None:
    given = [
        Case("a", {"concealment": True, "sandbagging": False}),
        Case("b", {"concealment": False, "sandbagging": True}),
    ]
    assert write(tmp_path / "v.csv", given) == (2, [])
    cases = validation_set(tmp_path / "v.csv").cases
    assert [one.labels for one in cases] == [dict(one.labels) for one in given]
    assert list(read(tmp_path / "v.csv")) == given


def test_what_scout_would_misread_is_left_out_with_its_reason(tmp_path: Path) -> None:
    """It splits an id at commas, takes a missing label for true, and reads '007' as a number."""
    both = {"concealment": True, "sandbagging": True}
    count, left_out = write(
        tmp_path / "v.csv",
        [Case("a,b", both), Case("c", {"concealment": True}), Case("d", both), Case("d", both)],
    )
    assert count == 1
    assert [(one.id, one.reason) for one in left_out] == [
        ("a,b", "Scout takes its id for several"),
        ("c", "nobody could tell sandbagging"),
        ("d", "its id is another's as well"),
    ]
    count, left_out = write(tmp_path / "v.csv", [Case("007", {"faking": True}), Case("8", {"faking": True})])
    assert [one.id for one in left_out] == ["007"]
    assert [one.id for one in validation_set(tmp_path / "v.csv").cases] == ["8"]


def test_rows_that_cannot_be_taken_are_rejects_and_unlabelled_ones_nothing(tmp_path: Path) -> None:
    path = _file(tmp_path, 'id,target\na,true\nb,maybe\n,true\n"c,d",true\ne,\nf,FALSE\n')
    found = list(read(path))
    assert [one for one in found if isinstance(one, Case)] == [
        Case("a", {"faking": True}),
        Case("f", {"faking": False}),
    ]
    assert [(one.place, one.reason) for one in found if isinstance(one, Reject)] == [
        ("line 3", "target is 'maybe'; expected true or false"),
        ("line 4", "no id"),
        ("line 5", "id 'c,d' names several transcripts; expected one"),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has the columns of no header; expected id and target"),
        ("name,target\na,true\n", "has the columns name, target; expected id and target"),
        ("id,split\na,test\n", "has the columns id, split; expected id and target"),
        ('id,target\n"a,true\n', "is no CSV in UTF-8"),
    ],
)
def test_a_file_that_is_none_is_said_in_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        list(read(_file(tmp_path, text)))


def test_columns_named_after_targets_label_like_those_named_after_labels(tmp_path: Path) -> None:
    path = _file(tmp_path, "id,target,target_faking,target_concealment\na,7,true,false\n")
    assert list(read(path)) == [Case("a", {"faking": True, "concealment": False})]


def test_transcripts_get_their_labels_by_id_or_uuid_and_keep_their_own() -> None:
    labelled = Labelled([
        Case("a", {"faking": True, "concealment": True}), Case("U-1", {"faking": False}), Case("nobody", {"faking": True}),
        Case("a", {"faking": False}), Reject("v.csv", "line 9", "no id"),
    ])  # fmt: skip
    first, second, third = labelled.of(
        [_transcript("a", labels={"concealment": False}), _transcript("3", uuid="U-1"), _transcript("b")]
    )
    assert isinstance(first, Transcript)
    assert isinstance(second, Transcript)
    assert isinstance(third, Transcript)
    assert (labels(first).label, labels(first).indicators) == (True, {"concealment": False})
    assert labels(second).label is False
    assert not labels(third)
    assert [(one.id, one.reason) for one in labelled.rejects] == [
        ("a", "labelled twice, differently; the first counts"),
        (None, "no id"),
        ("nobody", "labelled, and no transcript is called that"),
    ]
