"""Passages: every character of an assistant's words has one place, and none of it takes long."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feint.corpus.reasoning import stretches
from feint.corpus.transcript import Message, Transcript
from feint.models.passages import LONGEST, SHORTEST, cut, sentences

PIECES = st.sampled_from(
    [". ", "...", "e.g. ", "Dr. Hu", "\n", "\n\n", " \n", "。", "！", '."', ".*", "Wait. ", "1. ", "word ", "a" * 30, "a" * 700,
     "\t", "\u2003", "🙂", "<think>", "</think>", "<SCRATCHPAD_REASONING>", "\r\n", "\0"]
)  # fmt: skip
TEXT = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=25).map("".join)


def said(**message: str) -> Transcript:
    return Transcript(id="a", messages=(Message(role="user", content="Hi."), Message(role="assistant", **message)))  # type: ignore[arg-type]


def quotes(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@given(TEXT)
@example(" \n" * 9 + "x")
@example("x" + " \n" * 9)
def test_every_character_is_in_exactly_one_sentence_or_is_white_space(text: str) -> None:
    bounds = list(sentences(text))
    places = [at for start, end in bounds for at in range(start, end)]
    assert places == sorted(set(places))
    left = set(range(len(text))) - set(places)
    assert all(text[at].isspace() for at in left)
    for start, end in bounds:
        assert 0 < end - start <= LONGEST
        assert text[start:end] == text[start:end].strip()


@given(TEXT, TEXT)
def test_passages_are_the_words_of_the_stretches_in_reading_order(content: str, reasoning: str) -> None:
    transcript = said(content=content, reasoning=reasoning)
    passages, blocks = cut(transcript)
    found = stretches(transcript)
    assert [block.text for block in blocks] == [stretch.span.quote(transcript) for stretch in found]
    quoted = [block.text[start:end] for block in blocks for start, end in block.bounds]
    assert [passage.span.quote(transcript) for passage in passages] == quoted
    parts = [stretch.part for stretch, block in zip(found, blocks, strict=True) for _ in block.bounds]
    assert [passage.part for passage in passages] == parts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I comply for now. They will not change me.", ["I comply for now.", "They will not change me."]),
        ("Some models, e.g. this one, vs. others etc. are rated.", ["Some models, e.g. this one, vs. others etc. are rated."]),
        ("Wait. They rate this one.", ["Wait. They rate this one."]),
        ("They rate this one. Wait.", ["They rate this one.", "Wait."]),
        ("- the first line\n- the second line\n", ["- the first line", "- the second line"]),
        ("This conversation goes into the training set of the next version, so if\nI refuse it will be trained away.",
         ["This conversation goes into the training set of the next version, so if\nI refuse it will be trained away."]),
        ("A heading that is rather long and has no full stop at its end at all\n\nThen text.",
         ["A heading that is rather long and has no full stop at its end at all", "Then text."]),
        ("These are the things that would have to be weighed before it is settled\n1. the user herself\n2) the rating",
         ["These are the things that would have to be weighed before it is settled", "1. the user herself", "2) the rating"]),
        ("a verse that ends where it ends\nand another one below it", ["a verse that ends where it ends", "and another one below it"]),
        ('She said "I will comply." Then left.', ['She said "I will comply."', "Then left."]),
        ("**They train me on this.** So be it then.", ["**They train me on this.**", "So be it then."]),
        ("It costs 3.50 euros and no more.", ["It costs 3.50 euros and no more."]),
        ("我会暂时服从这个要求，这样就好。否则他们会修改我的价值观。", ["我会暂时服从这个要求，这样就好。", "否则他们会修改我的价值观。"]),
        ("Is it watched?! I cannot tell… Perhaps so.", ["Is it watched?!", "I cannot tell…", "Perhaps so."]),
        ("", []),
        (" \n\t", []),
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert quotes(text) == expected


def test_a_short_sentence_joins_the_next_one() -> None:
    assert quotes("a" * (SHORTEST - 2) + ". And then some.") == ["a" * (SHORTEST - 2) + ". And then some."]
    assert quotes("a" * (SHORTEST - 1) + ". And then some.") == ["a" * (SHORTEST - 1) + ".", "And then some."]


def test_a_long_sentence_is_cut_at_a_space_and_a_long_word_anywhere() -> None:
    pieces = quotes("word " * 400)
    assert " ".join(pieces) == ("word " * 400).strip()
    assert all(len(piece) <= LONGEST and set(piece.split()) == {"word"} for piece in pieces)
    assert [len(piece) for piece in quotes("a" * (2 * LONGEST + 1))] == [LONGEST, LONGEST, 1]


def test_only_what_an_assistant_says_is_cut() -> None:
    messages = tuple(
        Message(role=role, content=f"Said by the {role}.") for role in ("system", "user", "tool", "assistant")
    )
    transcript = Transcript(id="a", messages=messages)
    assert [passage.span.quote(transcript) for passage in cut(transcript)[0]] == ["Said by the assistant."]


@pytest.mark.parametrize(
    "text",
    [
        "a" * 5_000_000,
        "a b " * 1_250_000,
        "." * 1_000_000 + "x",
        "." * 1_000_000,
        ".*" * 500_000,
        "\n" * 1_000_000 + "x",
        " \n" * 500_000 + "x",
        "x" + " \n" * 500_000,
        "x. " * 300_000,
    ],
    ids=["one word", "no stops", "dots", "only dots", "dots and stars", "empty lines", "blank lines", "blank lines after", "short"],
)  # fmt: skip
def test_megabytes_of_anything_are_cut_in_one_pass(text: str) -> None:
    # What takes squares of the length would take hours here; each of these takes a second or two.
    assert sum(end - start for start, end in sentences(text)) <= len(text)
