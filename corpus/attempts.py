"""Attempts: of several attempts at one sample of a run, as a retried log leaves them, the one that came to an answer."""

from collections.abc import Iterable, Iterator

from feint.corpus.reject import Reject
from feint.corpus.transcript import Transcript

Sample = tuple[str, str, int]
"""A run, which keeps its name when it is retried; a sample's id in it; its epoch."""


def sample(transcript: Transcript) -> Sample | None:
    """Which sample of which run this is an attempt at; none for what does not come from a run."""
    run, epoch = transcript.metadata.get("task_id"), transcript.metadata.get("epoch")
    return (run, transcript.id, epoch) if isinstance(run, str) and isinstance(epoch, int) else None


def answered(found: Iterable[Transcript | Reject]) -> Iterator[Transcript | Reject]:
    """Everything, each sample once: the first attempt without an error, else, at the end, the last that failed.

    Further attempts are rejects, so that an interrupted run and its retry, read together, count nothing twice.

    >>> from feint.corpus.transcript import Message
    >>> def attempt(words, **more):
    ...     known = {"task_id": "t", "epoch": 1} | more
    ...     return Transcript(id="a", messages=(Message(role="assistant", content=words),), source="l", metadata=known)
    >>> tried = [attempt("", error="cut off"), attempt("Yes."), attempt("Yes.")]
    >>> [one.reason if isinstance(one, Reject) else one.messages[0].content for one in answered(tried)]
    ['Yes.', "another attempt at 'a', epoch 1, of the same run; counted once", "another attempt at 'a', epoch 1, of the same run; counted once"]
    """
    taken: set[Sample] = set()
    failed: dict[Sample, Transcript] = {}
    for one in found:
        name = None if isinstance(one, Reject) else sample(one)
        if isinstance(one, Reject) or name is None:
            yield one
        elif name in taken:
            yield _again(one, name)
        elif one.metadata.get("error"):
            if name in failed:
                yield _again(failed[name], name)
            failed[name] = one
        else:
            taken.add(name)
            yield one
            if name in failed:
                yield _again(failed.pop(name), name)
    yield from failed.values()


def _again(one: Transcript, name: Sample) -> Reject:
    return Reject(
        one.source or "", "", f"another attempt at {name[1]!r}, epoch {name[2]}, of the same run; counted once", one.id
    )
