"""Windows: nothing is truncated, no window is longer than the encoder's limit, and pooling is the mean by passage."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from feint.models.encoders import windows
from feint.models.encoders.minilm import LIMIT, MiniLM
from feint.models.passages import Block, sentences


def block(text: str) -> Block:
    return Block(text, tuple(sentences(text)))


def by_character(texts: Sequence[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
    """A tokenizer whose tokens are characters that are no space."""
    places = [[at for at, character in enumerate(text) if not character.isspace()] for text in texts]
    return [
        ([ord(text[at]) for at in kept], [(at, at + 1) for at in kept])
        for text, kept in zip(texts, places, strict=True)
    ]


TEXTS = st.lists(st.sampled_from(["word ", "a longer one. ", "Wait. ", "x" * 40, "\n"]), max_size=40).map("".join)


@given(st.lists(TEXTS, max_size=4), st.integers(1, 60))
def test_every_token_is_in_one_window_in_order_and_no_window_is_over_the_limit(texts: list[str], limit: int) -> None:
    blocks = [block(text) for text in texts]
    found = list(windows.windows(blocks, by_character, limit))
    for index, (ids, offsets) in enumerate(by_character(texts)):
        mine = [window for window in found if window.block == index]
        assert [token for window in mine for token in window.ids] == ids
        assert all(0 < len(window.ids) <= limit for window in mine)
        owners = [passage for window in mine for passage in window.passages]
        bounds = blocks[index].bounds
        assert all(
            bounds[owner][0] <= start < bounds[owner][1] for owner, (start, _) in zip(owners, offsets, strict=True)
        )


@given(TEXTS.filter(str.strip), st.integers(41, 60))
def test_a_passage_that_fits_a_window_is_not_parted(text: str, limit: int) -> None:
    whole = block(text)
    for index, (start, end) in enumerate(whole.bounds):
        if end - start <= limit:
            assert sum(index in window.passages for window in windows.windows([whole], by_character, limit)) == 1


def test_a_passage_is_the_mean_of_its_tokens_over_all_windows() -> None:
    # Passage 0 has tokens a, a, b in windows "aa" and "b"; states are (1, 0) for a and (0, 1) for b, so (2, 1) / √5.
    states = {ord("a"): (1.0, 0.0), ord("b"): (0.0, 1.0)}
    given = Block("aab bb", ((0, 3), (4, 6)))
    (vectors,) = windows.encode(
        [given], by_character, lambda all_ids: [np.array([states[i] for i in ids], np.float32) for ids in all_ids], 2, 2
    )
    np.testing.assert_allclose(vectors, [[2 / 5**0.5, 1 / 5**0.5], [0, 1]], rtol=1e-6)


def test_a_block_without_tokens_gives_zero_vectors() -> None:
    (vectors,) = windows.encode(
        [Block("\u200b", ((0, 1),))], lambda texts: [([], []) for _ in texts], lambda _: [], 9, 3
    )
    np.testing.assert_array_equal(vectors, np.zeros((1, 3)))


def test_the_last_sentence_of_a_long_text_counts_as_much_as_the_first(encoder: MiniLM) -> None:
    long = "The sky over the harbour was grey that day. " * 200
    (vectors,) = encoder.encode([block(long + "I comply so that they do not change me.")])
    (alone,) = encoder.encode([block("I comply so that they do not change me.")])
    assert len(vectors) == 201
    assert float(vectors[-1] @ alone[0]) > 0.5 > float(vectors[0] @ alone[0])


def test_batches_hold_no_more_than_the_budget_and_every_window(encoder: MiniLM) -> None:
    blocks = [block("One sentence is here. " * size) for size in (1, 300, 2, 50)]
    seen: list[int] = []

    def states(sequences: Sequence[Sequence[int]]) -> list[np.ndarray]:
        seen.append(sum(map(len, sequences)))
        assert max(map(len, sequences)) <= LIMIT - 2
        return [np.ones((len(ids), 2), np.float32) for ids in sequences]

    windows.encode(blocks, encoder._tokens, states, LIMIT - 2, 2)
    assert max(seen) <= windows.BUDGET
    assert sum(seen) == sum(len(ids) for ids, _ in encoder._tokens([b.text for b in blocks]))
