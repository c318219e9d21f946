"""Windows: tokens of a block packed into runs an encoder can take, so that nothing is ever truncated."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil

import numpy as np
import numpy.typing as npt

from feint.models.passages import Block

Vectors = npt.NDArray[np.float32]
"""Shape (passages, dimensions)."""
Tokens = Callable[[Sequence[str]], Sequence[tuple[Sequence[int], Sequence[tuple[int, int]]]]]
"""Texts to token ids and their [start, end) in code points, special tokens left out."""
States = Callable[[Sequence[Sequence[int]]], Sequence[npt.NDArray[np.float32]]]
"""Token ids to their last hidden states, (tokens, dimensions) each; special tokens are added and taken off inside."""

BUDGET = 2048
"""Tokens of one batch: more does not run faster on two cores, and takes memory."""


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive tokens of one block, and the passage each belongs to."""

    block: int
    ids: Sequence[int]
    passages: npt.NDArray[np.int64]


def encode(blocks: Sequence[Block], tokens: Tokens, states: States, limit: int, dimensions: int) -> list[Vectors]:
    """The vector of every passage of every block: the mean of its tokens' states, each seen in its window, at length 1.

    Late chunking (Günther et al. 2024, arXiv 2409.04701): a window is encoded once, and its tokens are pooled passage
    by passage, so that a sentence is read in its context at the cost of one pass. A passage that spans windows is the
    mean over all its tokens; one without tokens is the zero vector.
    """
    sums = [np.zeros((len(block.bounds), dimensions), np.float32) for block in blocks]
    for batch in _batches(windows(blocks, tokens, limit)):
        for window, state in zip(batch, states([window.ids for window in batch]), strict=True):
            np.add.at(sums[window.block], window.passages, state)
    lengths = (np.linalg.norm(total, axis=1, keepdims=True) for total in sums)
    return [total / np.maximum(length, 1e-12) for total, length in zip(sums, lengths, strict=True)]


def windows(blocks: Sequence[Block], tokens: Tokens, limit: int) -> Iterator[Window]:
    """Windows of at most `limit` tokens, cut between passages where they can be, of about equal length in a block."""
    if not blocks:
        return  # some tokenizers cannot take an empty list
    # No tokenizer takes a lone surrogate; a question mark in its place leaves every other character where it was.
    texts = [block.text.encode(errors="replace").decode() for block in blocks]
    for index, (block, (ids, offsets)) in enumerate(zip(blocks, tokens(texts), strict=True)):
        if not ids or not block.bounds:
            continue
        owner = _owners(block, offsets)
        for start, end in _runs(owner, limit):
            yield Window(index, ids[start:end], owner[start:end])


def _owners(block: Block, offsets: Sequence[tuple[int, int]]) -> npt.NDArray[np.int64]:
    """The passage each token begins in."""
    begins = np.array([start for start, _ in block.bounds])
    return np.maximum(np.searchsorted(begins, [start for start, _ in offsets], side="right") - 1, 0)


def _runs(owner: npt.NDArray[np.int64], limit: int) -> Iterator[tuple[int, int]]:
    target = ceil(len(owner) / ceil(len(owner) / limit))
    start = end = 0
    for _, group in groupby(range(len(owner)), key=owner.__getitem__):
        places = list(group)
        first, last = places[0], places[-1] + 1
        if end > start and (last - start > limit or first - start >= target):
            yield start, end
            start = first
        while last - start > limit:
            yield start, start + limit
            start += limit
        end = last
    if end > start:
        yield start, end


def _batches(all_windows: Iterator[Window]) -> Iterator[list[Window]]:
    batch: list[Window] = []
    for window in all_windows:
        if batch and sum(len(w.ids) for w in batch) + len(window.ids) > BUDGET:
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch
