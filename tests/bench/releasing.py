"""Memory of an export and of its check: 20,000 labelled transcripts against 2,000."""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import process
from tests.bench.texts import write

FEINT = ("-m", "feint.pipeline.cli")


def rows() -> Iterator[tuple[str, ...]]:
    """One row a size and a verb; gathering and settling are done before and do not count."""
    peaks: dict[str, float] = {}
    here = Path.cwd()
    for number in (2_000, 20_000):
        with tempfile.TemporaryDirectory() as folder:
            labelled(Path(folder), number)
            os.chdir(folder)
            try:
                process(*FEINT, "gold")
                for verb, arguments in (("export", ["out"]), ("export --check", ["--check", "out"])):
                    seconds, _, peak = process(*FEINT, "export", *arguments)
                    ratio = f"{peak / peaks.setdefault(verb, peak):.2f} ×"
                    yield (
                        "release",
                        f"feint {verb} of {number:,} transcripts",
                        f"{number / seconds:,.0f} transcripts/s",
                        ratio,
                        f"{peak:.0f} MB",
                    )
            finally:
                os.chdir(here)


def labelled(folder: Path, number: int) -> None:
    """Transcripts with labels, and a configuration that gathers them."""
    write(folder / "bare.jsonl", number)
    with (
        (folder / "bare.jsonl").open(encoding="utf-8") as bare,
        (folder / "in.jsonl").open("w", encoding="utf-8") as out,
    ):
        for at, line in enumerate(bare):
            out.write(json.dumps(json.loads(line) | {"label": at % 4 == 0}) + "\n")
    settings = "[gather]\nsources = ['in.jsonl']\n[agreement]\ndraws = 50\n"
    (folder / "feint.toml").write_text(settings, encoding="utf-8")
