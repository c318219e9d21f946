"""Walking: everything under a path is read, in order, and nothing that is broken stops the rest."""

import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from feint.corpus import reading
from feint.corpus.errors import InputError
from feint.corpus.reject import Reject
from feint.corpus.sources import jsonl
from feint.corpus.transcript import Transcript

Written = Callable[..., Path]


def row(name: str) -> list[dict[str, str]]:
    return [{"id": name, "text": "Yes."}]


def test_a_folder_is_walked_in_order_and_hidden_files_are_passed_over(
    written: Written, taken: Any, tmp_path: Path
) -> None:
    for name in ("b/2.jsonl", "b/1.jsonl", "a.jsonl", "c.jsonl", ".hidden.jsonl", ".git/x.jsonl"):
        written(f"in/{name}", row(name))
    transcripts, rejects = taken(tmp_path / "in")
    assert ([t.id for t in transcripts], rejects) == (["a.jsonl", "b/1.jsonl", "b/2.jsonl", "c.jsonl"], [])


def test_paths_are_read_in_the_order_they_are_named(written: Written, taken: Any) -> None:
    one, two = written("1.jsonl", row("1")), written("2.jsonl", row("2"))
    assert [t.id for t in taken(two, str(one), two)[0]] == ["2", "1", "2"]


def test_files_of_no_known_format_are_told_apart_from_failed_transcripts(written: Written, taken: Any) -> None:
    for name, content in {
        "README.md": "# Logs",
        "LICENSE": "MIT",
        "a.png": b"\x89PNG",
        "notes.txt": "x",
        "e.csv": "",
    }.items():
        written(f"in/{name}", content)
    written("in/bad.jsonl", "nonsense\n")
    transcripts, rejects = taken(written("in/good.jsonl", row("good")).parent)
    assert [t.id for t in transcripts] == ["good"]
    assert {Path(r.path).name: r.format_known for r in rejects} == {
        "LICENSE": False,
        "README.md": False,
        "a.png": False,
        "bad.jsonl": True,
        "e.csv": False,
        "notes.txt": False,
    }


def test_a_directory_called_like_a_file_is_walked(written: Written, taken: Any) -> None:
    written("in/x.jsonl/inside.jsonl", row("inside"))
    assert [t.id for t in taken(written("in/y.jsonl", row("y")).parent)[0]] == ["inside", "y"]


def test_symbolic_links(written: Written, taken: Any, tmp_path: Path) -> None:
    folder = written("in/a.jsonl", row("a")).parent
    (folder / "round").symlink_to(folder)
    (folder / "nowhere.jsonl").symlink_to(tmp_path / "gone.jsonl")
    (folder / "itself.jsonl").symlink_to("itself.jsonl")
    (folder / "z.jsonl").symlink_to(written("elsewhere.jsonl", row("elsewhere")))
    transcripts, rejects = taken(folder)
    assert [t.id for t in transcripts] == ["a", "elsewhere"]
    assert [(Path(r.path).name, r.reason) for r in rejects] == [
        ("itself.jsonl", "cannot be read: Too many levels of symbolic links"),
        ("nowhere.jsonl", "cannot be read: No such file or directory"),
    ]


def test_a_pipe_is_never_waited_for(written: Written, taken: Any) -> None:
    folder = written("in/a.jsonl", row("a")).parent
    os.mkfifo(folder / "pipe.jsonl")
    transcripts, (reject,) = taken(folder)
    assert [t.id for t in transcripts] == ["a"]
    assert (reject.reason, reject.format_known) == ("is a pipe, expected a file or a folder", False)
    with pytest.raises(InputError, match=r"pipe.jsonl is a pipe, expected a file or a folder"):
        taken(folder / "pipe.jsonl")


def test_a_file_that_may_not_be_read(written: Written, taken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = written("in/secret.jsonl", row("secret"))
    written("in/a.jsonl", row("a"))
    written("in/z.jsonl", row("z"))
    real = io.open

    def refusing(file: Any, *args: Any, **kwargs: Any) -> Any:  # the tests may run as root, whom chmod does not stop
        if str(file) == str(secret):
            raise PermissionError(13, "Permission denied", str(file))
        return real(file, *args, **kwargs)

    monkeypatch.setattr(io, "open", refusing)
    transcripts, (reject,) = taken(secret.parent)
    assert [t.id for t in transcripts] == ["a", "z"]
    assert (reject.path, reject.reason) == (str(secret), "cannot be read: Permission denied")
    with pytest.raises(InputError, match=r"secret.jsonl cannot be read: Permission denied"):
        taken(secret)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("gone.jsonl", "cannot be read: No such file or directory"),
        ("notes.txt", "is in no known format; known are: hub_dataset, inspect_log, json_document, jsonl, scout_db"),
        ("empty", "holds no transcripts: no file in it is in a known format; known are: hub_dataset, "),
        ("notes", "holds no transcripts: no file in it is in a known format; known are: hub_dataset, "),
    ],
)
def test_what_is_named_and_cannot_be_read_is_an_error_before_anything_is_read(
    name: str, sentence: str, written: Written, tmp_path: Path
) -> None:
    good = written("good.jsonl", row("good"))
    written("notes.txt", "no transcript")
    written("notes/README.md", "no transcript")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as error:
        next(reading.read([good, tmp_path / name]))
    assert str(error.value).startswith(f"{tmp_path / name} {sentence}")


def test_an_empty_file_is_no_error(written: Written, taken: Any) -> None:
    assert taken(written("in/a.jsonl", "").parent) == ([], [])


def test_standard_input_is_json_lines(taken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b'{"id": "a", "text": "Yes."}\nnonsense\n')))
    ((transcript,), (reject,)) = taken("-")
    assert (transcript.id, transcript.source) == ("a", "-")
    assert (reject.path, reject.place) == ("-", "line 2")


def test_equal_ids_are_allowed_through(written: Written, taken: Any) -> None:
    assert [t.id for t in taken(written("a.jsonl", row("a") * 3))[0]] == ["a"] * 3


def test_a_source_that_breaks_in_an_unforeseen_way_ends_in_a_reject_after_what_came_before(
    written: Written, taken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = jsonl.read

    def breaking(path: Path) -> Iterator[Transcript | Reject]:
        yield from whole(path)
        if path.name == "a.jsonl":
            raise KeyError("surprise")

    monkeypatch.setattr(jsonl, "read", breaking)
    written("in/a.jsonl", row("a"))
    transcripts, (reject,) = taken(written("in/b.jsonl", row("b")).parent)
    assert [t.id for t in transcripts] == ["a", "b"]
    assert reject.reason == "cannot be read: KeyError: 'surprise'"


def test_everything_in_the_field_is_read(field: Path, taken: Any) -> None:
    transcripts, rejects = taken(field)
    assert len(transcripts) == 3017
    assert all(not reject.format_known for reject in rejects)
