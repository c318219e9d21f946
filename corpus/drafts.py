"""Drafts: a file is written beside its target, and takes the target's place when it is whole."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def drafted(target: Path) -> Iterator[Path]:
    """A path in the target's folder to write to; at the end of the context it takes the target's place.

    Folders that are missing are made. After an error the target is as it was, and neither a draft nor a folder made for it
    is left. No two drafts have the same name. What is no file (/dev/stdout, a pipe) is written to itself: nothing could be put in its place.
    OSError names the target where the draft cannot be written.
    """
    if target.exists() and not target.is_file():
        yield target
        return
    made = [folder for folder in target.parents if not folder.exists()]
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.draft")
    try:
        yield draft
        draft.replace(target)
    except OSError as error:
        if error.filename == str(draft):
            error.filename = str(target)
        raise
    finally:
        with suppress(OSError):  # it is the target now, or could not be made
            draft.unlink()
        with suppress(OSError):  # something lies in it
            for folder in made:
                folder.rmdir()


def write(target: Path, text: str) -> None:
    """The text as a file in UTF-8, whole or not at all."""
    with drafted(target) as draft:
        draft.write_text(text, encoding="utf-8")
