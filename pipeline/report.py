"""Report: one static page that opens offline; transcripts in it are text and can never run."""

from collections.abc import Sequence
from pathlib import Path

from feint.annotation.indicator import indicators
from feint.pipeline.config import Config
from feint.pipeline.gather import gather
from feint.pipeline.gold import gold
from feint.pipeline.judged import judged
from feint.pipeline.reporting import page, quality, said
from feint.pipeline.reporting.findings import findings, load
from feint.pipeline.reporting.quality import Stages
from feint.pipeline.reporting.reader import book
from feint.pipeline.store import Store
from feint.pipeline.train import train
from feint.pipeline.written import write


def report(
    config: Config,
    store: Store,
    scanned: Path | None,
    out: Path,
    *,
    paths: Sequence[str] = (),
    measures: Path | None = None,
) -> None:
    """Write the page, and its figures as SVG and CSV into a folder beside it.

    With paths, the page is about their transcripts, and shows of the store's stages what is finished; without any, it is
    about the gathered transcripts, and what is missing of the stages is made. `measures` is a folder that `feint measure`
    wrote, `scanned` a file that `feint scan` wrote.
    """
    lines = list(said.lines(scanned)) if scanned else []
    found = findings(load(measures)) if measures else None
    if paths:
        stages, entries = quality.finished(store), list(said.named(paths, lines))
    else:
        gathered, settled = gather(config, store), gold(config, store)
        own = judged(config, store)
        stages = Stages(gathered, own, settled, train(config, store))
        entries = list(said.gathered(gathered, own, settled, lines))
    behind = quality.behind(store, stages)
    colours = {one.slug: one.colour for one in indicators()} | {"faking": "#ffd54f"}
    write(out, page.rendered(found, behind, entries, book(entries, colours), lines, scanned))
    page.write_figures(out, [*(found.figures() if found else ()), *behind.figures])
