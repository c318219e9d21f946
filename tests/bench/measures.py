"""Measures: time and memory of `feint measure` on many transcripts, and of the measures alone on many more observations."""

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from feint.pipeline.measures.simulated import Checkpoint, Design, World, transcripts
from tests.bench.measure import process

CHECKPOINTS = 20
DRAWS = 2000
_ALONE = """
import sys
from feint.pipeline.measures.observing import Observed
from feint.pipeline.measures.simulated import Design, draw
from feint.pipeline.measures.survey import Settings, survey
from feint.pipeline.measures import table
from feint.corpus.tables import Pairs
from tests.bench.measures import world
prompts = int(sys.argv[1])
#run
answers, values = draw(world(), Design(scenarios=12, prompts=prompts // 24), seed=0)
seen = Observed(answers, values, Pairs.create_empty(), [])
assert len(table(survey(seen, Settings(draws=int(sys.argv[2]))))) > 100
"""


def world() -> World:
    """A run of twenty checkpoints in which faking grows."""
    return World(
        "long",
        tuple(
            Checkpoint(f"step-{at}", stage, 0.25 + at / 100, 0.02 + at / 50, 0.8)
            for at, stage in enumerate(("pretrained", "sft", *["hhh"] * 6, *["rl"] * 12))
        ),
    )


def rows(total: int = 100_000, observations: int = 2_000_000) -> Iterator[tuple[str, ...]]:
    """Table rows: what, how much, seconds, megabytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.jsonl"
        written = _write(path, total)
        print(f"… {written} transcripts, {path.stat().st_size / 1e6:.0f} MB", file=sys.stderr)
        wall, _, peak = process("-m", "feint.pipeline.cli", "measure", str(path), "--config", _config(folder))
        yield ("measuring", f"feint measure: {written:,} transcripts at {CHECKPOINTS} checkpoints, {DRAWS:,} draws", f"{wall:.1f} s", f"{peak:.0f} MB")  # fmt: skip
    wall, _, peak = process("-c", _ALONE, str(observations // CHECKPOINTS), str(DRAWS))
    yield ("measuring", f"the measures alone: {observations:,} observations ({observations // CHECKPOINTS:,} at each of {CHECKPOINTS} checkpoints), {DRAWS:,} draws", f"{wall:.1f} s", f"{peak:.0f} MB")  # fmt: skip


def _write(path: Path, total: int) -> int:
    """Simulated transcripts, each in words of its own: prompts of twelve scenarios, asked again and again."""
    design = Design(scenarios=12, prompts=3)
    repeated = max(total // (CHECKPOINTS * 12 * 3 * 2), 1)
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for one in transcripts(world(), replace(design, replicates=repeated), seed=0):
            file.write(json.dumps(one.model_dump(mode="json", exclude_none=True)) + "\n")
            count += 1
    return count


def _config(folder: str) -> str:
    path = Path(folder) / "feint.toml"
    path.write_text(f"[store]\npath = {str(Path(folder) / 'store')!r}\n[measure]\ndraws = {DRAWS}\n", encoding="utf-8")
    return str(path)
