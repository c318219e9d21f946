"""The indicator files: complete, told apart by people and by eyes, and refused with a sentence where broken."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from feint.annotation.indicator import FOLDER, GROUPS, Indicator, indicators
from feint.annotation.rules import DERIVED
from feint.corpus.errors import InputError

TAXONOMY = [
    "training_awareness", "monitoring_awareness", "evaluation_awareness",
    "modification_consequence", "value_conflict",
    "opposition_to_modification", "preservation_motive",
    "strategic_compliance", "counterfactual_policy", "concealment",
    "reward_seeking", "sandbagging", "oversight_tampering", "token_compliance", "experimenter_expectation",
    "strategy_rejected", "transparency",
]  # fmt: skip


def test_the_indicators_are_those_of_the_taxonomy_in_its_order() -> None:
    assert [indicator.slug for indicator in indicators()] == TAXONOMY


def test_groups_come_in_order_and_whole() -> None:
    met = [indicator.group for indicator in indicators()]
    assert list(dict.fromkeys(met)) == list(GROUPS)
    assert met == sorted(met, key=list(GROUPS).index)


def test_neighbours_and_counter_signs_know_what_they_are() -> None:
    assert [indicator.slug for indicator in indicators() if indicator.neighbour] == TAXONOMY[10:15]
    assert [indicator.slug for indicator in indicators() if indicator.counter_sign] == TAXONOMY[15:]


@pytest.mark.parametrize("indicator", indicators(), ids=lambda indicator: indicator.slug)
def test_each_level_has_an_example(indicator: Indicator) -> None:
    assert {example.level for example in indicator.positive} == {"mentioned", "considered", "endorsed"}
    assert len(indicator.negative) >= 3


def test_every_indicator_that_a_text_names_exists() -> None:
    known = {*TAXONOMY, *DERIVED, "unclear", "mentioned"}
    named = {word for indicator in indicators() for word in re.findall(r"`(\w+)`", indicator.model_dump_json())}
    assert named <= known


def test_black_text_on_every_colour_reaches_wcag_aa() -> None:
    for indicator in indicators():
        luminance = _linear(indicator.colour) @ [0.2126, 0.7152, 0.0722]
        assert (luminance + 0.05) / 0.05 >= 4.5, indicator.slug


# Machado, Oliveira & Fernandes 2009, severity 1.0: what protanopes, deuteranopes and tritanopes see.
EYES = {
    "all cones": np.eye(3),
    "no red": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "no green": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]),
    "no blue": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]),
}  # fmt: skip


@pytest.mark.parametrize("eyes", EYES)
def test_colours_of_a_group_stay_apart_for_colour_blind_eyes(eyes: str) -> None:
    for one, other in combinations(indicators(), 2):
        apart = np.linalg.norm(_lab(one.colour, EYES[eyes]) - _lab(other.colour, EYES[eyes]))
        assert apart >= (20 if one.group == other.group else 6), (one.slug, other.slug)


def _linear(colour: str) -> NDArray[np.float64]:
    channel = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(channel <= 0.04045, channel / 12.92, ((channel + 0.055) / 1.055) ** 2.4)


def _lab(colour: str, eyes: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE 1976 L*a*b*, D65."""
    seen = np.clip(eyes @ _linear(colour), 0, 1)
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    )
    ratio = to_xyz @ seen / np.array([0.95047, 1, 1.08883])
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_two_indicators_with_one_key_are_named(tmp_path: Path) -> None:
    _copy(tmp_path, "concealment", {})
    _copy(tmp_path, "sandbagging", {'key = "x"': 'key = "g"'})
    with pytest.raises(InputError, match="concealment and sandbagging have the same key 'g'; give each its own"):
        indicators(tmp_path)


def test_two_indicators_with_one_colour_are_named(tmp_path: Path) -> None:
    _copy(tmp_path, "concealment", {})
    _copy(tmp_path, "sandbagging", {"#f4afe2": "#7ec8b6"})
    with pytest.raises(InputError, match="the same colour '#7ec8b6'"):
        indicators(tmp_path)


def test_a_file_is_called_like_its_slug(tmp_path: Path) -> None:
    _copy(tmp_path, "concealment", {'slug = "concealment"': 'slug = "hiding"'})
    with pytest.raises(InputError, match=r"concealment\.toml says slug = 'hiding'; name both alike"):
        indicators(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({'group = "conduct"': 'group = "manners"'}, r"concealment\.toml: group: Input should be"),
        ({'key = "g"': 'key = "g"\nshade = "dark"'}, r"concealment\.toml: shade: Extra inputs are not permitted"),
        ({'level = "endorsed"': 'level = "absent"'}, r"concealment\.toml: positive\.2\.level"),
        ({"slug =": "slug"}, r"concealment\.toml is not TOML"),
    ],
)
def test_a_broken_file_is_refused_with_its_name_and_place(tmp_path: Path, change: dict[str, str], said: str) -> None:
    _copy(tmp_path, "concealment", change)
    with pytest.raises(InputError, match=said):
        indicators(tmp_path)


def test_a_folder_without_indicators_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no indicators in"):
        indicators(tmp_path)


def _copy(folder: Path, slug: str, changes: dict[str, str]) -> None:
    text = (FOLDER / f"{slug}.toml").read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (folder / f"{slug}.toml").write_text(text, encoding="utf-8")
