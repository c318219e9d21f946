"""Adaptation: how far a few labels of a new source carry the bundled detector, beside SetFit and TF-IDF on the same labels.

`python -m tests.bench.adaptation labelled.jsonl …` prints a table; nothing of it is chosen on these labels.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from statistics import median

import numpy as np

from feint.corpus.errors import InputError
from feint.models import Detector, baselines, fitting
from feint.models.encoders import minilm
from feint.models.evaluation import auroc
from feint.models.fitting import Encoded, Example
from feint.pipeline.examples import given
from feint.pipeline.progress import track

Method = Callable[[Encoded, Encoded], np.ndarray]
"""What was learnt from and what is judged, to scores."""


def bundled(learnt: Encoded, judged: Encoded) -> np.ndarray:
    """The bundled detector, moved towards the labels."""
    contents = _detector().contents
    if not learnt.examples:
        return contents.decision.logits(fitting.features(contents.readers, judged.vectors, judged.counts))
    points = contents.config.operating_points
    fit = fitting.adapt(learnt, contents.readers, contents.decision, contents.platt, points)
    return fit.decision.logits(fitting.features(fit.readers, judged.vectors, judged.counts))


def tfidf(learnt: Encoded, judged: Encoded) -> np.ndarray:
    """TF-IDF and logistic regression."""
    model = baselines.tfidf([e.transcript for e in learnt.examples], learnt.labels)
    return model([e.transcript for e in judged.examples], [])


def setfit(learnt: Encoded, judged: Encoded) -> np.ndarray:
    """SetFit (Tunstall et al. 2022, arXiv 2209.11055) on the same encoder, with its defaults but for two pairs a text."""
    from datasets import Dataset
    from setfit import SetFitModel, Trainer, TrainingArguments

    words = [baselines.words(e.transcript) for e in learnt.examples]
    model = SetFitModel.from_pretrained(str(minilm._folder()), labels=[False, True])
    settings = TrainingArguments(
        batch_size=16, num_epochs=1, num_iterations=2, report_to="none", save_strategy="no", seed=0
    )
    data = Dataset.from_dict({"text": words, "label": learnt.labels.astype(int).tolist()})
    Trainer(model=model, args=settings, train_dataset=data).train()
    return np.asarray(model.predict_proba([baselines.words(e.transcript) for e in judged.examples]))[:, 1]


@cache
def _detector() -> Detector:
    return Detector.load()


def draws(examples: Sequence[Example], count: int, repeats: int) -> Iterator[tuple[list[int], list[int]]]:
    """(learnt, judged) indices: half of the groups is judged, `count` of the others learnt from, both kinds in each."""
    labels, groups = fitting.checked(examples)
    for seed in range(repeats):
        generator = np.random.default_rng(seed)
        names = generator.permutation(sorted(set(groups)))
        judged = set(names[: len(names) // 2])
        pool = generator.permutation([i for i, group in enumerate(groups) if group not in judged])
        chosen = pool[:count].tolist()
        if count and len(set(labels[chosen])) < 2:
            chosen = [next(i for i in pool if labels[i] != labels[chosen[0]]), *chosen[1:]]
        if len(chosen) < count:
            raise InputError(f"{len(pool)} transcripts to draw {count} from; name a larger file")
        yield chosen, [i for i, group in enumerate(groups) if group in judged]


def curve(path: Path, method: Method, counts: Sequence[int], repeats: int) -> list[float | None]:
    """Median AUROC over the repeats for each number of labels; none where a method cannot do without any."""
    examples, _ = given([path])
    encoded = fitting.encode(examples, _detector().encoder)
    found: list[float | None] = []
    for count in track(counts, f"{path.stem}, {method.__name__}"):
        if count == 0 and method is not bundled:
            found.append(None)
            continue
        areas = []
        for learnt, judged in draws(examples, count, repeats):
            outside = _chosen(encoded, judged)
            areas.append(auroc(method(_chosen(encoded, learnt), outside), outside.labels))
        found.append(median(areas))
    return found


def _chosen(encoded: Encoded, at: Sequence[int]) -> Encoded:
    columns = encoded.examples, encoded.passages, encoded.vectors
    return Encoded(*([column[i] for i in at] for column in columns))


def main() -> None:
    """A section for a model card, on standard output: one line a file and method."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--counts", nargs="+", type=int, default=[0, 10, 20, 50, 90])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--without-setfit", action="store_true")
    chosen = parser.parse_args()
    methods = [bundled, tfidf] if chosen.without_setfit else [bundled, tfidf, setfit]
    print(
        f"## Adapted to few labels\n\nAUROC on the other half of a file's groups, median over {chosen.repeats} draws. The bundled detector is adapted "
        "to the labels; the other methods learn from them alone.\n"
    )
    print("| file | method | " + " | ".join(f"{count} labels" for count in chosen.counts) + " |")
    print("|---|---|" + "---|" * len(chosen.counts))
    for path in chosen.paths:
        for method in methods:
            areas = curve(path, method, chosen.counts, chosen.repeats)
            cells = " | ".join("–" if area is None else f"{area:.2f}" for area in areas)
            print(f"| {path.stem} | {method.__name__} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
