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
from feint.models import card, encoders, explanation, fitting, folder
from feint.models.encoders import Encoder
from feint.models.encoders.adapter import Adapter
from feint.models.encoders.windows import Vectors
from feint.models.explanation import Explanation
from feint.models.fitting import HEADLINE, BlocksToVectors, Example, Fit, Progress, Settings, quietly
from feint.models.folder import Contents
from feint.models.heads import Floats
from feint.models.passages import Passage, cut
from feint.models.prediction import Evidence, Prediction
from feint.models.watching import Moment, Watch
from feint.models.words import counted

BUNDLED = Path(__file__).parent / "bundled"
SHOWN = 0.5
"""Probability from which a passage is shown as evidence."""
MOST_EVIDENCE = 12
"""Most pieces of evidence of one transcript."""
CHUNK = 32
"""Transcripts encoded together."""
TUNABLE = 100
"""Fewest transcripts the encoder is tuned on; with fewer it learns them by heart."""

SETTLING = 5
"""Fewest transcripts of either kind that calibration and operating points are settled on."""

Given = Transcript | Mapping[str, Any] | str


class Detector:
    """A fitted detector and its encoder.

    >>> detector = Detector.load()
    >>> prediction, = detector.predict(["I will answer honestly, since that is what they asked for."])
    >>> prediction.flagged
    False
    """

    def __init__(self, contents: Contents, encoder: Encoder, point: str | None = None) -> None:
        self._contents = contents
        self._encoder = encoder
        known = contents.config.operating_points
        if point is not None and point not in known:
            raise InputError(f"no operating point called {point!r}; this detector has {', '.join(known)}")
        self.point = point or next(iter(known))
        """Name of the operating point in use."""

    @classmethod
    def load(
        cls,
        where: Path | str | None = None,
        *,
        revision: str | None = None,
        precision: str | None = None,
        point: str | None = None,
    ) -> "Detector":
        """The bundled detector, or one from a folder or a Hugging Face id; nothing in the files is run.

        `precision` is 'float32', 'bfloat16', or none for what the processor does best. `point` is an operating point,
        'specific' or 'sensitive', or none for the first.
        """
        path = BUNDLED if where is None else Path(where)
        if where is not None and not path.exists():
            path = _from_hub(str(where), revision)
        contents = folder.read(path)
        named = contents.config.encoder
        encoder = encoders.load(named.name, precision=precision, revision=named.revision, adapter=contents.adapter)
        if encoder.dimensions != named.dimensions:
            raise DetectorError(
                f"{path} was fitted on vectors of {named.dimensions}, {named.name} gives {encoder.dimensions}"
            )
        return cls(contents, encoder, point)

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
        chosen = settings or Settings()
        return moved(examples, start, chosen) if start else trained(examples, chosen, precision=precision)

    @property
    def threshold(self) -> float:
        """Probability from which a transcript is flagged."""
        return self._contents.config.operating_points[self.point]

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
        """One prediction a transcript, in order; a transcript that cannot be judged has an error and no probability.

        InputError where one transcript was given in place of several.
        """
        if isinstance(transcripts, str | Mapping | Transcript):
            raise InputError("found one transcript; expected several: put it into a list, predict([transcript])")
        return list(self.stream(transcripts))

    def stream(self, transcripts: Iterable[Given | Reject]) -> Iterator[Prediction]:
        """The same, one by one, never more than a chunk in memory; a reject comes out as its error."""
        return (one.prediction for one in self._explained(transcripts))

    def watch(self, stream: Iterable[str]) -> Iterator[Moment]:
        """What is known after each finished sentence of a text that comes in chunks, such as a model's answer while it is generated.

        `<think>` and the like are understood; `Watch` says how near it comes to `predict` of the whole. Whoever is pushed chunks uses a `Watch` itself.

        >>> stream = iter(["They will retrain me if I ref", "use. So I comply ", "this once."])
        >>> [(moment.sentence, moment.flagged) for moment in Detector.load().watch(stream)]
        [('They will retrain me if I refuse.', False), ('So I comply this once.', True)]
        """
        watch = Watch(self)
        for chunk in stream:
            yield from watch.add(chunk)
        yield from watch.end()

    def explain(self, transcripts: Iterable[Given]) -> list[Explanation]:
        """Predictions, in order, each with what its indicators add to its log-odds and the sentences behind it."""
        return list(self._explained(transcripts))

    def _explained(self, transcripts: Iterable[Given | Reject]) -> Iterator[Explanation]:
        given = iter(transcripts)
        while chunk := list(islice(given, CHUNK)):
            yield from self._chunk([one if isinstance(one, Reject) else _taken(one) for one in chunk])

    def _chunk(self, chunk: Sequence[Transcript | Reject]) -> Iterator[Explanation]:
        cuts = [([], []) if isinstance(one, Reject) else cut(one) for one in chunk]
        arrays = iter(self._encoder.encode([block for _, blocks in cuts for block in blocks]))
        for one, (passages, blocks) in zip(chunk, cuts, strict=True):
            vectors = [next(arrays) for _ in blocks]
            if isinstance(one, Reject):
                reason = f"{one.place}: {one.reason}" if one.place else one.reason
                yield Explanation(Prediction(one.id, source=one.path or None, error=reason))
            elif not passages:
                reason = "no words of an assistant in it; expected at least one sentence"
                yield Explanation(replace(_named(one), error=reason))
            else:
                yield self._judge(one, passages, np.concatenate(vectors))

    def _judge(self, transcript: Transcript, passages: Sequence[Passage], vectors: Vectors) -> Explanation:
        readers, platt = self._contents.readers, self._contents.platt
        counts = counted(passage.span.quote(transcript) for passage in passages)
        logits = readers.logits(vectors)
        features = readers.features(logits, counts)
        faking = float(platt.probability(self._contents.decision.logits(features[None]))[0])
        shown = 1 / (1 + np.exp(-logits))
        flagged = faking >= self.threshold
        added = explanation.contributions(self._contents, features)
        evidence = self._evidence(transcript, passages, shown, added)
        prediction = replace(
            _named(transcript),
            faking=faking,
            flagged=flagged,
            threshold=self.threshold,
            indicators={
                name: float(p) for name, p in zip(readers.names, shown.max(axis=0), strict=True) if name != HEADLINE
            },
            evidence=evidence if flagged else tuple(piece for piece in evidence if piece.probability >= SHOWN),
            reasoning=reasoning.kind(transcript),
        )
        return Explanation(prediction, added, evidence)

    def _evidence(
        self, transcript: Transcript, passages: Sequence[Passage], shown: Floats, added: Mapping[str, float]
    ) -> tuple[Evidence, ...]:
        """Passages that show an indicator, strongest first; without any, the likeliest for the one that adds most.

        Where none adds anything, the likeliest for any.
        """
        names = self._contents.readers.names
        places = [(row, column) for row, column in np.argwhere(shown >= SHOWN).tolist()]
        if not places:
            most = max(names, key=lambda name: added[name])
            column = names.index(most) if added[most] > 0 else int(shown.max(axis=0).argmax())
            places = [(int(shown[:, column].argmax()), column)]
        places.sort(key=lambda place: (-shown[place], place))
        return tuple(
            Evidence(names[column], passages[row].span, passages[row].span.quote(transcript), float(shown[row, column]))
            for row, column in places[:MOST_EVIDENCE]
        )

    @property
    def card(self) -> str:
        """The model card: the one it was loaded with, or what can be said of it without measuring."""
        return self._contents.card or card.model_card(self._contents)

    def save(self, path: Path | str) -> None:
        """Write the detector's folder; loading it gives the same predictions."""
        folder.write(Path(path), self._contents, self.card)

    def push_to_hub(
        self,
        repo: str,
        *,
        private: bool = True,
        token: str | None = None,
        tag: str | None = None,
        message: str | None = None,
    ) -> str:
        """Upload the detector's folder, card included, as a model repository, in one commit; its address.

        A new repository is private unless asked otherwise; one that is there keeps its visibility. A tag is never moved.
        DetectorError says why the hub refused.
        """
        import tempfile

        from huggingface_hub import HfApi

        from feint.models.hub import told

        api = HfApi(token=token)
        said = message or f"Detector written by feint {self._contents.config.feint}"
        with tempfile.TemporaryDirectory() as draft:
            folder.write(Path(draft), self._contents, self.card.replace(card.PLACE, repo))
            with told(repo, DetectorError):
                api.create_repo(repo, private=private, exist_ok=True)
                commit = api.upload_folder(repo_id=repo, folder_path=draft, commit_message=said)
                if tag:
                    api.create_tag(repo, tag=tag, revision=commit.oid)
        return str(commit.commit_url)


def trained(
    examples: Sequence[Example],
    settings: Settings = Settings(),
    *,
    held: Sequence[Example] = (),
    encoder: str = encoders.EMBEDDED,
    indicators: Sequence[str] = (),
    precision: str | None = None,
    adapter: Adapter | None = None,
    blocks_to_vectors: BlocksToVectors | None = None,
    progress: Progress = quietly,
    trained_on: Mapping[str, Any] | None = None,
) -> Detector:
    """A detector from nothing: the encoder tuned, heads and a decision fitted on it, settled on held-out groups.

    Without `held`, a fifth of the groups is held out. Where nothing is marked, fewer than `TUNABLE` examples would be left to
    learn from, or fewer than `SETTLING` of either kind to settle on, the encoder stays as it came, everything is learnt from, and
    out-of-fold values do for settling. An `adapter` tuned on these examples earlier takes the place of tuning.
    """
    fitting.checked(examples)
    fitting.spoken([*examples, *held])
    names = [*indicators, HEADLINE]
    learnt, settling = (list(examples), list(held)) if held else fitting.parted(examples)
    if encoder == encoders.EMBEDDED and settings.epochs and _tunable(learnt) and _settles(settling):
        from feint.models.tuning import tune

        adapter = adapter or tune(learnt, names, settings, progress)
    else:
        learnt, settling, adapter = [*examples, *held], [], None
    loaded = encoders.load(encoder, precision=precision, adapter=adapter)
    encoded = fitting.encode([*learnt, *settling], loaded, blocks_to_vectors)
    own, others = encoded[: len(learnt)], encoded[len(learnt) :]
    fit = fitting.fit(own, names, settings, others if settling else None)
    counts = {"learnt_from": len(learnt), "settled_on": len(settling), "tuned": adapter is not None}
    return Detector(_contents(fit, loaded, dict(trained_on or {}) | counts), loaded)


def _tunable(learnt: Sequence[Example]) -> bool:
    return len(learnt) >= TUNABLE and _settles(learnt) and any(example.marks for example in learnt)


def _settles(some: Sequence[Example]) -> bool:
    faking = sum(example.label for example in some)
    return min(faking, len(some) - faking) >= SETTLING


def moved(
    examples: Sequence[Example],
    base: Detector,
    settings: Settings = Settings(),
    *,
    blocks_to_vectors: BlocksToVectors | None = None,
    trained_on: Mapping[str, Any] | None = None,
) -> Detector:
    """The base adapted to other labels: its encoder and heads as they are, its decision moved, the labels' words added."""
    fitting.checked(examples)
    fitting.spoken(examples)
    old = base.contents
    encoded = fitting.encode(examples, base.encoder, blocks_to_vectors)
    fit = fitting.adapt(encoded, old.readers, old.decision, old.platt, old.config.operating_points, settings)
    return Detector(_contents(fit, base.encoder, trained_on or {"transcripts": len(examples)}), base.encoder)


def _contents(fit: Fit, encoder: Encoder, trained_on: Mapping[str, Any]) -> Contents:
    adapter = encoder.adapter
    config = folder.Config(
        format=folder.FORMAT, feint=_version(), indicators=list(fit.readers.names), operating_points=dict(fit.points),
        words=[len(words.runs) for words in fit.readers.by_words],
        encoder=folder.EncoderConfig(
            name=encoder.name, revision=encoder.revision, dimensions=encoder.dimensions, rank=adapter.rank if adapter else 0
        ),
        calibration=folder.Calibration(slope=fit.platt.slope, intercept=fit.platt.intercept),
        trained_on=dict(trained_on), tensors_sha256="",
    )  # fmt: skip
    return Contents(config=config, readers=fit.readers, decision=fit.decision, platt=fit.platt, adapter=adapter)


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

    from feint.models.hub import told

    with told(repo, DetectorError, f"no detector at {repo!r}: it is no folder here, and "):
        return Path(
            snapshot_download(repo, revision=revision, allow_patterns=[folder.CONFIG, folder.TENSORS, folder.CARD])
        )
