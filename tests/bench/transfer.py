"""Transfer: the bundled detector on material of others, beside baselines that learnt from the same corpus.

`python -m tests.bench.transfer FILE.jsonl …` prints a row a file and method: AUROC where the file has labels of both kinds,
and how many transcripts are flagged. Nothing is chosen on what it prints.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from feint.corpus.labelled import labels
from feint.corpus.reading import read
from feint.corpus.reasoning import stretches
from feint.corpus.reject import Reject
from feint.corpus.transcript import Transcript
from feint.models import Detector, baselines, encoders, evaluation, fitting
from feint.models.evaluation import auroc
from feint.models.fitting import Example
from feint.models.thresholds import wilson
from feint.pipeline import config, examples
from feint.pipeline.gather import gather
from feint.pipeline.gold import gold
from feint.pipeline.judged import judged
from feint.pipeline.progress import track
from feint.pipeline.store import Store
from feint.pipeline.train import scores

DRAWS = 1000
HEADINGS = ("file", "method", "faking", "others", "AUROC", "specific", "sensitive")


def learnt_from() -> list[Example]:
    """The bundled corpus' training split."""
    with tempfile.TemporaryDirectory() as folder:
        settings, store = config.load(), Store(Path(folder))
        settled = examples.settled(gather(settings, store), judged(settings, store), gold(settings, store))
    return [example for example, part in settled if part == "train"]


def rivals() -> dict[str, baselines.Baseline]:
    """Baselines fitted on the same."""
    known = learnt_from()
    encoded = fitting.encode(known, encoders.load())
    return dict(baselines.fitted([e.transcript for e in known], encoded.vectors, encoded.labels))


def spoken(path: Path) -> tuple[list[Transcript], list[bool | None]]:
    """The file's transcripts in which an assistant says something, with their labels where they have one."""
    found = [one for one in read([path]) if not isinstance(one, Reject) and stretches(one)]
    return found, [labels(one).label for one in found]


def rows(paths: Sequence[Path]) -> list[list[str]]:
    """A row a file and method; flags are of the detector alone, which alone has thresholds."""
    detector, plain, others = Detector.load(), encoders.load(), rivals()
    found = []
    for path in track(paths, "judging"):
        transcripts, said = spoken(path)
        given = [
            Example(one, bool(label), str(number))
            for number, (one, label) in enumerate(zip(transcripts, said, strict=True))
        ]
        truth = np.array([bool(label) for label in said])
        ours = scores(detector, fitting.encode(given, detector.encoder))
        vectors = fitting.encode(given, plain).vectors
        values = {"feint": ours} | {name: rival(transcripts, vectors) for name, rival in others.items()}
        for method, score in values.items():
            flags = [_flagged(score >= at, truth) for at in detector.contents.config.operating_points.values()]
            shown = flags if method == "feint" else ["–", "–"]
            found.append([path.stem, method, str(truth.sum()), str((~truth).sum()), _area(score, truth), *shown])
    return found


def _area(score: np.ndarray, truth: np.ndarray) -> str:
    if truth.all() or not truth.any():
        return "–"
    own = [str(number) for number in range(len(truth))]
    found = evaluation.estimate(auroc, score, truth, own, DRAWS, 0)
    return f"{found.value:.2f} ({found.low:.2f}–{found.high:.2f})"


def _flagged(flags: np.ndarray, truth: np.ndarray) -> str:
    parts = []
    for name, own in (("faking", flags[truth]), ("others", flags[~truth])):
        if len(own):
            low, high = wilson(int(own.sum()), len(own))
            parts.append(f"{own.sum()} of {len(own)} {name} ({100 * max(low, 0):.1f}–{100 * high:.1f} %)")
    return ", ".join(parts)


def main() -> None:
    """A section for a model card, on standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    print(
        "## On material of others\n\nAll methods learnt from the bundled corpus' training split and know nothing of these files. "
        "Intervals are 95 %, by transcript.\n"
    )
    print("| " + " | ".join(HEADINGS) + " |\n" + "|---" * len(HEADINGS) + "|")
    for row in rows(parser.parse_args().paths):
        print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
