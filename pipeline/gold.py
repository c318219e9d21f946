"""Gold: settle what annotators said, and say how far they agree."""

from functools import partial
from pathlib import Path

import polars as pl

from feint.annotation.agreement import agreement
from feint.annotation.gold import settle
from feint.annotation.rules import contradictions
from feint.corpus.errors import InputError
from feint.corpus.tables import Judgements, Verdicts
from feint.pipeline.config import Config
from feint.pipeline.gather import gather
from feint.pipeline.judged import judged
from feint.pipeline.store import Artifact, Store


def gold(config: Config, store: Store) -> Artifact:
    """One settled answer per transcript and indicator, agreement per indicator, and verdicts that contradict themselves."""
    gathered, said = gather(config, store), judged(config, store)
    return store.once(
        "gold",
        partial(_make, gathered, said, config),
        version=1,
        params={"gold": config.gold.model_dump(), "agreement": config.agreement.model_dump()},
        inputs={"gather": gathered.digest, "judged": said.digest},
    )


def _make(gathered: Artifact, said: Artifact, config: Config, folder: Path) -> None:
    judgements = Judgements.validate(pl.read_parquet(said / "judgements.parquet"))
    verdicts = Verdicts.validate(pl.read_parquet(said / "verdicts.parquet"))
    if judgements.is_empty() and verdicts.is_empty():
        raise InputError(
            f"nobody has judged anything in {', '.join(config.gather.sources)}; "
            "gather transcripts with labels ('label': true or false) or the bundled corpus, or pull what annotators said"
        )
    settle(judgements, verdicts, config.gold.method).write_parquet(folder / "gold.parquet")
    groups = pl.read_parquet(gathered / "splits.parquet").select("transcript_id", "group")
    agreement(
        judgements, verdicts, groups=groups, draws=config.agreement.draws, seed=config.agreement.seed
    ).write_parquet(folder / "agreement.parquet")
    contradictions(judgements, verdicts).write_parquet(folder / "contradictions.parquet")
