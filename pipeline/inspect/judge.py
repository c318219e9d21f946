"""Judging for Inspect and Scout: one detector a process, whatever asks for it and however it waits."""

import os
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from anyio import to_thread

from feint.corpus.reject import Reject
from feint.corpus.transcript import Transcript
from feint.models.prediction import Prediction

if TYPE_CHECKING:
    from feint.models.batching import Batcher

_LOADING = Lock()


async def judge(
    transcript: Transcript | Reject, detector: str | None, revision: str | None, point: str | None
) -> Prediction:
    """The prediction, computed together with those that others ask for meanwhile; `detector` as in `Detector.load`."""
    asked = (await to_thread.run_sync(_batcher, detector, revision, point)).judge(transcript)
    return await to_thread.run_sync(asked.result)


def _batcher(detector: str | None, revision: str | None, point: str | None) -> "Batcher":
    """The one there is; all samples of a log ask for the first at once."""
    with _LOADING:
        return _loaded(detector, revision, point, os.getpid())


@lru_cache(maxsize=4)
def _loaded(detector: str | None, revision: str | None, point: str | None, process: int) -> "Batcher":
    """A process that was forked off has none of its parent's threads, and makes its own."""
    from feint.models.batching import Batcher
    from feint.models.detector import Detector

    return Batcher(Detector.load(detector, revision=revision, point=point))
