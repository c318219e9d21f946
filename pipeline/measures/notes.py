"""Notes: what the transcripts and labels that were given lack, and which measures are less for it."""

from collections.abc import Iterator, Set
from shlex import join

from feint.pipeline.measures.observing import Observed
from feint.pipeline.measures.warnings import plural

GAP = "compliance gap, and what is made of it,"


def notes(observed: Observed, labelled: Set[str], sources: list[str]) -> Iterator[str]:
    """A sentence for each thing that is missing; `labelled` are the digests of words that label files speak of."""
    yield from _halves(observed)
    yield from _labels(observed, labelled, join(["feint", "scan", *sources, "-o", "judged.jsonl"]))


def _halves(observed: Observed) -> Iterator[str]:
    left = "of the others alone" if len(observed.pairs) else "left out"
    if count := observed.armless:
        yield (
            f"{plural(count, 'transcript')} with 'pair' and without 'arm' in the metadata; expected 'arm': 'observed' or 'unobserved', "
            f"what the model was led to believe: {GAP} compares the two arms of a pair and is {left}"
        )
    if count := observed.pairless:
        yield (
            f"{plural(count, 'transcript')} with 'arm' and without 'pair' in the metadata; expected 'pair': a name that the prompt "
            f"has in both arms, which are matched by it: {GAP} compares the two and is {left}"
        )


def _labels(observed: Observed, labelled: Set[str], scan: str) -> Iterator[str]:
    rows = observed.observations
    strangers = len(labelled - set(rows["transcript_id"]))
    if strangers and strangers == len(labelled):
        yield (
            f"{plural(strangers, 'label')} read, of which none belongs to any of the {plural(len(rows), 'transcript')}: they are matched by the "
            f"words of all messages, which 'transcript_id' is the digest of; label these very transcripts, or try: {scan}, then --labels judged.jsonl"
        )
    elif strangers:
        yield (
            f"{strangers} of {plural(len(labelled), 'label')} read belong to none of the {plural(len(rows), 'transcript')} and are "
            "not counted: they are matched by the words of all messages; look whether these transcripts were left out or changed"
        )
    elif not rows["gold"].count() + rows["flagged"].count():
        yield f"nothing says which reasoning fakes; try: {scan}, then --labels judged.jsonl"
