"""Measure: what the labels say of each model, its checkpoints and its contexts, as a stage of the store."""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import polars as pl

from feint.corpus.attempts import answered
from feint.corpus.drafts import drafted
from feint.corpus.errors import InputError
from feint.corpus.reading import none_in, read
from feint.corpus.reject import Reject
from feint.corpus.tables import Rejects
from feint.corpus.transcript import Transcript
from feint.pipeline.config import Config
from feint.pipeline.gather import BUNDLED, fingerprint
from feint.pipeline.gold import gold
from feint.pipeline.judged import judged
from feint.pipeline.measures.errors import Errors
from feint.pipeline.measures.notes import notes
from feint.pipeline.measures.observing import observe
from feint.pipeline.measures.result import table
from feint.pipeline.measures.said import named, said, settled
from feint.pipeline.measures.survey import Settings, survey
from feint.pipeline.progress import track
from feint.pipeline.store import Artifact, Store
from feint.pipeline.weights import WEIGHTS, weights

MEASURES = "measures.parquet"
NOTES = "notes.json"
"""What the input lacks, a list of sentences."""
TABLES = ("observations", "protected", "pairs", "rejects")
"""What the measures were made from, each as parquet."""


@dataclass(frozen=True, slots=True)
class Own:
    """What the project's annotators said, as finished stages."""

    settled: Artifact
    judged: Artifact
    """With the values they named."""
    weights: Artifact
    """What each label stands for, by the draws of the queue."""


def measure(
    config: Config,
    store: Store,
    paths: Sequence[str],
    labels: Sequence[Path] = (),
    by: Sequence[str] | None = None,
    known: Errors | None = None,
) -> Artifact:
    """Every measure the transcripts allow: of the paths with their labels, or of the configured sources with the settled gold.

    Transcripts are read anew rather than taken from what was gathered, which keeps equal words once: two checkpoints that
    give the same answer are two observations. `known` are a detector's errors; without it they come from the answers
    that people labelled too.
    """
    if "-" in paths:
        raise InputError(
            "measures are kept by what they were made from, which standard input does not tell; name a file"
        )
    sources = tuple(paths) or tuple(source for source in config.gather.sources if source != BUNDLED)
    if not sources:
        raise InputError(
            "no transcripts to measure: the bundled corpus was written, by nobody's model; name files or folders of transcripts"
        )
    own = None if paths else Own(gold(config, store), judged(config, store), weights(config, store))
    settings = Settings(by=tuple(by or config.measure.by), **config.measure.model_dump(exclude={"by"}))
    inputs = {name: fingerprint(name) for name in (*sources, *map(str, labels))} | (
        {"gold": own.settled.digest, "judged": own.judged.digest, "weights": own.weights.digest} if own else {}
    )
    return store.once(
        "measure",
        partial(_make, sources, labels, own, settings, known),
        version=2,
        params={
            "settings": {**config.measure.model_dump(), "by": list(settings.by)},
            "sources": list(sources),
            "labels": [str(path) for path in labels],
            "errors": None if known is None else [known.sensitivity, known.specificity, known.worth_positives, known.worth_negatives],
        },
        inputs=inputs,
    )  # fmt: skip


def save(measured: Artifact, folder: Path) -> None:
    """Copy the tables into a folder, each complete or not at all."""
    for path in sorted(measured.path.iterdir()):
        with drafted(folder / path.name) as draft:
            shutil.copyfile(path, draft)


def _make(
    sources: Sequence[str],
    labels: Sequence[Path],
    own: Own | None,
    settings: Settings,
    known: Errors | None,
    folder: Path,
) -> None:
    spoken = said(labels)
    labelled = spoken.gold.keys() | spoken.flags.keys()
    if own:
        settled(own.settled / "gold.parquet", spoken)
        named(pl.read_parquet(own.judged / "values.parquet"), spoken)
        spoken.weights |= dict(pl.read_parquet(own.weights / WEIGHTS).select("transcript_id", "weight").iter_rows())
    observed = observe(answered(_read(sources)), spoken)
    if observed.observations.is_empty():
        raise none_in(sources, next(iter(observed.rejects), None))
    results = list(survey(observed, settings, known, lambda groups: track(groups, "measuring", len(groups))))
    measures = table(results)
    measures.write_parquet(folder / MEASURES)
    _flat(measures).write_csv(folder / "measures.csv")
    rows = [row | {"counts": json.loads(row["counts"])} for row in measures.iter_rows(named=True)]
    (folder / "measures.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    lacking = list(notes(observed, labelled, list(sources)))
    (folder / NOTES).write_text(json.dumps(lacking, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    left = [(r.path, r.place, r.id, r.reason) for r in chain(spoken.rejects, observed.rejects)]
    rejects = Rejects.validate(pl.DataFrame(left, Rejects.column_names(), orient="row"), cast=True)
    tables = (observed.observations, observed.protected, observed.pairs, rejects)
    for name, frame in zip(TABLES, tables, strict=True):
        frame.write_parquet(folder / f"{name}.parquet")


def _read(sources: Sequence[str]) -> Iterator[Transcript | Reject]:
    for one in track(read(sources), "reading transcripts"):
        if not isinstance(one, Reject) or one.format_known:
            yield one


def _flat(measures: pl.DataFrame) -> pl.DataFrame:
    """The warnings as one text, which is what CSV can hold."""
    return measures.with_columns(pl.col("warnings").list.join("; "))
