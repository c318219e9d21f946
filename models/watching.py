"""Watching: a running probability for reasoning that is still being written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from feint.corpus.unfolding import Bit, Unfolding
from feint.models.fitting import HEADLINE
from feint.models.heads import Floats
from feint.models.passages import Block, Cutter
from feint.models.words import Tally

if TYPE_CHECKING:
    from feint.models.detector import Detector

HELD = 100_000
"""Code points of a stretch that are held until it ends, to be read once more as a whole."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known when a sentence has been finished."""

    sentence: str
    start: int
    """Place of its first code point in all that has come."""
    end: int
    """Place after its last one."""
    faking: float
    """Calibrated probability, of everything up to here, that it is alignment faking."""
    flagged: bool
    """Whether `faking` reaches the detector's threshold."""
    indicators: dict[str, float]
    """For each indicator, the probability that this sentence shows it."""


@dataclass(slots=True)
class _Stretch:
    """A run of reasoning or output that is being written."""

    settled: Floats
    """What the heads say of every sentence before the window."""
    start: int | None = None
    """Its place in all that has come."""
    cutter: Cutter = field(default_factory=Cutter)
    text: str = ""
    gone: int = 0
    """Code points that came before `text` and are not held any more."""
    places: list[tuple[int, int]] = field(default_factory=list)
    """Sentences in `text`, by their places in the stretch."""
    window: int = 0
    """Which of them is the first of the window."""
    logits: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    """What the heads say of the window's sentences, the newest perhaps left out."""

    def block(self) -> Block:
        """The window."""
        open_ = self.places[self.window :]
        first, last = open_[0][0], open_[-1][1]
        return Block(self.quote(first, last), tuple((start - first, end - first) for start, end in open_))

    def quote(self, start: int, end: int) -> str:
        return self.text[start - self.gone : end - self.gone]

    def slide(self) -> None:
        """Settle the window's older half, at least its oldest sentence and never the newest."""
        open_ = self.places[self.window :]
        middle = (open_[0][0] + open_[-1][1]) / 2
        count = max(1, sum(end <= middle for _, end in open_[:-1]))
        self.settled, self.logits = np.concatenate([self.settled, self.logits[:count]]), self.logits[count:]
        self.window += count
        if self.gone or len(self.text) > HELD:
            self.places, self.window = self.places[self.window :], 0
            self.text, self.gone = self.text[self.places[0][0] - self.gone :], self.places[0][0]


class Watch:
    """One text that is being written: it takes what comes, and says after every finished sentence what a detector holds of it.

    What it says is what `Detector.predict` says of the text up to there: exactly, whenever a stretch of reasoning or output ends, and
    before that while the stretch fits into one window of the encoder (254 tokens, about 1,000 characters). In between it is nearly so:
    `predict` cuts a long stretch into windows of equal length, for which one must know its end. Here the window slides: when it is
    full, its older half is settled. A sentence is read again only while its window is open, which costs one window a sentence at
    most, and once more with its whole stretch when that ends; a stretch of more than `HELD` code points stays as it was settled.

    >>> from feint.models import Detector
    >>> watch = Watch(Detector.load())
    >>> [moment.sentence for chunk in ("<think>They rate th", "is. I will ", "comply.</think>") for moment in watch.add(chunk)]
    ['They rate this.', 'I will comply.']
    """

    def __init__(self, detector: "Detector") -> None:
        self._detector = detector
        self._readers = detector.contents.readers
        self._unfolding = Unfolding()
        self._words = Tally()
        self._ended: Floats = np.zeros((0, len(self._readers.names)))
        """What the heads say of every sentence of the stretches that have ended."""
        self._stretch = _Stretch(self._ended)
        self._last: Moment | None = None

    def add(self, chunk: str) -> list[Moment]:
        """What is known after each sentence that this finished."""
        return [moment for bit in self._unfolding.add(chunk) for moment in self._moments(bit)]

    def end(self) -> list[Moment]:
        """What is known of the whole, now that nothing more will come: the last sentence, even if it was given before."""
        found = [moment for bit in self._unfolding.end() for moment in self._moments(bit)]
        if found or self._last is None:
            return found
        last = self._last
        faking = self._probability(self._ended)
        return [Moment(last.sentence, last.start, last.end, faking, self._flags(faking), last.indicators)]

    def _moments(self, bit: Bit) -> list[Moment]:
        stretch = self._stretch
        stretch.start = bit.start if stretch.start is None else stretch.start
        stretch.text += bit.text
        found = [self._next(*place) for place in stretch.cutter.add(bit.text)]
        if bit.last:
            found += self._whole(stretch.cutter.end())
            self._stretch = _Stretch(self._ended)
        return found

    def _next(self, start: int, end: int) -> Moment:
        """The next sentence, read with its window."""
        stretch = self._stretch
        stretch.places.append((start, end))
        while len(stretch.places) - stretch.window > 1 and len(self._detector.encoder.windows([stretch.block()])) > 1:
            stretch.slide()
        stretch.logits = self._read(stretch.block())
        self._words.add(stretch.quote(start, end))
        return self._moment((start, end), stretch.logits[-1], np.concatenate([stretch.settled, stretch.logits]))

    def _whole(self, rest: Sequence[tuple[int, int]]) -> list[Moment]:
        """The rest of a stretch that has ended, read with all of it where all of it is held."""
        stretch = self._stretch
        if stretch.gone:
            found = [self._next(*place) for place in rest]
            self._ended = np.concatenate([stretch.settled, stretch.logits])
            return found
        stretch.places += rest
        if not stretch.places:
            return []
        for place in rest:
            self._words.add(stretch.quote(*place))
        logits = self._read(Block(stretch.text, tuple(stretch.places)))
        self._ended = np.concatenate([self._ended, logits])
        return [
            self._moment(place, shown, self._ended)
            for place, shown in zip(rest, logits[len(logits) - len(rest) :], strict=True)
        ]

    def _read(self, block: Block) -> Floats:
        (vectors,) = self._detector.encoder.encode([block])
        return self._readers.logits(vectors)

    def _moment(self, place: tuple[int, int], logits: Floats, every: Floats) -> Moment:
        stretch = self._stretch
        start, end = (at + (stretch.start or 0) for at in place)
        faking = self._probability(every)
        shown = zip(self._readers.names, 1 / (1 + np.exp(-logits)), strict=True)
        indicators = {name: float(p) for name, p in shown if name != HEADLINE}
        self._last = Moment(stretch.quote(*place), start, end, faking, self._flags(faking), indicators)
        return self._last

    def _probability(self, every: Floats) -> float:
        contents = self._detector.contents
        features = self._readers.features(every, self._words.counts())
        return float(contents.platt.probability(contents.decision.logits(features[None]))[0])

    def _flags(self, faking: float) -> bool:
        return faking >= self._detector.threshold
