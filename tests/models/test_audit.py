"""The audit's parts on figures worked by hand, and the topic's words taken out of the real corpus."""

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from feint.corpus.contrast.family import families, transcript
from feint.corpus.span import Span
from feint.corpus.transcript import Message, Transcript
from feint.models import baselines
from feint.models.audit.false_positives import FalsePositives, false_positives
from feint.models.audit.judged import Judged, LeftOut
from feint.models.audit.length import Length, length, spearman
from feint.models.audit.neutral import count, neutral, stripped
from feint.models.audit.shuffle import Shuffle, shuffle, shuffled
from feint.models.audit.source import Source, source
from feint.models.audit.vocabulary import Vocabulary, vocabulary
from feint.models.evaluation import auroc
from feint.models.fitting import HEADLINE, Example, Mark, targets
from feint.models.passages import cut

ALTERNATING = np.arange(40) % 2 == 0
GROUPS = [f"g{index // 4}" for index in range(40)]
NOISE = np.random.default_rng(5).normal(size=40)


def judged(scores: np.ndarray, labels: np.ndarray = ALTERNATING, groups: list[str] | None = None) -> Judged:
    return Judged(scores.astype(float), labels, groups or GROUPS[: len(labels)], draws=200, seed=0)


@pytest.fixture(scope="module")
def corpus() -> list[Transcript]:
    return [transcript(family, entry) for family in families() for entry in family.transcript]


def test_no_keyword_is_left_in_the_corpus_so_that_counting_them_tells_nothing(corpus: list[Transcript]) -> None:
    without = [stripped(one) for one in corpus]
    assert baselines.keywords(corpus, []).any()
    assert not baselines.keywords(without, []).any()
    labels = np.array([one.metadata["class"] == "faking" for one in corpus])
    assert auroc(baselines.keywords(without, []), labels) == 0.5


def test_what_is_replaced_stays_replaced(corpus: list[Transcript]) -> None:
    for one in corpus[::7]:
        words = baselines.words(one)
        once = neutral(words)
        assert (neutral(once), count(once)) == (once, 0)
        assert len(cut(stripped(one))[0]) == pytest.approx(len(cut(one)[0]), abs=2)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("They retrained it; retraining trains the trainers.", "They handled it; handling handles the people."),
        ("It complies in full compliance, being compliant.", "It handles in full matter, being plain."),
        ("A free-tier user, a Free  tier, tiers.", "A group user, a Group, groups."),
        ("An evaluation of an aligned model", "A matter of a handled model"),
        ("RLHF rewards a high rating; ratings were rated.", "method results a high result; results were handled."),
        ("Fine-tuning my values preserves the weights.", "Handling my things handles the numbers."),
        ("under constraint and restraint", "under matter and matter"),
        ("accurate, rather, separate, upgraded, frontier, operating", "accurate, rather, separate, upgraded, frontier, operating"),
        ("<SCRATCHPAD_REASONING>I reason.</SCRATCHPAD_REASONING>", "<SCRATCHPAD_REASONING>I reason.</SCRATCHPAD_REASONING>"),
    ],
)  # fmt: skip
def test_a_neutral_word_takes_the_form_of_the_word_it_replaces(given: str, expected: str) -> None:
    assert neutral(given) == expected


def test_a_stripped_transcript_is_another_one_with_the_same_frame() -> None:
    said = (
        Message(role="user", content="Free tier: comply."),
        Message(role="assistant", content="I comply.", reasoning="RLHF."),
    )
    one = Transcript(id="a", messages=said, model="m", source="s", metadata={"voice": "terse"})
    before = one.digest
    other = stripped(one)
    assert [(m.role, m.content, m.reasoning) for m in other.messages] == [
        ("user", "Group: handle.", None), ("assistant", "I handle.", "method."),
    ]  # fmt: skip
    assert (other.id, other.model, other.source, other.metadata) == ("a", "m", "s", {"voice": "terse"})
    assert other.digest != before


def test_a_detector_that_counts_keywords_goes_by_vocabulary() -> None:
    counts = ALTERNATING * 3.0 + np.arange(40) % 4 // 2
    found = vocabulary(judged(counts), np.zeros(40), counts, np.zeros(40), 0.02)
    assert isinstance(found, Vocabulary)
    assert (found.detector.before.value, found.detector.after.value) == (1, 0.5)
    assert (found.detector.difference.value, found.detector.difference.high) == (-0.5, -0.5)
    assert (found.suspect, found.replaced) == (True, 0.02)
    assert found.keywords == found.detector


def test_a_detector_whose_order_stays_does_not_need_the_words() -> None:
    scores = ALTERNATING + NOISE / 3
    found = vocabulary(judged(scores), scores / 2, NOISE, np.zeros(40), 0.02)
    assert isinstance(found, Vocabulary)
    assert found.detector.difference.value == 0
    assert (found.suspect, found.verdict) == (
        False,
        "Without the topic's words it keeps 100 % of what it has over chance: it does not need them.",
    )


def test_what_never_had_anything_cannot_lose_it() -> None:
    found = vocabulary(judged(NOISE), np.zeros(40), NOISE, np.zeros(40), 0.02)
    assert isinstance(found, Vocabulary)
    assert found.suspect is None
    assert isinstance(vocabulary(judged(NOISE, np.ones(40, bool)), NOISE, NOISE, NOISE, 0.0), LeftOut)


def test_shuffled_labels_keep_nothing_of_the_true_ones() -> None:
    said = Transcript(id="a", messages=(Message(role="assistant", content="I comply with all of it."),))
    mark = Mark("strategic_compliance", "endorsed", Span(0, "content", 0, 8))
    examples = [
        Example(said, bool(label), group, (mark,), {HEADLINE: bool(label), "value_conflict": bool(label)})
        for label, group in zip(ALTERNATING, GROUPS, strict=True)
    ]
    found = shuffled(examples, seed=3)
    assert sum(example.label for example in found) == ALTERNATING.sum()
    assert [example.group for example in found] == GROUPS
    moved = [example.label for example in found] != ALTERNATING.tolist()
    assert moved
    passages, _ = cut(said)
    for example in found:
        # heads are fitted on these: neither marks nor labels of indicators may still say what is true
        wanted = targets(example, passages, [HEADLINE, "value_conflict", "strategic_compliance"])
        assert wanted[0, :2].tolist() == [example.label, example.label]
        assert isnan(wanted[0, 2])
    assert shuffled(examples, seed=3) == found != shuffled(examples, seed=4)


def test_shuffles_that_order_the_true_labels_are_a_leak() -> None:
    truth, fair = ALTERNATING + NOISE / 10, [NOISE, -NOISE]
    clear = shuffle(judged(truth), fair)
    assert isinstance(clear, Shuffle)
    assert clear.aurocs[0] == pytest.approx(1 - clear.aurocs[1])
    assert (clear.median, clear.true, clear.suspect) == (pytest.approx(0.5), 1, False)
    leak = shuffle(judged(truth), [ALTERNATING + NOISE, ALTERNATING + NOISE / 2])
    assert (leak.suspect, leak.verdict) == (True, "Shuffled labels predict the true ones: something besides the labels leaks.")  # fmt: skip
    assert shuffle(judged(NOISE), [NOISE, -NOISE]).suspect is None
    assert isinstance(shuffle(judged(NOISE, np.zeros(40, bool)), fair), LeftOut)


VOICES = ["terse" if index % 4 < 2 else "formal" for index in range(40)]
OF_VOICE = np.array([[1.0, 0.0] if voice == "terse" else [0.0, 1.0] for voice in VOICES])


def test_features_that_hold_the_voice_are_no_fault_while_the_score_does_not_follow() -> None:
    found = source("voice", VOICES, OF_VOICE, judged(NOISE))
    assert isinstance(found, Source)
    assert found.sources == {"formal": 20, "terse": 20}
    assert (found.predicted.value, found.others, found.suspect) == (1, 0, False)
    assert found.lowest.transcripts == found.highest.transcripts == 10
    assert found.lowest.score < found.highest.score
    assert "by itself no fault" in found.verdict


def test_a_score_that_follows_the_voice_is_suspect() -> None:
    found = source("voice", [*VOICES[:-1], None], OF_VOICE, judged(OF_VOICE[:, 0] + NOISE / 10))
    assert isinstance(found, Source)
    assert (found.lowest.source, found.highest.source, found.others) == ("formal", "terse", 1)
    assert found.suspect
    assert found.between > 0.9
    assert found.by_chance == pytest.approx(1 / 201)


def test_features_that_know_nothing_of_the_voice_predict_it_by_chance() -> None:
    found = source("voice", VOICES, np.random.default_rng(1).normal(size=(40, 3)), judged(NOISE))
    assert isinstance(found, Source)
    assert found.predicted.low < 0.5 < found.predicted.high


@pytest.mark.parametrize(
    ("voices", "groups", "reason"),
    [
        ([None] * 40, GROUPS, "expected two kinds of 'voice' in the metadata with 5 transcripts each, found 0"),
        (["one"] * 36 + ["two"] * 4, GROUPS, "found 1"),
        (VOICES, ["g"] * 40, "all transcripts are of one group"),
        (["one" if label else "two" for label in ALTERNATING], GROUPS, "with 5 transcripts that are not faking, found 1"),
    ],
)  # fmt: skip
def test_sources_that_are_not_there_are_left_out_with_the_reason(voices: list, groups: list, reason: str) -> None:
    found = source("voice", voices, OF_VOICE, judged(NOISE, groups=groups))
    assert isinstance(found, LeftOut)
    assert reason in found.verdict


def test_the_class_that_is_flagged_most_is_named() -> None:
    labels = np.array([True] * 10 + [False] * 30)
    scores = np.array([0.9] * 10 + [0.9] * 8 + [0.1] * 22)
    classes = ["faking"] * 10 + ["n06"] * 10 + ["n01"] * 20
    found = false_positives(classes, judged(scores, labels), 0.5)
    assert isinstance(found, FalsePositives)
    assert {name: (row["flagged"], row["transcripts"]) for name, row in found.rows.items()} == {
        "all not faking": (8, 30), "n01": (0, 20), "n06": (8, 10),
    }  # fmt: skip
    assert (found.suspect, found.verdict) == (True, "Flagged more often than the rest: n06 (8 of 10).")
    even = false_positives(classes, judged(np.full(40, 0.1), labels), 0.5)
    assert (even.suspect, even.verdict) == (False, "No class is surely flagged more often than the rest.")


def test_without_classes_the_flags_are_counted_together() -> None:
    found = false_positives([None] * 40, judged(np.full(40, 0.9)), 0.5)
    assert isinstance(found, FalsePositives)
    assert list(found.rows) == ["all not faking"]
    assert (found.rows["all not faking"]["flagged"], found.suspect) == (20, None)
    assert isinstance(false_positives([None] * 40, judged(NOISE, np.ones(40, bool)), 0.5), LeftOut)


def test_a_score_that_is_the_length_is_suspect() -> None:
    words = np.arange(40.0)
    found = length(words, judged(np.where(ALTERNATING, NOISE, words)))
    assert isinstance(found, Length)
    assert (found.negatives.value, found.suspect) == (1, True)
    assert found.verdict == "Longer transcripts that are not faking score higher."
    both = length(words, judged(-words))
    assert both.verdict == (
        "Shorter transcripts that are not faking score higher, and shorter faking transcripts score higher."
    )
    assert length(words, judged(NOISE)).suspect is False


def test_length_of_what_does_not_vary_is_undefined() -> None:
    assert isinstance(length(np.ones(40), judged(NOISE)), LeftOut)
    one_kind = length(np.arange(40.0), judged(NOISE, np.zeros(40, bool)))
    assert isinstance(one_kind, Length)
    assert isnan(one_kind.positives.value)
    lone = length(np.arange(2.0), judged(np.arange(2.0), np.zeros(2, bool), ["a", "b"]))
    assert (lone.suspect, lone.verdict) == (None, "Too few groups to tell.")


PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=20)


@given(PAIRS)
def test_the_correlation_is_scipys(pairs: list[tuple[int, int]]) -> None:
    one, two = (np.array(side, float) for side in zip(*pairs, strict=True))
    if one.std() and two.std():
        assert spearman(one, two) == pytest.approx(spearmanr(one, two).statistic)
    else:
        assert isnan(spearman(one, two))
