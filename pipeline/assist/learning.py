"""Learning from annotators: what has been said in a project since the last look, as examples."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import polars as pl

from feint.annotation.answer import Answer, tables
from feint.annotation.gold import Method, settle
from feint.annotation.ledger import LEDGER, Ledger
from feint.annotation.rules import HEADLINE
from feint.annotation.shown import readings
from feint.annotation.studio import Studio
from feint.corpus.errors import InputError
from feint.corpus.groups import groups
from feint.corpus.transcript import Transcript
from feint.models.fitting import Example
from feint.pipeline.assist.assistant import Assistant
from feint.pipeline.pull import pull

LOOK = 300.0
"""Seconds after which annotations are read again without a hint."""

Told = Callable[[str], None]


def examples(ledger: Ledger, method: Method) -> list[Example]:
    """The transcripts whose headline is settled by what annotators said; answers that do not fit are left out."""
    people = ledger.annotators()
    transcripts: dict[str, Transcript] = {}
    latest: dict[tuple[str, str], Answer] = {}
    for task in _tasks(ledger):
        try:
            transcript, said = readings(task, people)
        except InputError:
            continue
        transcripts[transcript.digest] = transcript
        for one in (one for one in said if isinstance(one, Answer)):
            who = (one.transcript_id, one.annotator)
            latest[who] = max(
                latest.get(who, one), one, key=lambda answer: (answer.updated_at or "", answer.annotation or 0)
            )
    found = tables(latest.values())
    gold = settle(found.judgements, found.verdicts, method)
    settled = gold.filter(pl.col("indicator") == HEADLINE, pl.col("present").is_not_null())
    labels = dict(settled.select("transcript_id", "present").iter_rows())
    of = groups(transcripts.values())
    return [Example(transcripts[name], label, of[name]) for name, label in sorted(labels.items())]


def _tasks(ledger: Ledger) -> Iterator[dict[str, Any]]:
    return ledger.of(sorted({transcript for _, transcript in ledger.shown() if transcript}))


def learn_on(
    assistant: Assistant,
    there: Studio,
    folder: Path,
    *,
    hint: Event,
    stop: Event,
    method: Method,
    changed: Callable[[str], None],
    told: Told,
    rest: float = 10.0,
    look: float = LOOK,
) -> None:
    """Until `stop`, which comes with a last hint: read what annotators did, and learn from it.

    A hint comes with each annotation and may be lost or forged, so it says only that it is time to look: what was
    annotated is read from the server, `rest` seconds after a hint, so no more often than that, and every `look` seconds
    without one. `changed` hears the new model's name. What goes wrong is told, once for as long as it stays the same,
    and tried again; the model that serves goes on serving.
    """
    learnt, known, complaint, hinted = "", assistant.version, "", False
    with Ledger(folder / LEDGER) as ledger:
        while not stop.is_set():
            hint.clear()
            before = learnt
            try:
                pull(there, ledger, accept_deletions=True)
                if (now := ledger.digest()) != learnt:
                    learnt = now
                    if (found := examples(ledger, method)) and assistant.learn(found):
                        told(f"learnt from {len(found)} transcripts: {assistant.version}")
                if assistant.version != known:
                    changed(assistant.version)
                    known = assistant.version
                complaint = ""
            except Exception as error:  # noqa: BLE001  whatever went wrong, the model that serves goes on serving
                if complaint != (complaint := str(error)):
                    told(f"goes on with {assistant.version}: {complaint}")
            # A hint can come before what it hints at can be read: where nothing was new, one more look.
            hinted = hint.wait(rest if hinted and learnt == before else look)
            stop.wait(rest)
