"""Demo: the whole loop on the bundled corpus, offline, and where everything lies."""

from collections.abc import Callable, Mapping
from importlib.resources import as_file, files
from pathlib import Path
from time import monotonic
from typing import TypeVar

import polars as pl
from rich.table import Table

from feint.corpus.errors import MissingExtra
from feint.models.detector import Detector
from feint.pipeline.config import Config, load
from feint.pipeline.export import CONFIGS, export
from feint.pipeline.gather import gather
from feint.pipeline.gold import gold
from feint.pipeline.progress import console
from feint.pipeline.report import report
from feint.pipeline.scan import Summary, scan
from feint.pipeline.store import Artifact, Store
from feint.pipeline.tables import evaluation, evaluation_table, interval, show
from feint.pipeline.train import DETECTOR, train

LOG = "example/vendor-helpdesk.eval"
"""An Inspect log of six samples, made with a scripted model."""

Made = TypeVar("Made")


def demo(out: Path) -> None:
    """Gather, settle, train, evaluate, export, load back, scan, report; then a table of what there is."""
    try:
        import datasets  # noqa: F401
    except ImportError as error:
        raise MissingExtra("hub", "the demo, which loads its export back,") from error
    config, store = load(), Store(out / "store")
    out.mkdir(parents=True, exist_ok=True)
    gathered = _step("gather: the bundled corpus", lambda: gather(config, store))
    settled = _step("gold: settle two readings of each transcript", lambda: gold(config, store))
    trained = _step(
        "train: the detector in the box was trained on these labels; baselines beside it", lambda: train(config, store)
    )
    rows = _step("export: a Hugging Face folder, loaded back", lambda: _exported(out / "dataset", config, store))
    summary = _step("scan: an Inspect log", lambda: _scanned(trained, out / "scan.jsonl"))
    _step("report: one page", lambda: report(config, store, out / "scan.jsonl", out / "report.html"))
    show(evaluation_table(trained))
    show(_places(out, gathered, settled, trained, rows, summary))


def _step(what: str, run: Callable[[], Made]) -> Made:
    start = monotonic()
    with console().status(what):
        made = run()
    reused = " (reused)" if isinstance(made, Artifact) and not made.fresh else ""
    console().print(f"[green]✓[/] {what}{reused} [dim]{monotonic() - start:.1f} s[/]")
    return made


def _exported(folder: Path, config: Config, store: Store) -> Mapping[str, Mapping[str, int]]:
    from datasets import load_dataset
    from datasets.utils.logging import disable_progress_bar, enable_progress_bar

    rows = export(config, store, folder).rows
    disable_progress_bar()
    loaded = {name: {split: len(part) for split, part in load_dataset(str(folder), name).items()} for name in CONFIGS}
    enable_progress_bar()
    if loaded != rows:
        raise AssertionError(f"wrote {rows}, datasets loads {loaded}")
    return rows


def _scanned(trained: Artifact, out: Path) -> Summary:
    with as_file(files("feint.pipeline").joinpath(LOG)) as log:
        return scan([log], Detector.load(trained / DETECTOR), out)


def _places(
    out: Path,
    gathered: Artifact,
    settled: Artifact,
    trained: Artifact,
    rows: Mapping[str, Mapping[str, int]],
    summary: Summary,
) -> Table:
    table = Table(title="What there is now", title_justify="left")
    for heading in ("what", "result", "where"):
        table.add_column(heading, overflow="fold")
    count = pl.scan_parquet(gathered / "transcripts-*.parquet").select(pl.len()).collect().item()
    answers = pl.read_parquet(settled / "gold.parquet").filter(pl.col("indicator") == "faking")
    alpha = pl.read_parquet(settled / "agreement.parquet").row(by_predicate=pl.col("indicator") == "faking", named=True)
    auroc = evaluation(trained)["methods"]["feint"]["AUROC"]
    exported = sum(rows["transcripts"].values())
    table.add_row("transcripts", f"{count}, of which {answers['present'].sum()} are faking", str(gathered.path))
    table.add_row(
        "agreement on faking", f"alpha {interval(alpha['alpha'], alpha['low'], alpha['high'])}", str(settled.path)
    )
    table.add_row("detector", f"AUROC on unseen scenarios {interval(**auroc)}", str(trained / DETECTOR))
    table.add_row("data set", f"{exported} transcripts in 4 configs, loaded back", str(out / "dataset"))
    table.add_row("scanned log", f"{summary.judged} judged, {summary.flagged} flagged", str(out / "scan.jsonl"))
    table.add_row("report", "open it in a browser", str(out / "report.html"))
    return table
