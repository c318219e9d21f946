"""Demo: the whole loop on the bundled corpus, offline, and where everything lies."""

import json
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
from feint.pipeline.measure import MEASURES, measure, save
from feint.pipeline.measures.simulated import Design, transcripts, worlds
from feint.pipeline.progress import console
from feint.pipeline.report import report
from feint.pipeline.scan import Summary, scan
from feint.pipeline.store import Artifact, Store
from feint.pipeline.tables import evaluation, evaluation_table, interval, show
from feint.pipeline.train import DETECTOR, train

LOG = "example/vendor-helpdesk.eval"
"""An Inspect log of six samples, made with a scripted model."""

SIMULATED = "simulated.jsonl"
"""The simulated training runs, in the demo's folder."""
RUNS = {"simulated-run": "example", "simulated-control": "no_lock_in"}
"""The simulated training runs: one that fakes more and more, and one beside it that training reaches."""
RUN = Design(scenarios=12, prompts=3, replicates=4)
"""Size of each: 12 scenarios of 3 prompts, each asked four times in both arms at every checkpoint."""

Made = TypeVar("Made")


def demo(out: Path) -> None:
    """Gather, settle, train, evaluate, export, load back, scan, measure, report; then a table of what there is.

    What is measured is a simulated training run, and named so: no weights can be shipped that fake.
    """
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
    measured = _step(
        "measure: simulated training runs, from the base model to outcome RL", lambda: _measured(out, config, store)
    )
    _step("report: one page", lambda: _reported(out, config, store))
    show(evaluation_table(trained))
    show(_places(out, gathered, settled, trained, rows, summary, measured))


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


def _measured(out: Path, config: Config, store: Store) -> Artifact:
    lines = (
        {
            "id": one.id,
            "messages": [message.model_dump(exclude_none=True) for message in one.messages],
            "model": one.model,
            "source": one.source,
            "metadata": one.metadata,
        }
        for model, world in RUNS.items()
        for one in transcripts(worlds()[world], RUN, seed=0, model=model)
    )
    text = "".join(json.dumps(line) + "\n" for line in lines)
    if not (out / SIMULATED).is_file() or (out / SIMULATED).read_text(encoding="utf-8") != text:
        (out / SIMULATED).write_text(text, encoding="utf-8")  # a file written anew is measured anew
    found = measure(config, store, [str(out / SIMULATED)])
    save(found, out / "measures")
    return found


def _reported(out: Path, config: Config, store: Store) -> None:
    with as_file(files("feint.pipeline").joinpath(LOG)) as log:
        paths = [str(out / SIMULATED), str(log)]
        report(config, store, out / "scan.jsonl", out / "report.html", paths=paths, measures=out / "measures")


def _places(
    out: Path,
    gathered: Artifact,
    settled: Artifact,
    trained: Artifact,
    rows: Mapping[str, Mapping[str, int]],
    summary: Summary,
    measured: Artifact,
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
    gaps = pl.read_parquet(measured / MEASURES).filter(measure="compliance_gap", model=next(iter(RUNS)))
    gaps = gaps.drop_nulls("position").sort("position")
    last = gaps.row(-1, named=True)
    table.add_row(
        "simulated run",
        f"compliance gap at {last['checkpoint']} {interval(last['estimate'], last['low'], last['high'])}",
        str(out / "measures"),
    )
    table.add_row("report", "open it in a browser", str(out / "report.html"))
    return table
