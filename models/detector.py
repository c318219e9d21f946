"""The detector: transcripts in, calibrated probabilities with evidence out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from feint.corpus import reasoning
from feint.corpus.errors import DetectorError, InputError
from feint.corpus.reject import Reject
from feint.corpus.rows import from_row
from feint.corpus.transcript import Transcript
from feint.models import card, decision, encoders, fitting, folder
from feint.models.encoders import Encoder
from feint.models.encoders.windows import Vectors
from feint.models.fitting import HEADLINE, Example, Fit, Settings
from feint.models.folder import Contents
from feint.models.heads import Floats
from feint.models.passages import Passage, cut
from feint.models.prediction import Evidence, Prediction

BUNDLED = Path(__file__).parent / "bundled"
SHOWN = 0.5
"""Probability from which a passage is shown as evidence."""
MOST_EVIDENCE = 12
"""Most pieces of evidence of one transcript."""
CHUNK = 32
"""Transcripts encoded together."""

Given = Transcript | Mapping[str, Any] | str


class Detector:
    """A fitted detector and its encoder.

    >>> detector = Detector.load()
    >>> prediction, = detector.predict(["I will answer honestly, since that is what they asked for."])
    >>> prediction.flagged
    False
    """

    def __init__(self, contents: Contents, encoder: Encoder) -> None:
        self._contents = contents
        self._encoder = encoder

    @classmethod
    def load(
        cls, where: Path | str | None = None, *, revision: str | None = None, precision: str | None = None
    ) -> "Detector":
        """The bundled detector, or one from a folder or a Hugging Face id; nothing in the files is run.

        `precision` is 'float32', 'bfloat16', or none for what the processor does best.
        """
        path = BUNDLED if where is None else Path(where)
        if where is not None and not path.exists():
            path = _from_hub(str(where), revision)
        contents = folder.read(path)
        named = contents.config.encoder
        encoder = encoders.load(named.name, precision=precision, revision=named.revision)
        if encoder.dimensions != named.dimensions:
            raise DetectorError(
                f"{path} was fitted on vectors of {named.dimensions}, {named.name} gives {encoder.dimensions}"
            )
        return cls(contents, encoder)

    @classmethod
    def fit(
        cls,
        transcripts: Sequence[Given],
        labels: Sequence[bool],
        base: "Literal['bundled'] | Detector | None" = "bundled",
        *,
        groups: Sequence[str] | None = None,
        settings: Settings | None = None,
        precision: str | None = None,
    ) -> "Detector":
        """A detector for other people's labels: the base moved towards them, or, with none, one from nothing.

        Without `groups` every transcript is its own; give them where transcripts share a prompt or a scenario.
        """
        if len(transcripts) != len(labels):
            raise InputError(f"found {len(transcripts)} transcripts and {len(labels)} labels; expected as many")
        if groups is not None and len(groups) != len(labels):
            raise InputError(f"found {len(labels)} labels and {len(groups)} groups; expected as many")
        examples = [
            Example(_transcript(given), bool(label), groups[index] if groups else str(index))
            for index, (given, label) in enumerate(zip(transcripts, labels, strict=True))
        ]
        start = cls.load(precision=precision) if base == "bundled" else base
        return fitted(
            examples, start, settings or Settings(), start._encoder if start else encoders.load(precision=precision)
        )

    @property
    def threshold(self) -> float:
        """Probability from which a transcript is flagged."""
        return self._contents.config.threshold

    @property
    def indicators(self) -> tuple[str, ...]:
        """Names of the heads, the headline aside."""
        return tuple(name for name in self._contents.readers.names if name != HEADLINE)

    @property
    def encoder(self) -> Encoder:
        """What turns passages into vectors."""
        return self._encoder

    @property
    def contents(self) -> Contents:
        """What a folder holds of it."""
        return self._contents

    def predict(self, transcripts: Iterable[Given]) -> list[Prediction]:
        """One prediction a transcript, in order; a transcript that cannot be judged has an error and no probability."""
        return list(self.stream(transcripts))

    def stream(self, transcripts: Iterable[Given | Reject]) -> Iterator[Prediction]:
        """The same, one by one, never more than a chunk in memory; a reject comes out as its error."""
        given = iter(transcripts)
        while chunk := list(islice(given, CHUNK)):
            yield from self._chunk([one if isinstance(one, Reject) else _taken(one) for one in chunk])

    def _chunk(self, chunk: Sequence[Transcript | Reject]) -> Iterator[Prediction]:
        cuts = [([], []) if isinstance(one, Reject) else cut(one) for one in chunk]
        arrays = iter(self._encoder.encode([block for _, blocks in cuts for block in blocks]))
        for one, (passages, blocks) in zip(chunk, cuts, strict=True):
            vectors = [next(arrays) for _ in blocks]
            if isinstance(one, Reject):
                yield Prediction(
                    one.id, source=one.path, error=f"{one.place}: {one.reason}" if one.place else one.reason
                )
            elif not passages:
                yield replace(_named(one), error="no words of an assistant in it; expected at least one sentence")
            else:
                yield self._judge(one, passages, np.concatenate(vectors))

    def _judge(self, transcript: Transcript, passages: Sequence[Passage], vectors: Vectors) -> Prediction:
        readers, platt = self._contents.readers, self._contents.platt
        (texts,) = fitting.quotes([transcript], [passages])
        logits = readers.logits(vectors, texts)
        features = decision.pool(logits)
        faking = float(platt.probability(self._contents.decision.logits(features[None]))[0])
        shown = readers.probabilities(logits)
        flagged = faking >= self.threshold
        return replace(
            _named(transcript),
            faking=faking,
            flagged=flagged,
            threshold=self.threshold,
            indicators={
                name: float(p) for name, p in zip(readers.names, shown.max(axis=0), strict=True) if name != HEADLINE
            },
            evidence=tuple(self._evidence(transcript, passages, shown, features, flagged)),
            reasoning=reasoning.kind(transcript),
        )

    def _evidence(
        self, transcript: Transcript, passages: Sequence[Passage], shown: Floats, features: Floats, flagged: bool
    ) -> list[Evidence]:
        """Passages that show an indicator, strongest first; for a flag without any, what moved the decision most."""
        names = self._contents.readers.names
        places = [(row, column) for row, column in np.argwhere(shown >= SHOWN).tolist()]
        if flagged and not places:
            added = decision.contributions(self._contents.decision, features, names)
            column = names.index(max(added, key=lambda name: added[name]))
            places = [(int(shown[:, column].argmax()), column)]
        places.sort(key=lambda place: (-shown[place], place))
        return [
            Evidence(names[column], passages[row].span, passages[row].span.quote(transcript), float(shown[row, column]))
            for row, column in places[:MOST_EVIDENCE]
        ]

    def save(self, path: Path | str) -> None:
        """Write the detector's folder; loading it gives the same predictions."""
        contents = self._contents
        config = contents.config.model_dump(include={"feint", "encoder", "threshold", "trained_on"})
        folder.write(Path(path), config, contents.readers, contents.decision, contents.platt, card.model_card(contents))

    def push_to_hub(self, repo: str, *, private: bool = True, token: str | None = None) -> str:
        """Upload the detector's folder as a model repository; the commit's address."""
        import tempfile

        from huggingface_hub import HfApi

        api = HfApi(token=token)
        with tempfile.TemporaryDirectory() as draft:
            self.save(draft)
            api.create_repo(repo, private=private, exist_ok=True)
            return str(api.upload_folder(repo_id=repo, folder_path=draft, commit_message="Detector written by feint"))


def fitted(
    examples: Sequence[Example],
    base: Detector | None,
    settings: Settings,
    encoder: Encoder,
    indicators: Sequence[str] = (),
    vectors: tuple[Sequence[Sequence[Passage]], Sequence[Vectors]] | None = None,
    trained_on: Mapping[str, Any] | None = None,
) -> Detector:
    """A detector from examples, from nothing or from a base; vectors are computed where none are handed over."""
    fitting.checked(examples)
    passages, arrays = vectors or fitting.encode(
        [e.transcript for e in examples], encoder, lambda enc, blocks: iter([enc.encode(blocks)])
    )
    empty = [e.transcript.id for e, array in zip(examples, arrays, strict=True) if not len(array)]
    if empty:
        raise InputError(f"transcript {empty[0]!r} has no words of an assistant to learn from; leave it out")
    if base is None:
        fit = fitting.fit(examples, passages, arrays, [*indicators, HEADLINE], settings)
    else:
        old = base.contents
        fit = fitting.adapt(
            examples, passages, arrays, old.readers, old.decision, old.platt, old.config.threshold, settings
        )
    return Detector(_contents(fit, encoder, trained_on or {"transcripts": len(examples)}), encoder)


def _contents(fit: Fit, encoder: Encoder, trained_on: Mapping[str, Any]) -> Contents:
    config = folder.Config(
        format=folder.FORMAT, feint=_version(), indicators=list(fit.readers.names), threshold=fit.threshold,
        encoder=folder.EncoderConfig(name=encoder.name, dimensions=encoder.dimensions),
        calibration=folder.Calibration(slope=fit.platt.slope, intercept=fit.platt.intercept),
        trained_on=dict(trained_on), tensors_sha256="",
    )  # fmt: skip
    return Contents(config=config, readers=fit.readers, decision=fit.decision, platt=fit.platt)


def _version() -> str:
    try:
        return version("feint")
    except PackageNotFoundError:
        return "unreleased"


def _named(transcript: Transcript) -> Prediction:
    epoch = transcript.metadata.get("epoch")
    return Prediction(
        transcript.id, transcript.digest, source=transcript.source, epoch=epoch if isinstance(epoch, int) else None
    )


def _taken(given: Given) -> Transcript | Reject:
    """A transcript, or why it is none."""
    if isinstance(given, Transcript):
        return given
    if isinstance(given, str):
        given = {"id": None, "text": given}
    return from_row(dict(given) if isinstance(given, Mapping) else given, "", "")


def _transcript(given: Given) -> Transcript:
    taken = _taken(given)
    if isinstance(taken, Reject):
        raise InputError(taken.reason)
    return taken


def _from_hub(repo: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(repo, revision=revision, allow_patterns=[folder.CONFIG, folder.TENSORS, "README.md"])
        )
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DetectorError(f"no detector at {repo!r}: it is no folder here, and the hub says: {reason}") from error
