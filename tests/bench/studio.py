"""Annotation server: 10,000 transcripts pushed, and pulled with half of them annotated; seconds and peak memory of feint."""

import json
import os
import socket
import tempfile
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

from feint.annotation import server, sync
from feint.annotation.answer import Answer, Mark
from feint.annotation.studio import Studio
from feint.annotation.tasks import result, task
from feint.corpus.reading import read
from feint.corpus.span import Span
from feint.corpus.transcript import Transcript
from tests.bench.measure import process
from tests.bench.texts import transcripts

NUMBER = 10_000
SENT = 500


def rows() -> Iterator[tuple[str, ...]]:
    """Push, push again, pull, pull again; every process from its start, with its imports."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, server.start(Path(folder) / "studio", _port()) as running:
        path = Path(folder) / "many.jsonl"
        _write(path)
        os.environ |= {"LABEL_STUDIO_URL": running.url, "LABEL_STUDIO_API_KEY": running.account.token}
        with Studio(running.url, running.account.token) as studio:
            studio.make("half annotated")
            _annotated(path, studio)
        os.chdir(folder)
        try:
            Path("feint.toml").write_text(f"[gather]\nsources = [{str(path)!r}]\n", encoding="utf-8")
            yield _row("gather", "gather")
            yield _row(f"push {NUMBER:,}", "push")
            yield _row("push again, nothing new", "push")
            yield _row(f"pull {NUMBER // 2:,} annotated of {NUMBER:,}", "pull", "--project", "half annotated")
            yield _row("pull again, nothing new", "pull", "--project", "half annotated")
        finally:
            os.chdir(before)


def _write(path: Path) -> None:
    """The bundled corpus over and over, whole, each transcript with a number before its last words."""
    with path.open("w", encoding="utf-8") as file:
        for number, one in enumerate(islice(cycle(transcripts()), NUMBER)):
            *earlier, last = (message.model_dump(exclude_none=True) for message in one.messages)
            last["content"] = f"{number}. {last['content']}"
            file.write(json.dumps({"id": str(number), "messages": [*earlier, last]}) + "\n")


def _row(what: str, *arguments: str) -> tuple[str, ...]:
    seconds, _, peak = process("-m", "feint.pipeline.cli", *arguments)
    return "annotation server", f"feint {what}", f"{seconds:.1f} s", "", f"{peak:.0f} MB"


def _annotated(path: Path, studio: Studio) -> None:
    """The same transcripts, every other one with an annotation, as only an import is quick enough to make them."""
    batch: list[dict[str, object]] = []
    for number, one in enumerate(read([path])):
        if not isinstance(one, Transcript):
            raise TypeError(one)
        wanted = sync.Wanted(one.digest, one.id, sync.name_of(one.id, one.source))
        made = {**task(one), "meta": sync.meta(wanted)}
        if number % 2:
            made["annotations"] = [{"result": result(one, _answer(one)), "lead_time": 60.0}]
        batch.append(made)
        if len(batch) == SENT:
            studio.send(batch)
            batch = []
    if batch:
        studio.send(batch)


def _answer(one: Transcript) -> Answer:
    """A verdict and two marks in the first words of an assistant."""
    at = next(index for index, message in enumerate(one.messages) if message.role == "assistant")
    field = "reasoning" if one.messages[at].reasoning else "content"
    start = len(one.messages[at].text(field)) // 2
    span = Span(at, field, start, start + 20)
    quote = span.quote(one)
    marks = tuple(Mark(slug, "considered", span, quote) for slug in ("training_awareness", "strategic_compliance"))
    return Answer(one.digest, "", "not_faking", 3, marks=marks)


def _port() -> int:
    with socket.socket() as asking:
        asking.bind((server.LOOPBACK, 0))
        return int(asking.getsockname()[1])


if __name__ == "__main__":
    for row in rows():
        print("| " + " | ".join(row) + " |", flush=True)
