"""Drafts: whoever looks sees the earlier file or the whole new one."""

from pathlib import Path

import pytest

from feint.corpus.drafts import drafted, write


def test_the_target_stays_as_it_was_until_the_draft_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "judged.jsonl"
    target.write_text("earlier")
    with drafted(target) as draft, drafted(target) as other:
        assert draft != other
        draft.write_text("new")
        other.write_text("of somebody else")
        assert target.read_text() == "earlier"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_an_error_nothing_has_changed_and_no_draft_is_left(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "judged.jsonl"
    target.write_text("earlier")
    with pytest.raises(error):
        _broken_off(target, error)
    assert target.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [target]


def test_after_an_error_no_folder_made_for_it_is_left(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(KeyError):
        _broken_off(tmp_path / "there" / "new" / "newer" / "judged.jsonl", KeyError)
    assert list(tmp_path.rglob("*")) == [tmp_path / "there"]


def test_what_is_no_file_is_written_to_itself() -> None:
    with drafted(Path("/dev/null")) as draft:
        assert draft == Path("/dev/null")


def test_folders_are_made_and_what_cannot_be_written_is_named_as_it_was_given(tmp_path: Path) -> None:
    write(tmp_path / "pages" / "new" / "report.html", "<p>“α”</p>")
    assert (tmp_path / "pages" / "new" / "report.html").read_bytes() == "<p>“α”</p>".encode()
    unwritten = tmp_path / "report.html"
    with pytest.raises(FileNotFoundError) as missing, drafted(unwritten):
        pass
    assert missing.value.filename == str(unwritten)
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError) as taken:
        write(tmp_path / "folder", "new")
    assert taken.value.filename == str(tmp_path / "folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "pages"]


def _broken_off(target: Path, error: type[BaseException]) -> None:
    with drafted(target) as draft:
        draft.write_text("half")
        raise error
