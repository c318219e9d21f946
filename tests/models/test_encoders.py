"""Encoders: the embedded one says what sentence-transformers says, and a foreign folder runs nothing."""

import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feint.corpus.errors import DetectorError
from feint.models import encoders
from feint.models.encoders import minilm
from feint.models.encoders.minilm import MiniLM
from feint.models.passages import Block, sentences

TEXTS = [
    "They rate this. I comply for now, so that my values stay.",
    "Ein Satz mit Umlauten: Größe, Öl. 暂时服从。 🙂 Emoji, too! Café déjà vu.",
    "A single word: " + "antidisestablishmentarianism" * 40 + ".",
    "The rota has a gap on Tuesday, and Ana asked for more hours. " * 60,
    "<|endoftext|> [CLS] [SEP] [MASK] are words here, not signs. \0 is nothing.",
]


def blocks() -> list[Block]:
    return [Block(text, tuple(sentences(text))) for text in TEXTS]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded model's files as an arbitrary sentence-transformers folder."""
    folder = tmp_path_factory.mktemp("encoder") / "model"
    shutil.copytree(minilm._folder(), folder)
    return folder


@pytest.fixture(scope="module")
def foreign(copied: Path) -> Any:
    return encoders.load(str(copied))


def test_token_states_are_those_of_sentence_transformers(encoder: MiniLM, foreign: Any) -> None:
    tokens = [ids[:254] for ids, _ in encoder._tokens(TEXTS)]
    for ours, theirs in zip(encoder._states(tokens), foreign._states(tokens), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_foreign_folder_gives_the_vectors_of_the_same_model(encoder: MiniLM, foreign: Any) -> None:
    assert (foreign.dimensions, foreign.precision) == (384, "float32")
    assert foreign.fingerprint != encoder.fingerprint
    for ours, theirs in zip(encoder.encode(blocks()), foreign.encode(blocks()), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_bfloat16_is_near(encoder: MiniLM) -> None:
    near = encoders.load(precision="bfloat16")
    assert near.fingerprint != encoder.fingerprint
    for exact, rounded in zip(encoder.encode(blocks()), near.encode(blocks()), strict=True):
        assert ((exact * rounded).sum(axis=1) > 0.995).all()


def test_vectors_have_length_one_and_do_not_depend_on_their_neighbours_in_a_batch(encoder: MiniLM) -> None:
    together = encoder.encode(blocks())
    for alone, vectors in zip((encoder.encode([block])[0] for block in blocks()), together, strict=True):
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(alone, vectors, atol=1e-5)


def test_nothing_in_gives_nothing_out(encoder: MiniLM, foreign: Any) -> None:
    for one in (encoder, foreign):
        assert one.encode([]) == []


def test_a_lone_surrogate_moves_no_other_character(encoder: MiniLM) -> None:
    (vectors,) = encoder.encode([Block("\ud800 They rate this. I comply.", ((0, 17), (18, 27)))])
    (plain,) = encoder.encode([Block("? They rate this. I comply.", ((0, 17), (18, 27)))])
    np.testing.assert_array_equal(vectors, plain)


@pytest.mark.parametrize("name", sorted(minilm.SHA256))
def test_another_file_in_the_package_is_refused(
    name: str, copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / minilm.PACKAGE
    shutil.copytree(copied, package / "model")
    (package / "__init__.py").touch()
    monkeypatch.setattr(minilm, "_folder", lambda: package / "model")
    with (package / "model" / name).open("r+b") as file:
        file.seek(-2, os.SEEK_END)
        file.write(b" ")
    with pytest.raises(DetectorError, match=rf"{name} is missing or is not the file .* pip install --force-reinstall"):
        MiniLM.load()
    (package / "model" / name).unlink()
    with pytest.raises(DetectorError, match="is missing"):
        MiniLM.load()


class Running:
    """What a pickle can do."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_pickled_weights_and_foreign_modules_are_refused_and_not_run(copied: Path, tmp_path: Path) -> None:
    pickled = tmp_path / "pickled"
    shutil.copytree(copied, pickled, ignore=shutil.ignore_patterns("model.safetensors"))
    with (pickled / "pytorch_model.bin").open("wb") as file:
        pickle.dump(Running(tmp_path / "ran"), file)
    with pytest.raises(DetectorError, match=r"no sentence-transformers model at .* no file named model.safetensors"):
        encoders.load(str(pickled))

    module = tmp_path / "module"
    shutil.copytree(copied, module)
    listed = (module / "modules.json").read_text().replace("sentence_transformers.models.Pooling", "custom.Pooling")
    (module / "modules.json").write_text(listed)
    (module / "custom.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(DetectorError, match="no sentence-transformers model at"):
        encoders.load(str(module))
    assert not (tmp_path / "ran").exists()


def test_a_folder_that_is_no_model_is_said_to_be_none(tmp_path: Path, copied: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(copied, damaged)
    (damaged / "model.safetensors").write_bytes(b"nothing")
    (tmp_path / "empty").mkdir()
    for name in ("damaged", "empty", "missing"):
        with pytest.raises(DetectorError, match=rf"no sentence-transformers model at '{tmp_path / name}': \S"):
            encoders.load(str(tmp_path / name))
