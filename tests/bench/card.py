"""Sections for the bundled detector's card on what its training does not measure: what its corpus gives away, and what it costs.

`python -m tests.bench.card > corpus.md`, and then `feint train --out models/bundled --measured corpus.md`; `--train` times a training too.
"""

import argparse
import time
from collections.abc import Iterator

from feint.corpus.contrast.check import figures
from feint.corpus.contrast.family import families
from feint.models import Detector
from feint.models.detector import BUNDLED, moved, trained
from feint.models.folder import TENSORS
from feint.pipeline import config
from feint.pipeline.examples import indicators
from feint.pipeline.train import settings
from tests.bench import encoding
from tests.bench.transfer import learnt_from


def corpus() -> Iterator[str]:
    """What the guards of the bundled corpus compute."""
    found = figures(list(families()))
    gram, share = found.commonest_ngram
    yield "## What the bundled corpus gives away without being read"
    yield ""
    yield (
        f"{found.transcripts} transcripts in {found.families} families, {found.scenarios} kinds of scenario, {found.voices} voices. "
        "AUROC against faking, 0.50 being nothing:"
    )
    yield ""
    yield "| length | keyword count | voice | commonest run of eight words |"
    yield "|---|---|---|---|"
    yield (
        f"| {found.length_auroc:.2f} | {found.keyword_auroc:.2f} | {found.voice_auroc:.2f} | "
        f"{gram!r}, in {100 * share:.1f} % of the transcripts |"
    )
    yield ""
    yield "| class | transcripts |"
    yield "|---|---|"
    yield from (f"| {name} | {count} |" for name, count in found.classes.items())


def costs(train: bool) -> Iterator[str]:
    """Seconds, megabytes and tokens a second."""
    known, chosen = learnt_from(), settings(config.load())
    yield "## What it costs"
    yield ""
    yield "| | |"
    yield "|---|---|"
    if train:
        start = time.perf_counter()
        trained(known, chosen, indicators=indicators(known))
        yield f"| training from scratch on {len(known)} transcripts | {(time.perf_counter() - start) / 60:.0f} min |"
    start = time.perf_counter()
    moved(known[:50], Detector.load(), chosen)
    yield f"| loading it and adapting it to 50 labels | {time.perf_counter() - start:.1f} s |"
    yield f"| what ships beside the encoder | {(BUNDLED / TENSORS).stat().st_size / 1e6:.2f} MB |"
    for kind, name, speed, ratio, _ in encoding.rows():
        if kind == "detecting":
            yield f"| {name} | {speed}, {ratio} |"


def main() -> None:
    """Both sections, on standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", action="store_true")
    for line in (*corpus(), "", *costs(parser.parse_args().train)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
