"""Judged: all that was said of the gathered transcripts, by labels that came along and by annotators in Label Studio."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path

import polars as pl

from feint.annotation.answer import Answer, tables
from feint.annotation.codebook import version as codebook_version
from feint.annotation.ledger import LEDGER, Ledger
from feint.annotation.results import answers
from feint.corpus.reject import Reject
from feint.corpus.tables import Rejects
from feint.corpus.transcript import Transcript
from feint.pipeline.config import Config
from feint.pipeline.gather import PART, gather, transcripts
from feint.pipeline.progress import track
from feint.pipeline.store import Artifact, Store

TABLES = ("judgements", "verdicts", "marks", "values", "value_marks", "sittings")
PROJECTS = "studio"
"""Folder of the store with one folder for each project that was pushed to or pulled from, and each export that was read."""
GATHERED = TABLES[:3]
"""What gathered transcripts can bring along."""
_READER = ["transcript_id", "annotator"]


def judged(config: Config, store: Store) -> Artifact:
    """Judgements, verdicts, marks, values, their words and sittings, from everywhere; rejects of what was pulled.

    Whatever `feint pull` wrote into the store counts where its transcript is gathered. Where an annotator has judged a
    transcript twice, in two tasks or in two projects, the later counts.
    """
    gathered = gather(config, store)
    with ExitStack() as opened:
        pulled = {
            path.parent.name: opened.enter_context(Ledger(path))
            for path in sorted((store.root / PROJECTS).glob(f"*/{LEDGER}"))
        }
        return store.once(
            "judged",
            partial(_make, gathered, pulled),
            version=1,
            params={"codebook": codebook_version()} if pulled else {},
            inputs={"gather": gathered.digest} | {name: ledger.digest() for name, ledger in pulled.items()},
        )


def _make(gathered: Artifact, pulled: Mapping[str, Ledger], folder: Path) -> None:
    rejects: list[Reject] = []
    parts = folder / "parts"
    parts.mkdir()
    for number, chunk in enumerate(_chunks(gathered) if pulled else [[]]):
        said = tables(_answers(chunk, pulled, rejects))
        for name, table in said._asdict().items():
            table.write_parquet(parts / f"{name}-{number:05}.parquet")
    heads = pl.scan_parquet(gathered / "transcripts-*.parquet").select("transcript_id").collect()
    rejects += _unknown(pulled, set(heads["transcript_id"]))
    readers = pl.scan_parquet(parts / "sittings-*.parquet").select(_READER)
    for name in TABLES:
        frames = [pl.scan_parquet(parts / f"{name}-*.parquet")]
        if name in GATHERED:
            frames.insert(0, pl.scan_parquet(gathered / f"{name}.parquet").join(readers, on=_READER, how="anti"))
        pl.concat(frames).sink_parquet(folder / f"{name}.parquet")
    for part in parts.iterdir():
        part.unlink()
    parts.rmdir()
    rows = [(one.path, one.place, one.id, one.reason) for one in rejects]
    frame = pl.DataFrame(rows, Rejects.column_names(), orient="row", infer_schema_length=None)
    Rejects.validate(frame, cast=True).write_parquet(folder / "rejects.parquet")


def _chunks(gathered: Artifact) -> Iterator[list[Transcript]]:
    found = track(transcripts(gathered.path), "reading annotations")
    return iter(lambda: list(islice(found, PART)), [])


def _answers(chunk: Sequence[Transcript], pulled: Mapping[str, Ledger], rejects: list[Reject]) -> Iterator[Answer]:
    """What annotators say of these transcripts, one answer for each who judged one."""
    by_words = {one.digest: one for one in chunk}
    latest: dict[tuple[str, str], tuple[Answer, str]] = {}
    for project, ledger in pulled.items():
        names = ledger.annotators()
        for task in ledger.of(list(by_words)):
            transcript = by_words[task["data"]["transcript_id"]]
            for one in answers(task, transcript, names, project):
                if isinstance(one, Reject):
                    rejects.append(one)
                    continue
                who = (one.transcript_id, one.annotator)
                before, after = sorted(
                    [latest.get(who, (one, project)), (one, project)], key=lambda said: _when(said[0])
                )
                if before is not after and before != after:
                    rejects.append(_superseded(*before, after[0], transcript))
                latest[who] = after
    yield from (answer for answer, _ in latest.values())


def _when(answer: Answer) -> tuple[str, int, int]:
    return answer.updated_at or "", answer.task or 0, answer.annotation or 0


def _superseded(earlier: Answer, project: str, later: Answer, transcript: Transcript) -> Reject:
    place = f"task {earlier.task}, annotation {earlier.annotation}"
    reason = f"{earlier.annotator} judged the transcript again in task {later.task}, annotation {later.annotation}; that counts"
    return Reject(project, place, reason, transcript.id)


def _unknown(pulled: Mapping[str, Ledger], known: set[str]) -> Iterable[Reject]:
    """Tasks that show no gathered transcript: kept as they are, and counted once it is gathered."""
    for project, ledger in pulled.items():
        for task, transcript in ledger.shown():
            if transcript not in known:
                found = f"shows transcript {transcript}" if transcript else "shows no transcript that feint pushed"
                reason = (
                    f"{found}, which is not among the gathered ones; gather it, and this counts"
                    if transcript
                    else found
                )
                yield Reject(project, f"task {task}", reason)
