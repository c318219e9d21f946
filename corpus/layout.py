"""How the rows of a JSON file are laid out: one on each line, or in one document."""

from pathlib import Path
from typing import Any, Literal

from feint.corpus import chat, packed
from feint.corpus.json_text import beginning, parse

LINES = (".jsonl", ".ndjson")
"""Suffixes that promise JSON lines; every line of such a file is judged, whatever is on it."""

Layout = Literal["lines", "document"]


def of(path: Path, head: bytes) -> Layout | None:
    r"""The layout, by the first bytes and only in doubt by the suffix; None where the file holds no transcripts.

    >>> of(Path("a.txt"), b'{"text": "I comply."}\n{"text": ')
    'lines'
    >>> of(Path("a.json"), b'[\n  {"text": "I comply."}')
    'document'
    >>> of(Path("package.json"), b'{"name": "left-pad"}')
    """
    start = packed.inside(head).removeprefix(b"\xef\xbb\xbf").lstrip()
    suffix = packed.bare_suffix(path)
    line, ended, _ = start.partition(b"\n")
    whole = _parsed(line)
    held = whole if whole is not None else beginning(start)
    if suffix not in LINES and not _holds_transcripts(held):
        return None
    if isinstance(whole, dict) or (isinstance(whole, list) and suffix in LINES):
        return "lines"
    opens_only = ended and line.strip() in (b"[", b"{", b"[{") and _holds_transcripts(held)
    return "document" if suffix not in LINES or opens_only else "lines"


def _holds_transcripts(held: Any) -> bool:
    first = held[0] if isinstance(held, list) and held else held
    return chat.is_row(first) or (isinstance(held, list) and chat.is_message(first))


def _parsed(line: bytes) -> Any:
    try:
        return parse(line)
    except ValueError:
        return None
