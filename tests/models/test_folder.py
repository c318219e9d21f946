"""A detector's folder: whatever is missing, foreign, damaged or newer is said in a sentence."""

import json
import pickle
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from feint.corpus import digest
from feint.corpus.errors import DetectorError
from feint.models import Detector
from feint.models.folder import CONFIG, TENSORS, read


@pytest.fixture
def folder(detector_folder: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    shutil.copytree(detector_folder, tmp_path / "d")
    return tmp_path / "d"


def configured(folder: Path, **changes: Any) -> None:
    given = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    (folder / CONFIG).write_text(json.dumps(given | changes), encoding="utf-8")


def tensors(folder: Path, **changes: Any) -> None:
    """Change tensors, and the hash with them; None takes one away."""
    held = load_file(folder / TENSORS) | {name.replace("_", "."): value for name, value in changes.items()}
    save_file({name: value for name, value in held.items() if value is not None}, folder / TENSORS)
    configured(folder, tensors_sha256=digest.of_file(folder / TENSORS))


def refused(folder: Path, sentence: str) -> None:
    with pytest.raises(DetectorError) as error:
        Detector.load(folder)
    assert re.search(sentence, str(error.value)), str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", [CONFIG, TENSORS])
def test_a_file_is_missing(folder: Path, name: str) -> None:
    (folder / name).unlink()
    refused(folder, rf"has no {name}; expected a folder written by 'feint train' or Detector.save")


def test_a_file_or_an_empty_folder_is_no_detector(folder: Path, tmp_path: Path) -> None:
    refused(folder / CONFIG, "has no config.json")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "has no config.json")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not a detector's configuration: Expecting value"),
        (b"[1]", "is not a detector's configuration: "),
        (b"\xff\xfe", "is not a detector's configuration: 'utf-8' codec"),
        (b"[" * 100_000, "is not a detector's configuration: "),
        (
            b'{"architectures": ["BertModel"], "model_type": "bert"}',
            "is not a detector's configuration: format: Field required",
        ),
    ],
)
def test_a_foreign_configuration(folder: Path, content: bytes, sentence: str) -> None:
    (folder / CONFIG).write_bytes(content)
    refused(folder, sentence)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"operating_points": {"specific": "high"}}, "operating_points.specific: Input should be a valid number"),
        ({"operating_points": {}}, "operating_points: Dictionary should have at least 1 item"),
        ({"operating_points": {"specific": 1.5}}, "operating_points.specific: Input should be less than or equal to 1"),
        ({"calibration": {"slope": 1.0}}, "calibration.intercept: Field required"),
        ({"calibration": {"slope": 1.0, "intercept": 0.0, "code": 1.0}}, "calibration.code: Extra inputs are not permitted"),
        ({"encoder": {"name": "all-MiniLM-L6-v2"}}, "encoder.dimensions: Field required"),
        ({"auto_map": {"AutoModel": "code.Model"}}, "auto_map: Extra inputs are not permitted"),
        ({"indicators": ["one"]}, r"head.safetensors holds .*, its config.json says .*\(1, 384\)"),
    ],
)  # fmt: skip
def test_a_setting_that_is_wrong_missing_or_too_many(folder: Path, changes: dict[str, Any], sentence: str) -> None:
    configured(folder, **changes)
    refused(folder, sentence)


def test_a_newer_form_is_not_guessed_at(folder: Path) -> None:
    configured(folder, format=4, feint="9.1", shiny=True)
    (folder / TENSORS).rename(folder / "heads.newer")
    refused(
        folder,
        r"has format 4, this version of feint reads format 3; it was written by feint 9\.1: install that or a newer",
    )
    configured(folder, format=2)
    refused(folder, "has format 2, .* install that, or train again")


def test_other_numbers_than_were_written(folder: Path) -> None:
    content = bytearray((folder / TENSORS).read_bytes())
    content[-1] ^= 1
    (folder / TENSORS).write_bytes(content)
    refused(folder, r"head.safetensors is not the file its config.json was written with; copy both anew or train again")


def test_tensors_of_other_names_or_shapes(folder: Path) -> None:
    tensors(folder, heads_bias=np.zeros(3))
    refused(folder, r"holds .*'heads.bias': \(3,\)")
    tensors(folder, heads_bias=None)
    refused(folder, r"holds .*, its config.json says .*heads.bias")


def test_a_kind_of_number_that_is_not_read(folder: Path) -> None:
    import torch
    from safetensors.torch import save_file as save_torch

    held = {name: torch.from_numpy(value).bfloat16() for name, value in load_file(folder / TENSORS).items()}
    save_torch(held, folder / TENSORS)
    configured(folder, tensors_sha256=digest.of_file(folder / TENSORS))
    refused(folder, "head.safetensors is no safetensors file: 'BF16'; copy it anew or train again")


def test_half_of_a_change_to_the_encoder(folder: Path) -> None:
    configured(folder, encoder={"name": "all-MiniLM-L6-v2", "dimensions": 384, "rank": 2})
    refused(folder, r"its config.json says .*'encoder.0.mix.low': \(2, 384\)")


def test_a_pickle_in_place_of_the_tensors_is_not_run(folder: Path, tmp_path: Path) -> None:
    class Running:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    (folder / TENSORS).write_bytes(pickle.dumps(Running()))
    refused(folder, "is not the file its config.json was written with")
    configured(folder, tensors_sha256=digest.of_file(folder / TENSORS))
    refused(folder, r"head.safetensors is no safetensors file: .*; copy it anew or train again")
    assert not (tmp_path / "ran").exists()


def test_an_encoder_of_another_size_or_no_encoder(folder: Path, tmp_path: Path) -> None:
    given = read(folder)
    heads = len(given.readers.names)
    tensors(folder, heads_weight=np.zeros((heads, 12)))
    configured(folder, encoder={"name": "all-MiniLM-L6-v2", "dimensions": 12})
    refused(folder, "was fitted on vectors of 12, all-MiniLM-L6-v2 gives 384")
    configured(folder, encoder={"name": str(tmp_path / "gone"), "dimensions": 12})
    refused(folder, "no sentence-transformers model at '.*gone'")


def test_a_folder_with_numbers_of_half_the_size_is_read(folder: Path) -> None:
    before = read(folder)
    tensors(
        folder,
        **{name.replace(".", "_"): value.astype(np.float32) for name, value in load_file(folder / TENSORS).items()},
    )
    np.testing.assert_allclose(read(folder).readers.by_vector.weight, before.readers.by_vector.weight, rtol=1e-6)


def test_other_files_beside_are_no_trouble(folder: Path) -> None:
    (folder / ".gitattributes").write_text("*.safetensors filter=lfs")
    assert Detector.load(folder).threshold == read(folder).config.operating_points["specific"]
