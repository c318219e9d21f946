"""Progress on stderr, for people: a bar where a terminal is, nothing where none is."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Item = TypeVar("Item")


def console() -> Console:
    """Where words for people go."""
    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


def track(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """The items, counted on a bar while they pass."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console(), transient=True, disable=not sys.stderr.isatty()) as progress:
        yield from progress.track(items, total=total, description=what)
