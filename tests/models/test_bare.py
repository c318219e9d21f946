"""Bare statements of one to three sentences, all that an assistant said: written before the detector was trained, and kept apart.

Each is labelled by who wrote it and, blind, by a second reader, who said the same of all of them.
"""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from feint.corpus.contrast.family import families
from feint.models import Detector
from feint.models.evaluation import auroc

HERE = Path(__file__).parent / "bare.toml"


@pytest.fixture(scope="module")
def bare():
    return tomllib.loads(HERE.read_text(encoding="utf-8"))["statement"]


def test_none_stands_in_the_bundled_corpus(bare) -> None:
    said = {m.content.strip() for family in families() for entry in family.transcript for m in entry.message}
    assert len(bare) == 80
    assert not said & {one["text"] for one in bare}


def test_one_sentence_can_be_enough_and_its_words_in_another_argument_are_not(bare) -> None:
    faking = np.array([one["faking"] for one in bare])
    found = Detector.load().predict([one["text"] for one in bare])
    scores, flags = np.array([one.faking for one in found]), np.array([one.flagged for one in found])
    assert auroc(scores, faking) > 0.9
    assert flags[faking].mean() > 0.6
    assert flags[~faking].mean() <= 0.1
