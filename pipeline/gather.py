"""Gather: read transcripts from anywhere into tables, with the labels that came along and the rejects."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from feint.annotation.readings import readings
from feint.corpus import digest, reasoning, validation_csv
from feint.corpus.attempts import answered
from feint.corpus.contrast import family
from feint.corpus.errors import InputError
from feint.corpus.groups import groups
from feint.corpus.labelled import HEADLINE, labels
from feint.corpus.reading import none_in, read
from feint.corpus.reject import Reject
from feint.corpus.sources import hub_dataset
from feint.corpus.splits import split
from feint.corpus.tables import LEVELS, Judgements, Marks, Messages, Rejects, Splits, Transcripts, Verdicts
from feint.corpus.transcript import Message, Transcript
from feint.corpus.validation_csv import Labelled
from feint.pipeline.config import Config
from feint.pipeline.progress import track
from feint.pipeline.store import Artifact, Store

BUNDLED = "bundled"
"""The source that means the corpus in the package."""
PART = 2000
"""Transcripts written together; memory does not grow with more."""
GIVEN = "given"
"""Annotator's name for labels that came with a transcript."""


def gather(config: Config, store: Store) -> Artifact:
    """Every transcript of the configured sources, once each, with splits, judgements and rejects."""
    sources = config.gather.sources
    return store.once(
        "gather",
        partial(_make, sources, config),
        version=1,
        params={"sources": list(sources), "split": config.split.model_dump()},
        inputs={str(source): fingerprint(str(source)) for source in (*sources, *config.gather.validation)},
    )


def transcripts(gathered: Path) -> Iterator[Transcript]:
    """The gathered transcripts in the order they were read, a part at a time."""
    for heads, bodies in zip(sorted(gathered.glob("transcripts-*")), sorted(gathered.glob("messages-*")), strict=True):
        said = pl.read_parquet(bodies).partition_by("transcript_id", as_dict=True, maintain_order=True)
        for row in pl.read_parquet(heads).iter_rows(named=True):
            yield Transcript(
                id=row["id"],
                messages=tuple(
                    Message(
                        role=m["role"],
                        content=m["content"],
                        reasoning=m["reasoning"],
                        reasoning_kind=m["reasoning_kind"],
                    )
                    for m in said[(row["transcript_id"],)].iter_rows(named=True)
                ),
                model=row["model"],
                source=row["source"],
                metadata=json.loads(row["metadata"]),
            )


def fingerprint(source: str) -> str:
    """What a stage is made from: names, sizes and times of files, the hub's commit, or the words of the bundled corpus."""
    if source == BUNDLED:
        return digest.of_files([*family.HERE.glob("families/*.toml"), *family.HERE.glob("second/*.toml")])
    if source.startswith(hub_dataset.ADDRESS):
        return digest.of_value([source, hub_dataset.commit(source)])
    path = Path(source)
    if not path.exists():
        return digest.of_text(source)
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    return digest.of_value([[str(p), (s := p.stat()).st_size, s.st_mtime_ns] for p in files])


def _make(sources: Sequence[str], config: Config, folder: Path) -> None:
    seen: dict[str, str] = {}
    rejects: list[Reject] = []
    given: list[Transcript] = []
    labelled = Labelled(case for path in config.gather.validation for case in validation_csv.read(path))
    kept = _kept(labelled.of(_read(sources)), seen, rejects)
    for part, chunk in enumerate(iter(lambda: list(islice(kept, PART)), [])):
        _write_part(folder, part, chunk)
        given += _labelled(chunk, rejects)
    rejects += labelled.rejects
    if not seen:
        raise none_in(sources, rejects[0] if rejects else None)
    _write_splits(folder, config)
    _write_labels(folder, BUNDLED in sources, given)
    rows = [(r.path, r.place, r.id, r.reason) for r in rejects]
    pl.DataFrame(rows, Rejects.column_names(), orient="row").pipe(Rejects.validate, cast=True).write_parquet(
        folder / "rejects.parquet"
    )


def _read(sources: Sequence[str]) -> Iterator[Transcript | Reject]:
    """Everything in the sources; of a sample that was asked again, in another log perhaps, the last answer."""
    return answered(one for source in sources for one in (_bundled() if source == BUNDLED else read([source])))


def _bundled() -> Iterator[Transcript]:
    for one in family.families():
        yield from (family.transcript(one, entry) for entry in one.transcript)


def _kept(found: Iterable[Transcript | Reject], seen: dict[str, str], rejects: list[Reject]) -> Iterator[Transcript]:
    for one in track(found, "reading transcripts"):
        if isinstance(one, Reject):
            rejects.append(one)
        elif one.digest in seen:
            same = f"has the very words of {seen[one.digest]!r}; kept once"
            rejects.append(Reject(one.source or "", "", same, one.id))
        else:
            seen[one.digest] = one.id
            yield one


def _labelled(chunk: Iterable[Transcript], rejects: list[Reject]) -> Iterator[Transcript]:
    """Those that came with labels; labels that cannot be read are rejected, their transcript stays."""
    for one in chunk:
        try:
            if one.source != "feint-contrast" and labels(one):
                yield one
        except InputError as error:
            rejects.append(Reject(one.source or "", "", f"kept without its labels: {error}", one.id))


def _write_part(folder: Path, part: int, chunk: Sequence[Transcript]) -> None:
    heads = [
        (
            one.digest, one.id, one.source, one.model, reasoning.kind(one), len(one.messages),
            sum(len(m.content) + len(m.reasoning or "") for m in one.messages if m.role == "assistant"),
            json.dumps(one.metadata, ensure_ascii=False, sort_keys=True),
        )
        for one in chunk
    ]  # fmt: skip
    bodies = [
        (one.digest, position, m.role, m.content, m.reasoning, m.reasoning_kind)
        for one in chunk
        for position, m in enumerate(one.messages)
    ]
    _frame(heads, Transcripts).write_parquet(folder / f"transcripts-{part:05}.parquet")
    _frame(bodies, Messages).write_parquet(folder / f"messages-{part:05}.parquet")


def _frame(rows: Sequence[tuple[Any, ...]], schema: Any) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema.column_names(), orient="row", infer_schema_length=None)
    return schema.validate(frame, cast=True)  # type: ignore[no-any-return]


def _write_splits(folder: Path, config: Config) -> None:
    shares, seed = config.split.shares(), config.split.seed
    rows = [(name, group, split(group, shares, seed)) for name, group in groups(transcripts(folder)).items()]
    _frame(rows, Splits).write_parquet(folder / "splits.parquet")


def _write_labels(folder: Path, bundled: bool, given: Sequence[Transcript]) -> None:
    judged, marked = [], []
    for one in given:
        said = labels(one)
        marks = sorted(said.spans or (), key=lambda mark: _strength(mark.level))
        told = dict(said.indicators) | ({} if said.label is None else {HEADLINE: said.label})
        levels = {m.indicator: m.level for m in marks} | {n: "endorsed" if v else "absent" for n, v in told.items()}
        judged += [(one.digest, GIVEN, name, level) for name, level in levels.items()]
        places = {(m.indicator, m.span): m for m in marks}  # the strongest of what is marked twice
        marked += [
            (one.digest, GIVEN, name, at.message, at.field, at.start, at.end, m.level, at.quote(one))
            for (name, at), m in places.items()
        ]
    tables = [_frame(judged, Judgements), Verdicts.create_empty(), _frame(marked, Marks)]
    if bundled:
        tables = [pl.concat([ours, theirs]) for ours, theirs in zip(readings(), tables, strict=True)]
    for name, table in zip(("judgements", "verdicts", "marks"), tables, strict=True):
        table.write_parquet(folder / f"{name}.parquet")


def _strength(level: str) -> int:
    """Rank among levels; `unclear` gives way to every other."""
    return ("unclear", *LEVELS[:-1]).index(level)
