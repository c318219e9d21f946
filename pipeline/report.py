"""Report: one static page that opens offline; transcripts in it are text and can never run."""

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from feint.annotation.indicator import indicators
from feint.corpus.errors import InputError
from feint.corpus.transcript import Transcript
from feint.models import baselines, explanation, folder
from feint.pipeline import annotators, audit, figures
from feint.pipeline.config import Config
from feint.pipeline.gather import gather, transcripts
from feint.pipeline.gold import gold
from feint.pipeline.judged import judged
from feint.pipeline.store import Artifact, Store
from feint.pipeline.tables import MEANINGS, audit_rows, evaluation, interval
from feint.pipeline.train import DETECTOR, PREDICTIONS, train

MOST = 300
"""Flagged transcripts listed; the scan's lines hold the rest."""


def report(config: Config, store: Store, scanned: Path | None, out: Path) -> None:
    """Write the page: the detector's quality, what it goes by, its audit where there is one, agreement, the corpus, and what a scan found."""
    from jinja2 import Environment, StrictUndefined

    lines = list(_lines(scanned)) if scanned else []
    gathered, settled, trained = gather(config, store), gold(config, store), train(config, store)
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
        files("feint.pipeline").joinpath("page/report.html").read_text(encoding="utf-8")
    )
    found, test = evaluation(trained), _test(settled, trained)
    html = page.render(
        evaluation=found,
        interval=interval,
        rows=_flag_rows(found),
        meanings=MEANINGS,
        agreement=pl.read_parquet(settled / "agreement.parquet").to_dicts(),
        contradictions=len(pl.read_parquet(settled / "contradictions.parquet")),
        corpus=_corpus(gathered, judged(config, store), settled),
        roc=figures.roc(_curves(gathered, test)),
        reliability=figures.reliability(test["faking"].to_numpy(), test["present"].to_numpy()),
        alphas=_alphas(settled),
        annotators=annotators.section(gathered, settled),
        weights=_weights(trained),
        audited=_audited(audit.latest(store, trained), gathered, test, found["threshold"]),
        colours={i.slug: i.colour for i in indicators()} | {"faking": "#ffd54f"},
        scanned=str(scanned) if scanned else None,
        judged=[line for line in lines if "error" not in line],
        failed=[line for line in lines if "error" in line],
        flagged=_flagged(lines)[:MOST],
        most=MOST,
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_name(f".{out.name}.draft")
    draft.write_text(html, encoding="utf-8")
    draft.replace(out)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise InputError(f"{path} line {number} is not JSON; expected lines written by 'feint scan'") from error
            if not isinstance(row, dict) or not ("faking" in row or "error" in row):
                raise InputError(
                    f"{path} line {number} has neither 'faking' nor 'error'; expected lines of 'feint scan'"
                )
            yield row


def _flagged(lines: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted((line for line in lines if line.get("flagged")), key=lambda line: -line["faking"])


def _flag_rows(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": name, **row, "share": row["flagged"] / row["transcripts"] if row["transcripts"] else 0.0}
        for name, row in found["flagged"].items()
    ]


def _corpus(gathered: Artifact, said: Artifact, settled: Artifact) -> dict[str, Any]:
    heads = pl.read_parquet(gathered.path / "transcripts-*.parquet")
    gold_rows = pl.read_parquet(settled / "gold.parquet").filter(pl.col("indicator") == "faking")
    splits = pl.read_parquet(gathered / "splits.parquet")
    return {
        "transcripts": len(heads),
        "groups": splits["group"].n_unique(),
        "faking": int(gold_rows["present"].sum()),
        "settled": len(gold_rows),
        "annotators": pl.read_parquet(said / "judgements.parquet")["annotator"].n_unique(),
        "kinds": dict(sorted(heads["reasoning"].value_counts().iter_rows())),
        "rejects": pl.read_parquet(gathered / "rejects.parquet").to_dicts(),
    }


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
