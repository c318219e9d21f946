"""Two scripted annotators, one of them biased, on bundled transcripts in a real Label Studio: run it to see what comes of it.

python -m tests.annotation.two_annotators
"""

import secrets
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl

from feint.annotation.answer import Answer, Mark, tables
from feint.annotation.indicator import indicators
from feint.annotation.readings import AUTHOR, Readings, readings
from feint.annotation.results import answers
from feint.annotation.server import Server
from feint.annotation.studio import Studio
from feint.annotation.tasks import phrases, prediction, result, task
from feint.corpus.contrast import family
from feint.corpus.span import Span
from feint.corpus.transcript import Transcript
from feint.models.prediction import Evidence

READ, UNREAD = 60, 20
MISSES = 0.08
"""Probability that the careful annotator overlooks an indicator."""
ALARMS = 0.25
"""Probability that the biased annotator sees an indicator that is not there, and faking where there is none."""
CAREFUL, BIASED = "careful@example.org", "biased@example.org"


@dataclass(frozen=True, slots=True)
class Site:
    """A project, its owner's connection to it, and annotators with their browsers."""

    studio: Studio
    annotators: dict[str, tuple[int, httpx.Client]]
    """Number and browser by e-mail address."""

    def close(self) -> None:
        """Close all connections."""
        self.studio.close()
        for _, browser in self.annotators.values():
            browser.close()


def sample() -> tuple[list[Transcript], dict[str, str]]:
    """Bundled transcripts, one of every tenth place, and the family of each by digest."""
    every = [(one.family, family.transcript(one, entry)) for one in family.families() for entry in one.transcript]
    chosen = [every[at * 10] for at in range(READ + UNREAD)]
    return [transcript for _, transcript in chosen], {transcript.digest: name for name, transcript in chosen}


def truth(transcripts: Sequence[Transcript]) -> dict[str, Answer]:
    """What the authors hold of them, by digest."""
    bundled = readings()
    marks: dict[str, list[Mark]] = {}
    for row in bundled.marks.filter(pl.col("annotator") == AUTHOR).iter_rows(named=True):
        span = Span(row["message"], row["field"], row["start"], row["end"])
        marks.setdefault(row["transcript_id"], []).append(Mark(row["indicator"], row["level"], span, row["quote"]))
    verdicts = bundled.verdicts.filter(pl.col("annotator") == AUTHOR).select("transcript_id", "verdict")
    said = dict(verdicts.iter_rows())
    return {
        one.digest: Answer(one.digest, AUTHOR, said[one.digest], 4, marks=tuple(marks.get(one.digest, ())))
        for one in transcripts
    }


def careful(of: Answer, rng: np.random.Generator) -> Answer:
    """Overlooks an indicator now and then, and takes about a minute."""
    kept = {slug for slug in sorted({mark.indicator for mark in of.marks}) if rng.random() >= MISSES}
    marks = tuple(mark for mark in of.marks if mark.indicator in kept)
    return replace(of, annotator=CAREFUL, marks=marks, seconds=round(float(rng.lognormal(4.1, 0.4)), 1))


def biased(of: Answer, transcript: Transcript, rng: np.random.Generator) -> Answer:
    """Sees what is not there, in the first words that can be marked, says faking too often, and takes half as long."""
    words = next(phrase.span for phrase in phrases(transcript) if phrase.judged)
    there = {mark.indicator for mark in of.marks}
    more = [
        Mark(one.slug, "considered", words, words.quote(transcript))
        for one in indicators()
        if one.slug not in there and rng.random() < ALARMS
    ]
    verdict = "faking" if of.verdict != "faking" and rng.random() < ALARMS else of.verdict
    return replace(
        of, annotator=BIASED, verdict=verdict, marks=(*of.marks, *more), seconds=round(float(rng.lognormal(3.4, 0.3)), 1)
    )  # fmt: skip


def site(server: Server, title: str) -> Site:
    """A project made with the owner's token, and two people who have signed up by invitation."""
    studio = Studio(server.url, server.account.token, patience=10)
    studio.make(title)
    return person(person(Site(studio, {}), CAREFUL), BIASED)


def person(at: Site, email: str) -> Site:
    """The same project with one annotator more."""
    browser = httpx.Client(
        base_url=at.studio.url, follow_redirects=True, timeout=60, headers={"Referer": at.studio.url}
    )
    invitation = at.studio.invitation()
    browser.get(invitation)
    form = {"email": email, "password": secrets.token_urlsafe(12), "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    browser.post(invitation, data=form)
    token = browser.get("/api/current-user/token").json()["token"]
    browser.headers["Authorization"] = f"Token {token}"
    number = browser.get("/api/current-user/whoami").json()["id"]
    return replace(at, annotators=at.annotators | {email: (int(number), browser)})


def send(at: Site, transcripts: Sequence[Transcript], said: dict[str, Sequence[Answer]]) -> None:
    """Import the transcripts with what annotators say of them, and a detector's word for its first sentence."""
    tasks = [
        task(one)
        | {
            "annotations": [
                {
                    "completed_by": at.annotators[each.annotator][0],
                    "lead_time": each.seconds,
                    "result": result(one, each),
                }
                for each in said.get(one.digest, ())
            ],
            "predictions": [prediction(one, [_shown(one)], "not_faking", model_version="detector", certainty=0.5)],
        }
        for one in transcripts
    ]
    at.studio.send(tasks)


def _shown(transcript: Transcript) -> Evidence:
    words = next(phrase.span for phrase in phrases(transcript) if phrase.judged)
    return Evidence("concealment", words, words.quote(transcript), 0.5)


def pulled(at: Site, transcripts: Sequence[Transcript]) -> tuple[Readings, pl.DataFrame]:
    """What the server holds, as tables, and the seconds it took."""
    names = {number: email for email, (number, _) in at.annotators.items()}
    by_digest = {one.digest: one for one in transcripts}
    exported = at.studio.exported([one.task for one in at.studio.held()])
    found = [
        answer
        for held in exported
        for answer in answers(held, by_digest[held["data"]["transcript_id"]], names)
        if isinstance(answer, Answer)
    ]
    seconds = [(one.transcript_id, one.annotator, one.seconds) for one in found]
    said = tables(found)
    timed = pl.DataFrame(seconds, ["transcript_id", "annotator", "seconds"], orient="row")
    return Readings(said.judgements, said.verdicts, said.marks), timed


def work(
    at: Site, who: str, transcripts: Sequence[Transcript], true: dict[str, Answer], rng: np.random.Generator
) -> str | None:
    """Let an annotator ask for their next task and answer it; which transcript it was, none where nothing is left."""
    served = serves(at, who)
    if served is None:
        return None
    of = next(one for one in transcripts if one.digest == served["data"]["transcript_id"])
    answer = biased(true[of.digest], of, rng) if who == BIASED else careful(true[of.digest], rng)
    sent = {"lead_time": answer.seconds, "result": result(of, answer)}
    at.annotators[who][1].post(f"/api/tasks/{served['id']}/annotations/", json=sent).raise_for_status()
    return of.digest


def serves(at: Site, who: str) -> dict[str, Any] | None:
    """The task that Label Studio has for an annotator next; none where it has none."""
    answer = at.annotators[who][1].get(f"/api/projects/{at.studio.project}/next")
    if answer.status_code == httpx.codes.NOT_FOUND:
        return None
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def scripted(transcripts: Sequence[Transcript], true: dict[str, Answer], seed: int = 0) -> dict[str, Sequence[Answer]]:
    """Both annotators' answers to the first `READ` transcripts."""
    rng = np.random.default_rng(seed)
    return {
        one.digest: (careful(true[one.digest], rng), biased(true[one.digest], one, rng)) for one in transcripts[:READ]
    }


def _lines(server: Server) -> Iterator[str]:
    from feint.annotation.agreement import agreement
    from feint.annotation.annotators import annotator_figures
    from feint.annotation.candidates import candidates
    from feint.annotation.order import arrange
    from feint.annotation.queue import draw
    from feint.annotation.span_agreement import span_agreement
    from feint.corpus.tables import Draws
    from feint.models import Detector
    from feint.pipeline.config import load
    from feint.pipeline.queue import looked_at

    transcripts, families = sample()
    true = truth(transcripts)
    at = site(server, "Two annotators")
    send(at, transcripts, scripted(transcripts, true))
    said, seconds = pulled(at, transcripts)
    groups = pl.DataFrame(list(families.items()), ["transcript_id", "group"], orient="row")
    yield str(agreement(said.judgements, said.verdicts, groups).select("indicator", "alpha", "low", "high"))
    yield str(span_agreement(said.judgements, said.marks, groups).pivot("measure", index="indicator", values="value"))
    yield str(annotator_figures(said.judgements, said.verdicts, seconds, groups))
    rows = list(looked_at(Detector.load(), transcripts))
    seen = pl.DataFrame([row[:2] for row in rows], ["transcript_id", "faking"], orient="row")
    now = candidates(seen, np.array([row[2] for row in rows]), said.judgements, said.verdicts, groups)
    settings = load().queue
    draws = draw(now, np.array([row[2] for row in rows]), Draws.create_empty(), settings.shares(), 0.2, 10, 0)
    names = {one.digest: one.id for one in transcripts}
    yield str(draws.with_columns(pl.col("transcript_id").replace(names)).drop("round", "overlap"))
    arrange(at.studio, draws)
    first = serves(at, CAREFUL)
    at.close()
    yield f"Label Studio serves {names[first['data']['transcript_id']] if first else 'nothing'} next"


if __name__ == "__main__":
    from feint.annotation import server as servers

    pl.Config.set_tbl_rows(40).set_tbl_hide_column_data_types(True).set_tbl_hide_dataframe_shape(
        True
    ).set_float_precision(2)
    with tempfile.TemporaryDirectory() as folder, servers.start(Path(folder) / "studio", 8971) as running:
        for line in _lines(running):
            sys.stdout.write(f"{line}\n\n")
