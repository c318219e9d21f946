"""Gold: settle what annotators said, and say how far they agree."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import polars as pl

from feint.annotation.agreement import agreement
from feint.annotation.annotators import annotator_figures
from feint.annotation.disagreements import disagreements
from feint.annotation.gold import settle
from feint.annotation.rules import contradictions
from feint.annotation.span_agreement import span_agreement
from feint.corpus.errors import InputError
from feint.corpus.tables import Judgements, Marks, Verdicts
from feint.corpus.validation_csv import Case, name_of
from feint.pipeline.config import Config
from feint.pipeline.gather import gather, transcripts
from feint.pipeline.judged import judged
from feint.pipeline.store import Artifact, Store


def gold(config: Config, store: Store) -> Artifact:
    """One settled answer per transcript and indicator, how far annotators agree, and what their lead should look at."""
    gathered, said = gather(config, store), judged(config, store)
    return store.once(
        "gold",
        partial(_make, gathered, said, config),
        version=2,
        params={"gold": config.gold.model_dump(), "agreement": config.agreement.model_dump()},
        inputs={"gather": gathered.digest, "judged": said.digest},
    )


def cases(gathered: Artifact, settled: Artifact, *, indicators: bool = False) -> Iterator[Case]:
    """The settled headline of every transcript, or every settled indicator, as cases of a validation set."""
    answers = pl.read_parquet(settled / "gold.parquet").filter(pl.col("present").is_not_null())
    chosen = pl.col("indicator").str.starts_with("faking") if indicators else pl.col("indicator") != "faking"
    labels: dict[str, dict[str, bool]] = {}
    for name, indicator, present in answers.filter(~chosen).select("transcript_id", "indicator", "present").iter_rows():
        labels.setdefault(name, {})[indicator] = present
    splits = dict(pl.read_parquet(gathered / "splits.parquet").select("transcript_id", "split").iter_rows())
    for one in transcripts(gathered.path):
        if one.digest in labels:
            yield Case(name_of(one), labels[one.digest], splits[one.digest])


def _make(gathered: Artifact, said: Artifact, config: Config, folder: Path) -> None:
    judgements = Judgements.validate(pl.read_parquet(said / "judgements.parquet"))
    verdicts = Verdicts.validate(pl.read_parquet(said / "verdicts.parquet"))
    if judgements.is_empty() and verdicts.is_empty():
        raise InputError(
            f"nobody has judged anything in {', '.join(config.gather.sources)}; "
            "gather transcripts with labels ('label': true or false) or the bundled corpus, or pull what annotators said"
        )
    marks = Marks.validate(pl.read_parquet(said / "marks.parquet"))
    sittings = pl.read_parquet(said / "sittings.parquet")
    groups = pl.read_parquet(gathered / "splits.parquet").select("transcript_id", "group")
    draws, seed = config.agreement.draws, config.agreement.seed
    settled = settle(judgements, verdicts, config.gold.method)
    for name, table in {
        "gold": settled,
        "agreement": agreement(judgements, verdicts, groups, draws=draws, seed=seed),
        "spans": span_agreement(judgements, marks, groups, draws=draws, seed=seed),
        "annotators": annotator_figures(judgements, verdicts, sittings, groups, draws=draws, seed=seed),
        "disagreements": disagreements(judgements, verdicts, settled),
        "contradictions": contradictions(judgements, verdicts),
    }.items():
        table.write_parquet(folder / f"{name}.parquet")
