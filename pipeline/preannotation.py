"""What a detector says of transcripts, as pre-annotations of their tasks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from feint.annotation import tasks
from feint.annotation.indicator import indicators
from feint.corpus import digest
from feint.corpus.errors import InputError
from feint.corpus.reject import Reject
from feint.corpus.transcript import Transcript
from feint.models.detector import CHUNK, Detector
from feint.models.prediction import Prediction


@dataclass(frozen=True, slots=True)
class Model:
    """A detector, and the name under which Label Studio keeps what it says."""

    version: str
    detector: Detector = field(repr=False)


def model(detector: Detector) -> Model:
    """A detector under a name that is another one whenever its weights or its operating point are."""
    config = detector.contents.config.model_dump(mode="json")
    return Model(f"feint-{detector.point}-{digest.of_value(config)[:10]}", detector)


def preannotated(
    transcripts: Iterable[Transcript], by: Model
) -> Iterator[tuple[Transcript, dict[str, Any] | None, Reject | None]]:
    """Each transcript with its pre-annotation, or without one and why; some at a time, in order."""
    given = iter(transcripts)
    while chunk := list(islice(given, CHUNK)):
        for transcript, prediction in zip(chunk, by.detector.predict(chunk), strict=True):
            if prediction.faking is None:
                reason = f"pushed without a prediction: {prediction.error}"
                yield transcript, None, Reject(transcript.source or "", "", reason, transcript.id)
            else:
                yield transcript, preannotation(transcript, prediction, by.version), None


def preannotation(transcript: Transcript, prediction: Prediction, version: str) -> dict[str, Any]:
    """Spans for the evidence that an annotator could mark, the verdict, and how sure the detector is of it, 0.5 to 1."""
    known = {indicator.slug for indicator in indicators()}
    faking = prediction.faking or 0.0
    told = partial(
        tasks.prediction,
        transcript,
        verdict="faking" if prediction.flagged else "not_faking",
        model_version=version,
        certainty=round(max(faking, 1 - faking), 6),
    )
    try:
        return told(piece for piece in prediction.evidence if piece.indicator in known)
    except InputError:  # words in tags or white space, which the page does not show; the verdict stands without them
        return told(())
