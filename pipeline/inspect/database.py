"""A Scout project, written: a database of what was scanned, and the scan itself as `scout view` shows it."""

import asyncio
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import inspect_scout
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    Content,
    ContentReasoning,
    ContentText,
)
from inspect_scout import Result, Scanner, scanner, transcripts_db, transcripts_from

from feint.corpus.errors import InputError
from feint.corpus.transcript import Message, Role, Transcript
from feint.models.prediction import Prediction
from feint.pipeline.inspect import told

TRANSCRIPTS, SCANS = "transcripts", "scans"
DRAFT = ".transcripts"
"""The database until it is whole; one that a killed run left behind is written over."""
SAID = "feint_result"
"""Column of the database that holds what the detector said, as Scout keeps a result."""

_BY_ROLE: dict[Role, type[ChatMessage]] = {
    "system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant, "tool": ChatMessageTool,
}  # fmt: skip


def vacant(folder: Path) -> None:
    """InputError where a project cannot be written to the folder because something else is in it."""
    if folder.exists() and (not folder.is_dir() or any(path.name != DRAFT for path in folder.iterdir())):
        raise InputError(f"cannot write a Scout project to {folder}: it is not empty; name a new folder")


def write(folder: Path, judged: Iterable[tuple[Transcript, Prediction]]) -> None:
    """Everything that is judged, one by one, to `folder`/transcripts, and a scan of it to `folder`/scans; all or nothing.

    Transcripts go by their sample's uuid where they come from an Inspect log, as in Scout itself, otherwise by the digest of their words;
    the second with the same words has `-2` after it, and so on.
    """
    vacant(folder)
    folder = folder.resolve()  # the scan says where its transcripts are
    draft, whole = folder / DRAFT, folder / TRANSCRIPTS
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    os.environ["SCOUT_DISPLAY"] = "none"  # or it draws on standard output, where our lines go
    try:
        asyncio.run(_insert(draft, _named(judged)))
        draft.rename(whole)
        inspect_scout.scan(
            {"faking": recorded()},
            transcripts_from(str(whole)),
            scans=str(folder / SCANS),
            model="none/none",
            max_processes=1,
            fail_on_error=True,
        )
    except BaseException:
        for part in (draft, whole, folder / SCANS):
            shutil.rmtree(part, ignore_errors=True)
        raise


@scanner(messages="all")
def recorded() -> Scanner[inspect_scout.Transcript]:
    """What the detector said when the transcript was put into the database."""

    async def scan(held: inspect_scout.Transcript) -> Result:
        said = held.metadata[SAID]
        return Result(**(json.loads(said) if isinstance(said, str) else said))

    return scan


async def _insert(folder: Path, rows: Iterable[inspect_scout.Transcript]) -> None:
    async with transcripts_db(str(folder)) as database:
        await database.insert(rows)


def _named(judged: Iterable[tuple[Transcript, Prediction]]) -> Iterator[inspect_scout.Transcript]:
    times: dict[str, int] = {}
    for one, prediction in judged:
        name = str(one.metadata.get("uuid") or one.digest)
        times[name] = times.get(name, 0) + 1
        yield row(one, prediction, name if times[name] == 1 else f"{name}-{times[name]}")


def row(one: Transcript, prediction: Prediction, name: str) -> inspect_scout.Transcript:
    """A transcript as Scout holds it; reading the database back gives the very same words."""
    spoken = [_message(message, f"{name}-{position}") for position, message in enumerate(one.messages)]
    said = told.result(prediction, spoken)
    epoch, known = one.metadata.get("epoch"), one.metadata.get
    own: dict[str, Any] = {"sample_metadata": one.metadata, SAID: json.dumps(said, ensure_ascii=False)}
    return inspect_scout.Transcript(
        transcript_id=name,
        source_type="feint",
        source_id=_text(known("eval_id")),
        source_uri=one.source,
        task_set=_text(known("task")),
        task_id=one.id,
        task_repeat=epoch if isinstance(epoch, int) else None,
        model=one.model,
        message_count=len(spoken),
        metadata=own | {"feint_faking": prediction.faking, "feint_flagged": prediction.flagged},
        messages=spoken,
    )


def _message(message: Message, name: str) -> ChatMessage:
    thought, kind = message.reasoning or "", message.reasoning_kind
    content: list[Content] = []
    if kind == "summary":
        content.append(ContentReasoning(reasoning="", summary=thought))
    elif thought or kind == "redacted":
        content.append(ContentReasoning(reasoning=thought, redacted=kind == "redacted"))
    if message.content:
        content.append(ContentText(text=message.content))
    return _BY_ROLE[message.role](id=name, content=content)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
