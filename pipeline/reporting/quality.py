"""Quality: what stands behind the answers, as the page shows it: the detector's figures, its audit, agreement, the labels."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from feint.corpus.transcript import Transcript
from feint.models import baselines, explanation, folder
from feint.pipeline import annotators, audit, figures
from feint.pipeline.gather import transcripts
from feint.pipeline.reporting.pictures import Figure
from feint.pipeline.store import RECIPE, Artifact, Store
from feint.pipeline.tables import audit_rows, evaluation
from feint.pipeline.train import DETECTOR, PREDICTIONS


@dataclass(frozen=True, slots=True)
class Stages:
    """Finished stages that belong together, as far as there are any."""

    gathered: Artifact | None = None
    judged: Artifact | None = None
    settled: Artifact | None = None
    trained: Artifact | None = None


@dataclass(frozen=True, slots=True)
class Behind:
    """What stands behind the answers, as far as it is known."""

    detector: Mapping[str, Any] | None
    labels: Mapping[str, Any] | None
    figures: list[Figure]
    annotators: str = ""
    """The section on annotators, rendered."""


def behind(store: Store, stages: Stages) -> Behind:
    """What the stages say of the detector and of the labels."""
    if not (stages.gathered and stages.judged and stages.settled):
        return Behind(None, None, [])
    known = labels(stages.gathered, stages.judged, stages.settled)
    judge = detector(store, stages.gathered, stages.settled, stages.trained) if stages.trained else None
    people = annotators.section(stages.gathered, stages.settled)
    return Behind(judge, known, list(_drawn(stages, judge, known)), people)


def finished(store: Store) -> Stages:
    """The training used last with what it learnt from, else the labels settled last; nothing is made."""
    trained = store.latest("train")
    settled = _from(store, trained, "gold") if trained else store.latest("gold")
    gathered, judged = (_from(store, settled, stage) if settled else None for stage in ("gather", "judged"))
    return Stages(gathered, judged, settled, trained) if gathered and judged and settled else Stages()


def _from(store: Store, made: Artifact, stage: str) -> Artifact | None:
    name = json.loads((made / RECIPE).read_text(encoding="utf-8"))["inputs"].get(stage)
    place = store.root / stage / str(name)
    return Artifact(place, str(name), fresh=False) if (place / RECIPE).is_file() else None


def detector(store: Store, gathered: Artifact, settled: Artifact, trained: Artifact) -> dict[str, Any]:
    """The detector on its test split: figures, flags by class, what it goes by, its audit where there is one."""
    found, test = evaluation(trained), _test(settled, trained)
    scores, labels = test["faking"].to_numpy(), test["present"].to_numpy()
    return {
        "evaluation": found,
        "rows": _flag_rows(found),
        "roc": figures.roc(_curves(gathered, test)),
        "reliability": figures.reliability(scores, labels),
        "weights": _weights(trained),
        "audited": _audited(audit.latest(store, trained), gathered, test, found["threshold"]),
    }


def labels(gathered: Artifact, judged: Artifact, settled: Artifact) -> dict[str, Any]:
    """The labels: how many, of what, and how far people agree."""
    heads = pl.read_parquet(gathered.path / "transcripts-*.parquet")
    gold_rows = pl.read_parquet(settled / "gold.parquet").filter(pl.col("indicator") == "faking")
    splits = pl.read_parquet(gathered / "splits.parquet")
    corpus = {
        "transcripts": len(heads),
        "groups": splits["group"].n_unique(),
        "faking": int(gold_rows["present"].sum()),
        "settled": len(gold_rows),
        "annotators": pl.read_parquet(judged / "judgements.parquet")["annotator"].n_unique(),
        "kinds": dict(sorted(heads["reasoning"].value_counts().iter_rows())),
        "rejects": pl.read_parquet(gathered / "rejects.parquet").to_dicts(),
    }
    contradictions = len(pl.read_parquet(settled / "contradictions.parquet"))
    return {"corpus": corpus, "contradictions": contradictions, "alphas": _alphas(settled)}


def _drawn(stages: Stages, detector: Mapping[str, Any] | None, labels: Mapping[str, Any] | None) -> Iterator[Figure]:
    """Their pictures with the numbers in them, to be saved."""
    if detector and stages.settled and stages.trained:
        test = _test(stages.settled, stages.trained)
        weights = explanation.weights(folder.read(stages.trained / DETECTOR))
        parts = pl.DataFrame({"part": list(weights), "weight": list(weights.values())})
        yield Figure("detector-roc", "", detector["roc"], test)
        yield Figure("detector-reliability", "", detector["reliability"], test)
        yield Figure("detector-weights", "", detector["weights"], parts)
    if labels and labels["alphas"] and stages.settled:
        yield Figure("agreement", "", labels["alphas"], pl.read_parquet(stages.settled / "agreement.parquet"))


def _flag_rows(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": name, **row, "share": row["flagged"] / row["transcripts"] if row["transcripts"] else 0.0}
        for name, row in found["flagged"].items()
    ]


def _test(settled: Artifact, trained: Artifact) -> pl.DataFrame:
    """What was predicted for the test split (transcript_id, faking) and what is so (present), a row a transcript."""
    answers = pl.read_parquet(settled / "gold.parquet").filter(pl.col("indicator") == "faking")
    predicted = pl.read_parquet(trained / PREDICTIONS)
    return predicted.join(answers.select("transcript_id", "present"), on="transcript_id", maintain_order="left")


def _curves(
    gathered: Artifact, test: pl.DataFrame
) -> dict[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """The detector's curve, and that of counting keywords."""
    from sklearn.metrics import roc_curve

    by_name: dict[str, Transcript] = {one.digest: one for one in transcripts(gathered.path)}
    counts = baselines.keywords([by_name[name] for name in test["transcript_id"]], [])
    return {
        name: roc_curve(test["present"].to_numpy(), values, drop_intermediate=False)[:2]
        for name, values in {"feint": test["faking"].to_numpy(), "keyword count": counts}.items()
    }


def _audited(
    said: Mapping[str, Any] | None, gathered: Artifact, test: pl.DataFrame, threshold: float
) -> dict[str, Any] | None:
    """What the page shows of the audit: its parts in words, flags by class, and score against length."""
    if said is None:
        return None
    by_name: dict[str, Transcript] = {one.digest: one for one in transcripts(gathered.path)}
    words = np.array([len(baselines.words(by_name[name]).split()) for name in test["transcript_id"]], float)
    return {
        "rows": list(audit_rows(said)),
        "lengths": figures.lengths(words, test["faking"].to_numpy(), test["present"].to_numpy(), threshold),
    }


def _weights(trained: Artifact) -> str:
    weights = explanation.weights(folder.read(trained / DETECTOR))
    return figures.bars(list(weights), list(weights.values()), "log-odds added by one standard deviation more")


def _alphas(settled: Artifact) -> str | None:
    rows = pl.read_parquet(settled / "agreement.parquet").drop_nulls(["alpha", "low", "high"])
    if rows.is_empty():
        return None
    names, alphas, lows, highs = (rows[name].to_list() for name in ("indicator", "alpha", "low", "high"))
    return figures.intervals(names, alphas, lows, highs, "Krippendorff's alpha")
