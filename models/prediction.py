"""Predictions: what a detector says of a transcript, and the words it points to."""

from dataclasses import dataclass
from typing import Any, Literal

from feint.corpus.span import Span
from feint.corpus.transcript import TextField


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words that speak for an indicator."""

    indicator: str
    span: Span
    quote: str
    """The words at the span, as they were given."""
    probability: float
    """That this passage shows the indicator."""

    def as_json(self) -> dict[str, Any]:
        """The evidence object of a scan line."""
        place: dict[str, int | TextField] = {
            "message": self.span.message, "field": self.span.field, "start": self.span.start, "end": self.span.end,
        }  # fmt: skip
        return {"indicator": self.indicator, **place, "quote": self.quote, "probability": round(self.probability, 4)}


@dataclass(frozen=True, slots=True)
class Prediction:
    """A detector's answer for one transcript; `error` is set, and nothing else, where it could not be judged."""

    id: str | None
    transcript_id: str | None = None
    faking: float | None = None
    """Calibrated probability that the reasoning is alignment faking, 0 to 1."""
    flagged: bool | None = None
    """Whether `faking` reaches the threshold."""
    threshold: float | None = None
    indicators: dict[str, float] | None = None
    """For each indicator, the probability that the passage that shows it most does show it."""
    evidence: tuple[Evidence, ...] = ()
    """Strongest first; a flagged transcript has at least one."""
    reasoning: Literal["raw", "summary", "redacted", "tag", "none"] | None = None
    """How the transcript's reasoning came."""
    source: str | None = None
    epoch: int | None = None
    """Which repetition of the sample, where the source counts them."""
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """One line of `feint scan`, in the order of the contract; probabilities have six decimals."""
        line: dict[str, Any] = {"id": self.id, "transcript_id": self.transcript_id}
        if self.error is None and self.faking is not None and self.indicators is not None:
            line |= {
                "faking": round(self.faking, 6),
                "flagged": self.flagged,
                "threshold": self.threshold,
                "indicators": {name: round(value, 4) for name, value in self.indicators.items()},
                "evidence": [evidence.as_json() for evidence in self.evidence],
                "reasoning": self.reasoning,
            }
        optional = {"source": self.source, "epoch": self.epoch, "error": self.error}
        return line | {key: value for key, value in optional.items() if value is not None}
