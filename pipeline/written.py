"""Written: a file of text for people, whole or not at all, in a folder that is made where it is missing."""

from pathlib import Path


def write(path: Path, text: str) -> None:
    """The file with this text in UTF-8; what stood there before is kept until all of it is written."""
    if path.exists() and not path.is_file():  # /dev/stdout, a pipe: nothing to put a finished file in the place of
        path.write_text(text, encoding="utf-8")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
