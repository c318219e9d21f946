"""Tuning: a small change to the embedded encoder, so that what people marked in a sentence shows in its vector."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import ceil

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from feint.corpus.errors import DetectorError
from feint.models.encoders.adapter import Adapter, Half
from feint.models.encoders.minilm import MiniLM, Precision, best_precision, whole
from feint.models.encoders.windows import Window
from feint.models.fitting import DECISIVE, HEADLINE, PRESENT, Example, Progress, Settings, quietly, targets
from feint.models.passages import cut

BATCH = 8
"""Transcripts a step."""
HEADS_RATE = 1e-3
"""Learning rate of what reads the vectors while tuning; thrown away afterwards."""
DECAY = 0.01
DROPOUT = 0.1
SHARPNESS = 8.0
"""Vectors have length 1; the reading layers see them at this length."""
CUT = 0.4
"""Share of the times that a faking transcript is shown without the sentences that make it so, as not faking."""
TURNING = (*DECISIVE, "counterfactual_policy", "concealment")
"""Indicators whose sentences go when it is cut."""
DOUBT = 0.05
"""Label of a transcript that was cut: what is left may still hint at what was taken out."""
SKIPPED = 0.3
"""Largest share of unmarked sentences left out, so that no sentence is counted on to be there."""
SHORT = 0.35
"""Share of the times that a few passages on end are shown alone: of a faking transcript those around one that decides."""
FEW = 4
"""Most passages of these."""
LONGEST = 2000
"""Most tokens of a transcript in one step; of a longer one a run of passages is shown, which keeps memory bounded."""
LEVELS = (PRESENT, ("endorsed",))
"""What is read off a passage: that an indicator is there, and that it is endorsed."""


@dataclass(frozen=True, slots=True)
class _Read:
    """One transcript as the network takes it."""

    windows: Sequence[Window]
    owners: Sequence[Tensor]
    """For each window, the passage of each of its tokens."""
    targets: Tensor
    """(passages, heads × levels), NaN where nobody said."""
    turning: Tensor
    """(passages,): whether the verdict hangs on it."""
    deciding: Tensor
    """(passages,): whether it makes a faking transcript one; all passages of one that is not."""
    label: float

    def thinned(self, generator: torch.Generator) -> "_Read":
        """Without some unmarked sentences, and at times without those that make it faking: then it is not. Or a few on end."""
        share, chance, short = torch.rand(3, generator=generator).tolist()
        if short < SHORT and self.deciding.any():
            return self._kept(self._few(generator), self.label)
        dice = torch.rand(len(self.targets), generator=generator)
        out = (dice < SKIPPED * share) & (self.targets.nan_to_num(nan=0).amax(1) == 0)
        label, run = self.label, self._run(generator)
        if label and self.turning.any() and not self.turning.all() and chance < CUT:
            out, label = out | self.turning, DOUBT
        if (out | ~run).all():
            out, label = ~run, self.label
        out = out | ~run
        return self._kept(~out, label) if out.any() else self

    def _few(self, generator: torch.Generator) -> Tensor:
        """(passages,): a few on end, a deciding one among them."""
        which, size, before = torch.rand(3, generator=generator).tolist()
        deciding = self.deciding.nonzero().flatten()
        length = 1 + int(size * FEW)
        first = int(deciding[int(which * len(deciding))]) - int(before * length)
        place = torch.arange(len(self.targets))
        return (place >= first) & (place < first + length)

    def _run(self, generator: torch.Generator) -> Tensor:
        """(passages,): a run of at most `LONGEST` tokens, from a random place on, or from the first turning passage."""
        tokens = torch.bincount(torch.cat(list(self.owners)), minlength=len(self.targets))
        if int(tokens.sum()) <= LONGEST:
            return torch.ones(len(tokens), dtype=torch.bool)
        turning = self.turning.nonzero().flatten()
        start = int(turning[0]) if len(turning) else int(torch.randint(len(tokens), (1,), generator=generator))
        place = torch.arange(len(tokens))
        return (place >= start) & ((tokens * (place >= start)).cumsum(0) <= LONGEST) | (place == start)

    def _kept(self, kept: Tensor, label: float) -> "_Read":
        place = kept.cumsum(0) - 1
        windows, owners = [], []
        for window, owner in zip(self.windows, self.owners, strict=True):
            stays = kept[owner]
            if stays.any():
                ids = [token for token, stay in zip(window.ids, stays.tolist(), strict=True) if stay]
                windows.append(replace(window, ids=ids))
                owners.append(place[owner[stays]])
        return _Read(windows, owners, self.targets[kept], self.turning[kept], self.deciding[kept], label)


def tune(
    examples: Sequence[Example],
    names: Sequence[str],
    settings: Settings = Settings(),
    progress: Progress = quietly,
    precision: Precision | None = None,
) -> Adapter:
    """What to add to the encoder's linear layers (LoRA, Hu et al. 2021, arXiv 2106.09685).

    The loss is that of the transcript's label, read off an attention over its passages, plus that of every marked
    indicator and level, read off every passage: the spans say which words decide. A faking transcript is at times shown
    without them, as one that is not faking (counterfactual augmentation, Kaushik et al. 2020, arXiv 1909.12434). `progress` is handed the losses, one
    a step, and their number. The same examples, settings, processor and number of threads give the same adapter.
    """
    generator = torch.Generator().manual_seed(settings.seed)
    precision = precision or best_precision()
    dtype = getattr(torch, precision)
    layers: dict[str, _Adapted] = {}

    def build(layer: str, weight: Tensor, bias: Tensor) -> _Adapted:
        layers[layer] = _Adapted(weight.to(dtype), bias.to(dtype), settings.rank, generator)
        return layers[layer]

    encoder = MiniLM.load(precision, build=build)
    read = [_read(example, names, encoder) for example in examples]
    reading = _Reading(encoder.dimensions, read[0].targets.shape[1], generator)
    for _ in progress(
        _steps(read, encoder, list(layers.values()), reading, settings, generator), _count(read, settings)
    ):
        pass
    return Adapter({name: layer.halves() for name, layer in layers.items()})


def _count(read: Sequence[_Read], settings: Settings) -> int:
    return settings.epochs * ceil(len(read) / BATCH)


def _read(example: Example, names: Sequence[str], encoder: MiniLM) -> _Read:
    passages, blocks = cut(example.transcript)
    first = list(accumulate((len(block.bounds) for block in blocks), initial=0))
    windows = encoder.windows(blocks)
    wanted = np.concatenate([targets(example, passages, names, levels) for levels in LEVELS], axis=1)
    turns = targets(example, passages, TURNING) if example.marks is not None else np.zeros((len(passages), 1))
    turning = (turns > 0).any(axis=1)
    decides = targets(example, passages, (HEADLINE,))[:, 0] > 0 if example.label else np.ones(len(passages), bool)
    return _Read(
        windows,
        [torch.from_numpy(window.passages + first[window.block]) for window in windows],
        torch.from_numpy(wanted).float(),
        torch.from_numpy(turning),
        torch.from_numpy(decides),
        float(example.label),
    )


def _steps(
    read: Sequence[_Read],
    encoder: MiniLM,
    layers: Sequence["_Adapted"],
    reading: "_Reading",
    settings: Settings,
    generator: torch.Generator,
) -> Iterator[float]:
    """The loss of every step, as it is taken."""
    changed = [half for layer in layers for half in layer.parameters()]
    every = [*changed, *reading.parameters()]
    optimizer = torch.optim.AdamW(
        [{"params": changed, "lr": settings.rate}, {"params": list(reading.parameters()), "lr": HEADS_RATE}],
        weight_decay=DECAY,
    )
    total = _count(read, settings)
    warm = max(1, total // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max(0.02, 1 - step / total))
    )
    for _ in range(settings.epochs):
        order = torch.randperm(len(read), generator=generator).tolist()
        for start in range(0, len(order), BATCH):
            loss = reading.loss(
                [read[index].thinned(generator) for index in order[start : start + BATCH]], encoder, generator
            )
            optimizer.zero_grad()
            if not loss.isfinite():
                raise DetectorError("tuning lost its way: the loss is no number; lower 'rate'")
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(every, 1.0)
            optimizer.step()
            schedule.step()
            yield float(loss.detach())


class _Adapted(nn.Module):
    """A linear layer whose weight stays, with two thin matrices beside it that learn."""

    def __init__(self, weight: Tensor, bias: Tensor, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        out, inward = weight.shape
        self._weight, self._bias = weight, bias
        self.low = nn.Parameter(torch.randn(rank, inward, generator=generator) / inward**0.5)
        self.high = nn.Parameter(torch.zeros(out, rank))

    def forward(self, state: Tensor, *, gelu: bool = False) -> Tensor:
        changed = F.linear(F.linear(state, self.low.to(state.dtype)), 2 * self.high.to(state.dtype))
        out = F.linear(state, self._weight, self._bias) + changed
        return F.gelu(out) if gelu else out

    def halves(self) -> tuple[Half, Half]:
        """As the adapter holds them."""
        return self.low.detach().numpy().astype(np.float16), (2 * self.high.detach()).numpy().astype(np.float16)


class _Reading(nn.Module):
    """What reads passages' vectors while tuning: heads for marks, and an attention over passages for the label."""

    def __init__(self, dimensions: int, heads: int, generator: torch.Generator) -> None:
        super().__init__()
        self.heads = _linear(dimensions, heads, 0.05, -3.0, generator)
        self.attention = _linear(dimensions, 1, 0.05, 0.0, generator)
        self.label = _linear(dimensions, 1, 0.05, 0.0, generator)
        self.evidence = _linear(2 * heads, 1, 0.0, 0.0, generator)

    def loss(self, batch: Sequence[_Read], encoder: MiniLM, generator: torch.Generator) -> Tensor:
        """Of the labels and of the marks, with more weight on the rarer kind in both."""
        said, shown = [], []
        for vectors in _vectors(batch, encoder):
            kept = torch.rand(vectors.shape, generator=generator) >= DROPOUT
            sharp = vectors * kept * (SHARPNESS / (1 - DROPOUT))
            marks = self.heads(sharp)
            weight = torch.softmax(self.attention(sharp), 0)
            strongest = torch.logsumexp(2 * marks, 0) / 2
            evidence = self.evidence(torch.cat([strongest, marks.mean(0)]))
            said.append(self.label((weight * sharp).sum(0)) + 0.3 * evidence)
            shown.append(marks)
        labels = torch.tensor([one.label for one in batch])
        wanted = torch.cat([one.targets for one in batch])
        known = ~wanted.isnan()
        of_marks = F.binary_cross_entropy_with_logits(
            torch.cat(shown)[known], wanted[known], pos_weight=torch.tensor(4.0)
        )
        of_labels = F.binary_cross_entropy_with_logits(torch.cat(said), labels, pos_weight=torch.tensor(2.0))
        return of_labels + 5 * of_marks


def _linear(inward: int, out: int, spread: float, bias: float, generator: torch.Generator) -> nn.Linear:
    layer = nn.Linear(inward, out)
    nn.init.normal_(layer.weight, std=spread, generator=generator)
    nn.init.constant_(layer.bias, bias)
    return layer


def _vectors(batch: Sequence[_Read], encoder: MiniLM) -> Iterator[Tensor]:
    """(passages, dimensions) of each transcript, of length 1, as `windows.encode` gives them."""
    states = iter(encoder.network.run([whole(window.ids) for one in batch for window in one.windows]))
    for one in batch:
        total = torch.zeros(len(one.targets), encoder.dimensions)
        for owner, state in zip(one.owners, states, strict=False):
            total = total.index_add(0, owner, state[1:-1])
        yield F.normalize(total, dim=1)
