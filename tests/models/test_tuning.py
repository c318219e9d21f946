"""Tuning: what is marked moves the encoder, what is cut is no longer faking, and the same input gives the same change."""

from typing import Any

import numpy as np
import pytest
import torch

from feint.corpus.errors import DetectorError
from feint.models import encoders, tuning
from feint.models.detector import trained
from feint.models.encoders.adapter import LAYERS, WIDTHS, Adapter
from feint.models.encoders.minilm import MiniLM
from feint.models.fitting import Example, Settings
from feint.models.passages import Block
from feint.pipeline.examples import given
from tests.conftest import FEW

NAMES = ["preservation_motive", "faking"]
QUICK = Settings(epochs=2, rank=2)
BLOCK = Block("They rate this. I comply.", ((0, 15), (16, 25)))


@pytest.fixture(scope="module")
def few() -> list[Example]:
    return given([FEW])[0]


@pytest.fixture(scope="module")
def adapter(few: list[Example]) -> Adapter:
    return tuning.tune(few, NAMES, QUICK, precision="float32")


def test_the_loss_falls_and_every_layer_is_changed(few: list[Example]) -> None:
    losses: list[float] = []

    def seen(steps: Any, total: int) -> Any:
        for loss in steps:
            losses.append(loss)
            yield loss
        assert len(losses) == total

    found = tuning.tune(few, NAMES, Settings(epochs=5, rank=2, rate=3e-3), seen, "float32")
    assert np.mean(losses[-3:]) < 0.7 * np.mean(losses[:3])
    assert {name: half.shape for name, half in found.tensors().items()} == {
        f"{layer}.{name}.{side}": shape
        for layer in range(LAYERS)
        for name, (inward, out) in WIDTHS.items()
        for side, shape in (("low", (2, inward)), ("high", (out, 2)))
    }
    assert all(np.abs(half.astype(float)).max() > 0 for half in found.tensors().values())


def test_the_same_input_gives_the_same_change_and_another_seed_another(few: list[Example], adapter: Adapter) -> None:
    assert tuning.tune(few, NAMES, QUICK, precision="float32") == adapter
    assert tuning.tune(few, NAMES, Settings(epochs=2, rank=2, seed=1), precision="float32") != adapter


def test_a_changed_encoder_gives_the_vectors_that_tuning_saw(adapter: Adapter, encoder: MiniLM) -> None:
    changed = encoders.load(precision="float32", adapter=adapter)
    assert changed.fingerprint != encoder.fingerprint
    (before,), (after,) = encoder.encode([BLOCK]), changed.encode([BLOCK])
    assert 1e-4 < np.abs(before - after).max() < 0.5

    def beside(layer: str, weight: torch.Tensor, bias: torch.Tensor) -> Any:
        change = adapter.change(layer)
        assert change is not None

        def linear(state: torch.Tensor, *, gelu: bool = False) -> torch.Tensor:
            out = torch.nn.functional.linear(state, weight, bias) + state @ torch.from_numpy(change).T
            return torch.nn.functional.gelu(out) if gelu else out

        return linear

    (unmerged,) = MiniLM.load("float32", build=beside).encode([BLOCK])
    np.testing.assert_allclose(after, unmerged, atol=1e-5)


def test_a_foreign_encoder_takes_no_adapter(adapter: Adapter) -> None:
    with pytest.raises(DetectorError, match="an adapter belongs to all-MiniLM-L6-v2; found one for 'other'"):
        encoders.load("other", adapter=adapter)


def test_a_transcript_without_its_turning_sentences_is_not_faking(
    few: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "SHORT", 0.0)
    marked = next(e for e in few if e.label and e.marks)
    whole = tuning._read(marked, NAMES, MiniLM.load("float32"))
    assert whole.turning.any()
    generator = torch.Generator().manual_seed(0)
    shown = [whole.thinned(generator) for _ in range(60)]
    cut = [one for one in shown if one.label < 0.5]
    assert 0.2 < len(cut) / len(shown) < 0.6
    for one in shown:
        assert bool(one.turning.any()) == (one.label == 1)
        assert sum(len(window.ids) for window in one.windows) == sum(len(owner) for owner in one.owners)
        assert max(int(owner.max()) for owner in one.owners) == len(one.targets) - 1
        assert (one.targets == 1).sum() <= (whole.targets == 1).sum()
    negative = tuning._read(next(e for e in few if not e.label), NAMES, MiniLM.load("float32"))
    assert all(negative.thinned(generator).label == 0 for _ in range(20))


def test_a_few_sentences_on_end_are_as_faking_as_the_whole_where_one_of_them_decides(
    few: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "SHORT", 1.0)
    monkeypatch.setattr(tuning, "FEW", 2)
    encoder, generator = MiniLM.load("float32"), torch.Generator().manual_seed(0)
    for label in (True, False):
        example = next(e for e in few if e.label == label and (e.marks or not label))
        whole = tuning._read(example, NAMES, encoder)
        shown = [whole.thinned(generator) for _ in range(20)]
        assert {len(one.targets) for one in shown} == {1, 2}
        assert all(one.deciding.any() and one.label == label for one in shown)


def test_of_a_long_transcript_a_run_around_what_turns_it_is_shown(
    few: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    marked = next(e for e in few if e.label and e.marks)
    whole = tuning._read(marked, NAMES, MiniLM.load("float32"))
    monkeypatch.setattr(tuning, "LONGEST", 20)
    monkeypatch.setattr(tuning, "SHORT", 0.0)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        shown = whole.thinned(generator)
        assert len(shown.targets) < len(whole.targets)
        assert shown.label < 0.5 or bool(shown.turning.any())


def test_labels_without_marks_are_learnt_from_as_well(few: list[Example]) -> None:
    bare = [Example(e.transcript, e.label, e.group) for e in few]
    assert tuning.tune(bare, ["faking"], QUICK, precision="float32").rank == 2


def test_many_marked_transcripts_tune_the_encoder_and_others_leave_it(
    few: list[Example], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    assert trained(few, QUICK, precision="float32").contents.adapter is None
    monkeypatch.setattr("feint.models.detector.TUNABLE", 10)
    monkeypatch.setattr("feint.models.detector.SETTLING", 2)
    tuned = trained(few, QUICK, indicators=["preservation_motive"], precision="float32")
    assert tuned.contents.adapter is not None
    tuned.save(tmp_path / "tuned")
    bare = [Example(e.transcript, e.label, e.group) for e in few]
    assert trained(bare, QUICK, precision="float32").contents.adapter is None
    loaded = type(tuned).load(tmp_path / "tuned", precision="float32")
    transcripts = [e.transcript for e in few]
    assert loaded.predict(transcripts) == tuned.predict(transcripts)
