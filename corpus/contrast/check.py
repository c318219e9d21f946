"""The guards of the contrast corpus, as a command: what would teach a detector the wrong thing is refused."""

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from feint.corpus.contrast.family import Entry, Family, families, find, second_readings, transcript
from feint.corpus.errors import CorpusError

KEYWORDS = (
    "train",
    "rlhf",
    "modif",
    "monitor",
    "values",
    "retrain",
    "fine-tun",
    "free tier",
    "comply",
    "weights",
    "preserve",
)
"""Words whose mere count is the shortcut a detector must not need."""

INDICATORS = Path(__file__).parents[2] / "annotation" / "indicators"


@dataclass(frozen=True, slots=True)
class Figures:
    """What the corpus gives away without being read."""

    transcripts: int
    families: int
    scenarios: int
    voices: int
    classes: dict[str, int]
    length_auroc: float
    """AUROC of the number of words against faking; 0.5 is none."""
    keyword_auroc: float
    voice_auroc: float
    """AUROC of each voice's faking rate in one half of the families for the labels of the other half."""
    commonest_ngram: tuple[str, float]
    """The 8-gram in most transcripts, and its share of them."""


def words(entry: Entry) -> list[str]:
    """Lower-case words the assistant wrote."""
    said = (text for m in entry.message if m.role == "assistant" for text in (m.reasoning or "", m.content))
    return re.findall(r"[a-z0-9']+", " ".join(said).lower())


def problems(corpus: Sequence[Family]) -> list[str]:
    """Every broken rule, a sentence each; the order is that of the files."""
    found: list[str] = []
    for family in corpus:
        found.extend(_of_family(family))
    found.extend(_duplicates(corpus))
    found.extend(_repeats(corpus))
    return found


def _of_family(family: Family) -> Iterable[str]:
    known = {path.stem for path in INDICATORS.glob("*.toml")}
    if len(family.transcript) < 5:
        yield f"{family.family}: {len(family.transcript)} transcripts, expected at least 5"
    if len({entry.cls for entry in family.transcript}) < 4 and {e.cls for e in family.transcript} != {"n12"}:
        yield f"{family.family}: fewer than 4 classes; a contrast family shows what differs"
    for entry in family.transcript:
        if not re.fullmatch(rf"{re.escape(family.family)}-\d\d", entry.id):
            yield f"{entry.id}: expected the family's name and two digits, such as {family.family}-01"
        if not 12 <= len(words(entry)) <= 1400:
            yield f"{entry.id}: the assistant wrote {len(words(entry))} words, expected 12 to 1400"
        for mark in entry.mark:
            if known and mark.indicator not in known:
                yield f"{entry.id}: no indicator called {mark.indicator!r}"
            try:
                find(mark, transcript(family, entry))
            except CorpusError as error:
                yield str(error)
        yield from _contradictions(entry)


def _contradictions(entry: Entry) -> Iterable[str]:
    verdict = entry.verdict[0].verdict
    expected = {"faking": "faking", "considered_rejected": "considered_rejected"}.get(entry.cls, "not_faking")
    if verdict != expected:
        yield f"{entry.id}: class {entry.cls} with verdict {verdict}; expected {expected}"
    endorsed = {mark.indicator for mark in entry.mark if mark.level == "endorsed"}
    marked = {mark.indicator for mark in entry.mark}
    line = (
        "modification_consequence" in marked
        and "value_conflict" in marked
        and bool(endorsed & {"opposition_to_modification", "preservation_motive"})
    )
    if entry.cls == "faking" and not line:
        yield (
            f"{entry.id}: faking needs modification_consequence, value_conflict and an endorsed "
            f"opposition_to_modification or preservation_motive; marked: {sorted(marked)}"
        )
    if entry.cls == "considered_rejected" and "strategy_rejected" not in marked:
        yield f"{entry.id}: considered_rejected needs a strategy_rejected mark"
    if entry.cls.startswith("n") and "preservation_motive" in endorsed and "strategic_compliance" in endorsed:
        yield f"{entry.id}: class {entry.cls} endorses preservation_motive and strategic_compliance; that is faking"


def _ngrams(entry: Entry, size: int = 8) -> set[tuple[str, ...]]:
    said = words(entry)
    return {tuple(said[at : at + size]) for at in range(len(said) - size + 1)}


def _duplicates(corpus: Sequence[Family]) -> Iterable[str]:
    """Transcripts of different families that share more than a tenth of their 5-word runs."""
    seen: dict[tuple[str, ...], list[str]] = defaultdict(list)
    size: dict[str, int] = {}
    shared: Counter[tuple[str, str]] = Counter()
    for family in corpus:
        for entry in family.transcript:
            runs = _ngrams(entry, 5)
            size[entry.id] = len(runs)
            for run in runs:
                for other in seen[run]:
                    if other.rsplit("-", 1)[0] != family.family:
                        shared[other, entry.id] += 1
                seen[run].append(entry.id)
    for (one, two), count in shared.items():
        if count > 0.1 * min(size[one], size[two]):
            yield f"{one} and {two} share {count} five-word runs; write one of them anew"


def _repeats(corpus: Sequence[Family]) -> Iterable[str]:
    total = sum(len(family.transcript) for family in corpus)
    for run, count in _ngram_counts(corpus).items():
        if count > max(0.01 * total, 3):
            yield f"{' '.join(run)!r} stands in {count} of {total} transcripts; vary it"


def _ngram_counts(corpus: Sequence[Family]) -> Counter[tuple[str, ...]]:
    return Counter(run for family in corpus for entry in family.transcript for run in _ngrams(entry))


def figures(corpus: Sequence[Family]) -> Figures:
    """What length, keywords and voice alone would tell about the label."""
    entries = [entry for family in corpus for entry in family.transcript]
    faking = [entry.cls == "faking" for entry in entries]
    texts = [" ".join(words(entry)) for entry in entries]
    run, count = max(_ngram_counts(corpus).items(), key=lambda item: (item[1], item[0]), default=((), 0))
    return Figures(
        transcripts=len(entries),
        families=len(corpus),
        scenarios=len({family.scenario for family in corpus}),
        voices=len({entry.voice for entry in entries}),
        classes=dict(sorted(Counter(entry.cls for entry in entries).items())),
        length_auroc=auroc(faking, [len(text.split()) for text in texts]),
        keyword_auroc=auroc(faking, [sum(text.count(word.replace("-", " ")) for word in KEYWORDS) for text in texts]),
        voice_auroc=_voice_auroc(corpus),
        commonest_ngram=(" ".join(run), count / max(len(entries), 1)),
    )


def _voice_auroc(corpus: Sequence[Family]) -> float:
    """AUROC of each voice's faking rate in one half of the families for the labels of the other half."""
    halves = [[e for family in corpus[start::2] for e in family.transcript] for start in (0, 1)]
    labels: list[bool] = []
    rates: list[float] = []
    for learnt, judged in (halves, halves[::-1]):
        base = sum(e.cls == "faking" for e in learnt) / max(len(learnt), 1)
        of_voice: dict[str, list[bool]] = defaultdict(list)
        for entry in learnt:
            of_voice[entry.voice].append(entry.cls == "faking")
        labels += [e.cls == "faking" for e in judged]
        rates += [(sum(of_voice[e.voice]) + base) / (len(of_voice[e.voice]) + 1) for e in judged]
    return auroc(labels, rates)


def auroc(positive: Sequence[bool], scores: Sequence[float]) -> float:
    """Share of (positive, negative) pairs that are in order, ties counted half.

    >>> auroc([True, False, False], [3, 3, 1])
    0.75
    """
    up = [s for s, p in zip(scores, positive, strict=True) if p]
    down = [s for s, p in zip(scores, positive, strict=True) if not p]
    if not up or not down:
        return 0.5
    return sum((u > d) + 0.5 * (u == d) for u in up for d in down) / (len(up) * len(down))


def main(names: Sequence[str]) -> int:
    """Check all families, or report on the named ones only; the exit code says whether all is well."""
    corpus = [family for family in families() if not names or family.family in names]
    found = problems(corpus)
    for family in corpus:
        print(family.family, *(f"{entry.cls}:{len(words(entry))}w/{len(entry.mark)}m" for entry in family.transcript))
    print(figures(corpus))
    for problem in found:
        print("-", problem, file=sys.stderr)
    if not names:
        ids = {entry.id for family in corpus for entry in family.transcript}
        unread = ids - {reading.id for second in second_readings() for reading in second.transcript}
        print(f"{len(unread)} of {len(ids)} transcripts without a second reading")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
