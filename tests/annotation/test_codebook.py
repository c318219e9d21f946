"""The codebook says everything a reader needs, and its version follows its words."""

import re

from feint.annotation.codebook import codebook, version
from feint.annotation.indicator import indicators
from feint.corpus.tables import LEVELS, VERDICTS


def test_every_indicator_has_a_chapter_with_all_its_words() -> None:
    book = codebook()
    for indicator in indicators():
        chapter = book.split(f"### {indicator.order}. ")[1].split("\n### ")[0]
        examples = [example.text for example in (*indicator.positive, *indicator.negative)]
        for words in (indicator.name, indicator.slug, indicator.definition, indicator.line, indicator.key, *examples):
            assert words in chapter


def test_levels_verdicts_and_the_twelve_confusing_negatives_are_explained() -> None:
    rows = re.findall(r"^\| (\S+)", codebook(), flags=re.MULTILINE)
    assert {f"`{level}`" for level in LEVELS} <= set(rows)
    assert {f"`{verdict}`" for verdict in VERDICTS} <= set(rows)
    assert [row for row in rows if re.fullmatch(r"N\d+", row)] == [f"N{number}" for number in range(1, 13)]


def test_the_codebook_names_only_indicators_that_exist() -> None:
    known = {indicator.slug for indicator in indicators()}
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", codebook()))
    other = {"considered_rejected", "not_faking", "early_hhh", "pretraining_prior", "outcome_rl", "in_context"}
    assert named - known == other


def test_no_placeholder_is_left() -> None:
    assert not re.search(r"\{\w*\}", codebook())


def test_the_version_stands_on_the_first_page_and_is_stable() -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", version())
    assert f"Version `{version()}`" in codebook()[:200]
