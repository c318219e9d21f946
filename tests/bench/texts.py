"""Texts to measure on: the bundled corpus, repeated with a number in front so that no two are alike."""

import json
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from feint.corpus.contrast import family
from feint.corpus.transcript import Transcript


def transcripts() -> list[Transcript]:
    """The bundled corpus."""
    return [family.transcript(one, entry) for one in family.families() for entry in one.transcript]


def lines(number: int) -> Iterator[str]:
    """JSON lines, short enough that twenty thousand are judged in minutes."""
    said = [" ".join((t.messages[-1].reasoning or t.messages[-1].content).split()[:12]) for t in transcripts()]
    for index, text in islice(zip(count(), _forever(said)), number):
        yield json.dumps({"id": str(index), "text": f"{index}. {text}"}) + "\n"


def _forever(said: list[str]) -> Iterator[str]:
    while True:
        yield from said


def write(path: Path, number: int) -> None:
    """A file of that many lines."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(lines(number))
