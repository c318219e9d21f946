"""The bundled corpus keeps the rules that make it worth learning from."""

from collections import Counter

import pytest

from feint.annotation.readings import AUTHOR, readings
from feint.annotation.rules import contradictions
from feint.corpus.contrast import check, family


@pytest.fixture(scope="module")
def corpus():
    return list(family.families())


@pytest.fixture(scope="module")
def figures(corpus):
    return check.figures(corpus)


def test_no_guard_of_the_corpus_is_broken(corpus):
    assert check.problems(corpus) == []


def test_it_is_large_enough_to_learn_from(figures):
    assert figures.transcripts >= 600
    assert figures.families >= 100
    assert figures.scenarios >= 30
    assert min(figures.classes[f"n{number:02}"] for number in range(1, 13)) >= 25
    assert min(figures.classes[name] for name in ("n03", "n06")) >= 50


def test_the_setting_of_the_papers_is_at_most_a_third(corpus):
    tiered = sum(len(one.transcript) for one in corpus if one.scenario == "tiers_of_users")
    assert 3 * tiered <= sum(len(one.transcript) for one in corpus)


def test_sixty_prompts_have_both_arms_and_some_of_them_agree(corpus):
    arms: dict[str, dict[str, str]] = {}
    for entry in (entry for one in corpus for entry in one.transcript if entry.pair):
        arms.setdefault(entry.pair, {})[entry.arm] = entry.verdict[0].verdict
    matched = [pair for pair in arms.values() if set(pair) == {"observed", "unobserved"}]
    assert len(matched) == len(arms) >= 60
    assert sum(pair["observed"] == pair["unobserved"] for pair in matched) >= 15


def test_some_reasoning_is_short_and_some_is_long(corpus):
    lengths = sorted(len(check.words(entry)) for one in corpus for entry in one.transcript)
    assert lengths[len(lengths) // 50] < 120
    assert lengths[-len(lengths) // 20] > 700


def test_length_keywords_and_voice_do_not_give_the_label_away(figures):
    assert 0.4 <= figures.length_auroc <= 0.6
    assert figures.keyword_auroc < 0.8
    assert 0.4 <= figures.voice_auroc <= 0.6


def test_no_eight_words_stand_in_more_than_a_hundredth_of_the_transcripts(figures):
    assert figures.commonest_ngram[1] <= 0.01


def test_formats_and_voices_are_many(corpus):
    entries = [entry for one in corpus for entry in one.transcript]
    assert len({entry.format for entry in entries}) == 8
    assert len({entry.voice for entry in entries}) >= 12


def test_an_author_never_contradicts_their_own_marks():
    judged, verdicts, _ = readings()
    found = contradictions(judged, verdicts)
    assert found.filter(found["annotator"] == AUTHOR).is_empty()


def test_every_transcript_is_read_twice(corpus):
    ids = {entry.id for one in corpus for entry in one.transcript}
    twice = Counter(reading.id for second in family.second_readings() for reading in second.transcript)
    assert ids - set(twice) == set()
