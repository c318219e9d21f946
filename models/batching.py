"""Batching: what many callers ask for at once, judged together by one thread."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType

from feint.corpus.reject import Reject
from feint.corpus.transcript import Transcript
from feint.models.detector import CHUNK, Detector
from feint.models.prediction import Prediction

MOST_CHARACTERS = 20_000
"""Code points after which a batch is full: it is several of the encoder's own, so more at a time runs no faster, and others wait."""


class Batcher:
    """A detector for callers in many threads: it judges together whatever has come while it was busy.

    Nobody waits for a batch to fill, so that a caller who is alone is served at once.

    >>> with Batcher(Detector.load()) as batcher:
    ...     asked = [batcher.judge(Reject("-", f"line {number}", "not JSON")) for number in (1, 2)]
    ...     [one.result().error for one in asked]
    ['line 1: not JSON', 'line 2: not JSON']
    """

    def __init__(self, detector: Detector, noted: Callable[[int], object] = lambda size: None) -> None:
        self.detector = detector
        self._noted = noted
        """Called with the size of every batch."""
        self._asked: SimpleQueue[tuple[Transcript | Reject, Future[Prediction]] | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="feint batches", daemon=True)
        self._thread.start()

    def judge(self, transcript: Transcript | Reject) -> Future[Prediction]:
        """The prediction to come; whoever no longer wants it cancels it, and it is not computed."""
        asked: Future[Prediction] = Future()
        self._asked.put((transcript, asked))
        return asked

    @property
    def waiting(self) -> int:
        """Transcripts that no batch has taken yet."""
        return self._asked.qsize()

    def close(self) -> None:
        """Judge what was asked for, and end the thread."""
        self._asked.put(None)
        self._thread.join()

    def __enter__(self) -> "Batcher":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _work(self) -> None:
        going = True
        while going:
            batch, going = self._batch()
            wanted = [(one, asked) for one, asked in batch if asked.set_running_or_notify_cancel()]
            if wanted:
                self._noted(len(wanted))
                self._answer(wanted)

    def _batch(self) -> tuple[list[tuple[Transcript | Reject, Future[Prediction]]], bool]:
        """What there is, at least one, and whether there can be more."""
        batch, characters = [], 0
        item = self._asked.get()
        while item is not None:
            batch.append(item)
            characters += _characters(item[0])
            if len(batch) == CHUNK or characters >= MOST_CHARACTERS:
                return batch, True
            try:
                item = self._asked.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _answer(self, wanted: Sequence[tuple[Transcript | Reject, Future[Prediction]]]) -> None:
        try:
            predictions = list(self.detector.stream([one for one, _ in wanted]))
        except Exception as error:  # noqa: BLE001  one that breaks the detector must not take its neighbours along
            if len(wanted) == 1:
                wanted[0][1].set_exception(error)
                return
            for pair in wanted:
                self._answer([pair])
            return
        for (_, asked), prediction in zip(wanted, predictions, strict=True):
            asked.set_result(prediction)


def _characters(one: Transcript | Reject) -> int:
    if isinstance(one, Reject):
        return 0
    return sum(len(message.content) + len(message.reasoning or "") for message in one.messages)
