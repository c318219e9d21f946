"""Reading transcripts from anywhere: paths are walked, formats recognised, what cannot be taken is a reject."""

import importlib
import pkgutil
import stat
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Protocol, cast

from feint.corpus import sources
from feint.corpus.errors import InputError, MissingExtra
from feint.corpus.reject import Reject
from feint.corpus.sources import jsonl
from feint.corpus.transcript import Transcript

HEAD = 1 << 16
"""Bytes a source may look at to recognise a file."""

_SPECIAL = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
"""Kinds of files that are never opened: reading one may wait forever."""


class Source(Protocol):
    """What a module in `feint.corpus.sources` offers; adding a file there adds a format and edits no other file.

    The first in the order of names that recognises something reads it. One that also reads addresses, as of a hub, has
    an ``ADDRESS`` they begin with and a ``read_address``.
    """

    NAME: str

    def recognises(self, path: Path, head: bytes) -> bool:
        """Whether this is a file (head: its first bytes) or a folder (head: empty) of this format."""

    def read(self, path: Path) -> Iterator[Transcript | Reject]:
        """Its transcripts and rejects in order, streamed."""


@cache
def all_sources() -> tuple[Source, ...]:
    """Every source, in the order of names."""
    names = sorted(module.name for module in pkgutil.iter_modules(sources.__path__))
    return tuple(cast("Source", importlib.import_module(f"{sources.__name__}.{name}")) for name in names)


def read(paths: Iterable[Path | str]) -> Iterator[Transcript | Reject]:
    """Every transcript under the paths in order, '-' being JSON lines from standard input.

    All paths are looked at before the first is read. One that does not exist, that is in no known format, or that is a
    folder without a single transcript file, is an InputError. A file met on a walk is never one: what cannot be read is
    a reject, after what could be; what is in no known format is a reject with `format_known` false. Hidden files are
    passed over, and a folder is read once, however many links lead to it. An empty file of JSON lines gives nothing.
    """
    plans = [_plan(path) for path in paths]
    for plan in plans:
        yield from plan


def none_in(sources: Iterable[Path | str], first: Reject | None = None) -> InputError:
    """What to raise where reading gave no transcript: with the first reject, or with what was expected.

    >>> print(none_in(["empty.jsonl"]))
    no transcript in empty.jsonl: nothing stands there; expected JSON lines, a transcript each, or another known format
    """
    named = ", ".join("standard input" if str(source) == "-" else str(source) for source in sources)
    if first:
        return InputError(
            f"no transcript in {named}; the first reject: {first.place or first.id or first.path}: {first.reason}"
        )
    return InputError(
        f"no transcript in {named}: nothing stands there; expected JSON lines, a transcript each, or another known format"
    )


def _plan(given: Path | str) -> Iterator[Transcript | Reject]:
    """How one named path will be read; nothing is read yet, but what cannot be read is found out."""
    if str(given) == "-":
        return _safely("-", jsonl.from_lines(sys.stdin.buffer, "-"))
    for source in all_sources():
        if (prefix := getattr(source, "ADDRESS", None)) and (address := _address(str(given), prefix)):
            opened: Iterator[Transcript | Reject] = source.read_address(address)  # type: ignore[attr-defined]
            return opened
    path = Path(given)
    found = _look(path)
    if isinstance(found, Reject):
        raise InputError(f"{path} {found.reason}")
    if found:
        return _safely(str(path), found.read(path), named=True)
    if not path.is_dir():
        raise InputError(f"{path} {_unknown()}")
    if not any(isinstance(item, tuple) or item.format_known for item in _walk(path, set())):
        raise InputError(f"{path} holds no transcripts: no file in it is in a known format; known are: {_names()}")
    return _walked(path)


def _walked(folder: Path) -> Iterator[Transcript | Reject]:
    for item in _walk(folder, set()):
        if isinstance(item, Reject):
            yield item
        else:
            source, path = item
            yield from _safely(str(path), source.read(path))


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[tuple[Source, Path] | Reject]:
    """What is under a folder, in the order of names: where there is something to read, and where not."""
    try:
        identity = folder.stat()
        children = sorted(child for child in folder.iterdir() if not child.name.startswith("."))
    except OSError as error:
        yield Reject(str(folder), "", _unreadable(error))
        return
    if (identity.st_dev, identity.st_ino) in seen:
        return
    seen.add((identity.st_dev, identity.st_ino))
    for child in children:
        found = _look(child)
        if isinstance(found, Reject):
            yield found
        elif found:
            yield found, child
        elif child.is_dir():
            yield from _walk(child, seen)
        else:
            yield Reject(str(child), "", _unknown(), format_known=False)


def _look(path: Path) -> Source | Reject | None:
    """The source that reads this path; none for a plain folder or an unknown format, a reject where nobody could."""
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
        if kind in _SPECIAL:
            return Reject(str(path), "", f"is {_SPECIAL[kind]}, expected a file or a folder", format_known=False)
        head = _head(path, kind)
        return next((source for source in all_sources() if source.recognises(path, head)), None)
    except OSError as error:
        return Reject(str(path), "", _unreadable(error))


def _head(path: Path, kind: int) -> bytes:
    if kind == stat.S_IFDIR:
        return b""
    with path.open("rb") as file:
        return file.read(HEAD)


def _safely(path: str, reading: Iterator[Transcript | Reject], *, named: bool = False) -> Iterator[Transcript | Reject]:
    """What is read; a file that breaks in the middle ends in a reject, after what came before it."""
    try:
        yield from reading
    except InputError as error:
        yield Reject(path, "", str(error))
    except OSError as error:
        yield Reject(path, "", _unreadable(error))
    except MissingExtra as error:
        if named:
            raise
        yield Reject(path, "", str(error))
    except Exception as error:  # noqa: BLE001  files come from anywhere; no broken one may end a walk over thousands
        yield Reject(path, "", f"cannot be read: {type(error).__name__}: {str(error).partition(chr(10))[0]}")


def _address(given: str, prefix: str) -> str | None:
    """The address, also where a Path has folded its slashes; none where this is something else.

    >>> _address("hf:/datasets/org/name", "hf://")
    'hf://datasets/org/name'
    """
    scheme = prefix.removesuffix("//")
    return prefix + given.removeprefix(scheme).lstrip("/") if given.startswith(f"{scheme}/") else None


def _unreadable(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"


def _unknown() -> str:
    return f"is in no known format; known are: {_names()}"


def _names() -> str:
    return ", ".join(source.NAME for source in all_sources())
