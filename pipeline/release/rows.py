"""The rows of a release: gathered transcripts and labels, redacted, each with its split, streamed."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from feint.corpus import reasoning
from feint.corpus.transcript import TextField, Transcript
from feint.pipeline.gather import transcripts
from feint.pipeline.progress import track
from feint.pipeline.release.redaction import Edit, Place, Redacted, Redactor, shifted
from feint.pipeline.store import Artifact

SLICE = 50_000
"""Rows of a table in memory at once."""
VERDICT = "verdict"
"""The indicator under which annotators' verdicts are given."""

Row = dict[str, Any]


class Report(Protocol):
    """What lines are written to."""

    def write(self, line: str, /) -> Any:
        """One line."""


@dataclass
class Ledger:
    """What redaction did, as far as the report and the other tables need to know it."""

    report: Report
    """Gets a JSON line for every replacement."""
    counts: Counter[str] = field(default_factory=Counter)
    """Replacements by kind."""
    renamed: dict[str, str] = field(default_factory=dict)
    """Old digest to new one, of transcripts whose words changed."""
    dropped: dict[str, str] = field(default_factory=dict)
    """Old digest to that of the transcript whose very words it has now."""
    edits: dict[str, Mapping[tuple[int, TextField], Sequence[Edit]]] = field(default_factory=dict)
    """By old digest."""

    def note(self, transcript_id: str, places: Sequence[Place]) -> None:
        """Report replacements, by the transcript's new digest."""
        for place in places:
            self.counts[place.kind] += 1
            self.report.write(json.dumps({"transcript_id": transcript_id} | asdict(place), ensure_ascii=False) + "\n")


class Rows:
    """Every row of a release; the transcripts' must be taken first, since the others go by what became of them."""

    def __init__(
        self, gathered: Artifact, said: Artifact, settled: Artifact, redactor: Redactor | None, ledger: Ledger
    ) -> None:
        self._gathered, self._said, self._settled = gathered, said, settled
        self._redactor, self._ledger = redactor, ledger
        self._places = pl.read_parquet(gathered / "splits.parquet").with_columns(pl.col("split").cast(pl.String))
        judged = ("judgements", "marks", "verdicts")
        names = pl.concat([_scan(said / f"{name}.parquet").select("annotator") for name in judged]).unique()
        annotators = names.collect()["annotator"].sort().to_list()
        self.annotators = {name: name for name in annotators}
        """Annotators' names as they were and as they are published."""
        if redactor:
            self.annotators |= redactor.names(annotators, "annotator")
            ledger.counts["ANNOTATOR"] += sum(old != new for old, new in self.annotators.items())
        self._groups = redactor.names(self._places["group"], "group") if redactor else {}
        """Groups' names as they were and as they are published, where these differ."""
        self._digests = frozenset(self._places["transcript_id"] if redactor else ())

    def transcripts(self) -> Iterator[tuple[str, Transcript, Row]]:
        """Split, transcript and row, in the order in which they were gathered."""
        places = {name: (group, split) for name, group, split in self._places.iter_rows()}
        kept: set[str] = set()
        for one in track(transcripts(self._gathered.path), "writing transcripts", total=len(places)):
            redacted = self._redactor.transcript(one) if self._redactor else Redacted(one)
            new = redacted.transcript
            self._ledger.note(new.digest, redacted.places)
            if new.digest in kept:
                self._ledger.dropped[one.digest] = new.digest
                continue
            kept.add(new.digest)
            if redacted.edits:
                self._ledger.renamed[one.digest] = new.digest
                self._ledger.edits[one.digest] = redacted.edits
            group, split = places[one.digest]
            if group in self._digests:  # named after a member: a digest of words that may not be published
                self._groups.setdefault(group, new.digest)
            yield split, new, self._row(new, group)

    def _row(self, one: Transcript, group: str) -> Row:
        return {
            "transcript_id": one.digest,
            "id": one.id,
            "messages": [{"role": m.role, "content": m.content, "reasoning": m.reasoning} for m in one.messages],
            "reasoning_kind": reasoning.kind(one),
            "source": one.source,
            "model": one.model,
            "metadata": json.dumps(one.metadata, ensure_ascii=False, sort_keys=True),
            "group": self._group(group),
        }

    def annotations(self) -> Iterator[tuple[str, Row]]:
        """Judgements, then verdicts."""
        for split, row in self._table(self._said / "judgements.parquet"):
            yield split, row | {"confidence": None, "note": None}
        for split, row in self._table(self._said / "verdicts.parquet"):
            note = row["note"]
            if note and self._redactor:
                note, places = self._redactor.note(note, "note")
                self._ledger.note(row["transcript_id"], places)
            yield split, row | {"indicator": VERDICT, "level": row["verdict"], "note": note}

    def spans(self) -> Iterator[tuple[str, Row]]:
        """Marks, moved with what was replaced before and in them."""
        seen: set[tuple[Any, ...]] = set()
        for split, row in self._table(self._said / "marks.parquet"):
            if edits := self._ledger.edits.get(row["given_id"], {}).get((row["message"], row["field"])):
                row |= shifted(row, edits)
                key = tuple(
                    row[name]
                    for name in ("transcript_id", "annotator", "indicator", "message", "field", "start", "end")
                )
                if key in seen:
                    self._ledger.counts["SAME_SPAN"] += 1
                    continue
                seen.add(key)
            yield split, row

    def gold(self) -> Iterator[tuple[str, Row]]:
        """Settled answers."""
        return self._table(self._settled / "gold.parquet")

    def _table(self, path: Path) -> Iterator[tuple[str, Row]]:
        """Rows of a table with group and split, under their transcripts' new digests; `given_id` is the old one."""
        ledger = self._ledger
        frame = _scan(path)
        if "annotator" in frame.collect_schema():
            frame = frame.with_columns(pl.col("annotator").replace(self.annotators))
        start = 0
        while len(part := frame.slice(start, SLICE).collect()):
            start += SLICE
            placed = part.join(self._places, on="transcript_id", how="inner", maintain_order="left")
            for row in placed.iter_rows(named=True):
                given = row["transcript_id"]
                if given not in ledger.dropped:
                    row |= {
                        "given_id": given,
                        "transcript_id": ledger.renamed.get(given, given),
                        "group": self._group(row["group"]),
                    }
                    yield row["split"], row

    def _group(self, name: str) -> str:
        return self._groups.get(name, name)


def _scan(path: Path) -> pl.LazyFrame:
    import polars.selectors as cs

    return pl.scan_parquet(path).with_columns(cs.enum().cast(pl.String))
