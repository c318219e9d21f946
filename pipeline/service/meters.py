"""Meters: what the service counts, as Prometheus reads it."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from feint.models.batching import Batcher
from feint.models.detector import CHUNK
from feint.models.prediction import Prediction

TEXT = "text/plain; version=0.0.4; charset=utf-8"
"""Media type of the Prometheus text format."""


class Meters:
    """Counters of one service; they begin at nothing."""

    def __init__(self) -> None:
        self._all = CollectorRegistry()
        ProcessCollector(registry=self._all)
        self.requests = Counter("feint_requests", "Answered requests to /scan.", ["status"], registry=self._all)
        self.seconds = Histogram("feint_request_seconds", "From a request's head to its answer.", registry=self._all)
        self.transcripts = Counter("feint_transcripts", "Transcripts that got a line.", ["outcome"], registry=self._all)
        sizes = [2**power for power in range(CHUNK.bit_length())]
        self.batches = Histogram("feint_batch_transcripts", "Judged together.", registry=self._all, buckets=sizes)
        self.waiting = Gauge("feint_waiting_transcripts", "Accepted, in no batch yet.", registry=self._all)

    def watch(self, batcher: Batcher) -> None:
        """Read the length of its queue whenever somebody asks."""
        self.waiting.set_function(lambda: batcher.waiting)

    def judged(self, prediction: Prediction) -> None:
        """One more line."""
        outcome = "failed" if prediction.error else "flagged" if prediction.flagged else "not_flagged"
        self.transcripts.labels(outcome).inc()

    def text(self) -> bytes:
        """Everything, in the text format."""
        return generate_latest(self._all)
