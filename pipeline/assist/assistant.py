"""The assistant: one detector that serves, and the next one, fitted behind it and put in its place."""

from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

from feint.annotation.shown import shown
from feint.corpus import digest
from feint.corpus.errors import InputError
from feint.corpus.transcript import Transcript
from feint.models.detector import Detector, moved
from feint.models.encoders import Encoder
from feint.models.encoders.windows import Vectors
from feint.models.fitting import BlocksToVectors, Example, Settings
from feint.models.passages import Block
from feint.pipeline.preannotation import Model, preannotated

NOTHING: dict[str, Any] = {"result": [], "score": 0.0}
"""The prediction of a task that cannot be judged: Label Studio wants one for each."""


class Assistant:
    """Predicts with the model it has; `learn` fits another from the one it began with, and serves that from then on.

    May be asked from several threads: one batch of words is encoded at a time, so that fitting on thousands of tasks
    delays a prediction by a batch and no more.
    """

    def __init__(self, base: Model, encode: BlocksToVectors, settings: Settings = Settings()) -> None:
        self._base = self._serving = base
        self._encode = encode
        self._settings = settings
        self._encoding = Lock()

    @property
    def version(self) -> str:
        """Name of the model that serves now."""
        return self._serving.version

    def predict(self, tasks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """A prediction for each of Label Studio's tasks, in order, all by the same model; empty where it cannot be judged."""
        by = self._serving
        transcripts = [_shown(task.get("data") or {}) for task in tasks]
        with self._encoding:
            said = preannotated((one for one in transcripts if one), by)
            told = {id(transcript): prediction for transcript, prediction, _ in said}
        empty = {**NOTHING, "model_version": by.version}
        return [told.get(id(transcript)) or empty for transcript in transcripts]

    def learn(self, examples: Sequence[Example]) -> bool:
        """Move the model it began with to these; whether another one serves now.

        The same examples give the same model under the same name. InputError where all are of one kind.
        """
        said = sorted((one.transcript.digest, one.label) for one in examples)
        about = {"base": self._base.version, "transcripts": len(said), "labels": digest.of_value(said)}
        start = self._base.detector
        fitted = moved(examples, start, self._settings, blocks_to_vectors=self._by_turns, trained_on=about)
        version = f"{self._base.version}+{len(said)}-{digest.of_value(about)[:6]}"
        changed = version != self._serving.version
        self._serving = Model(version, Detector(fitted.contents, fitted.encoder, start.point))
        return changed

    def _by_turns(self, encoder: Encoder, blocks: Sequence[Block]) -> Iterator[list[Vectors]]:
        chunks = self._encode(encoder, blocks)
        while True:
            with self._encoding:
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield chunk


def _shown(data: Mapping[str, Any]) -> Transcript | None:
    try:
        return shown(data)
    except InputError:
        return None
