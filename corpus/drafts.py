"""Drafts: a file is written beside its target, and takes the target's place when it is whole."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def drafted(target: Path) -> Iterator[Path]:
    """A path in the target's folder to write to; at the end of the context it takes the target's place.

    Folders that are missing are made. After an error the target is as it was, and no draft is left. No two drafts have
    the same name. OSError names the target where the draft cannot be written.
    """
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


def write(target: Path, text: str) -> None:
    """The text as a file in UTF-8, whole or not at all."""
    if target.exists() and not target.is_file():  # /dev/stdout, a pipe: nothing to put a finished file in the place of
        target.write_text(text, encoding="utf-8")
        return
    with drafted(target) as draft:
        draft.write_text(text, encoding="utf-8")
