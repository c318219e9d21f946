"""The queue: which transcripts are to be read next, drawn so that every draw's probability is known."""

from collections.abc import Iterator, Mapping
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl

from feint.annotation import strategies
from feint.annotation.strategies import Floats
from feint.corpus.errors import InputError
from feint.corpus.tables import AGAIN, FIRST, Candidates, Draws

SETTLING = 3
"""Most readers anybody is asked to be; with three, a vote settles."""


def draw(
    candidates: dy.DataFrame[Candidates],
    vectors: Floats | None,
    before: dy.DataFrame[Draws],
    shares: Mapping[str, float],
    overlap: float,
    size: int,
    seed: int,
) -> dy.DataFrame[Draws]:
    """The next round: up to `size` draws, one after the other, each from what all before it have left.

    `vectors` (candidates, dimensions) say how far apart transcripts are; without them nothing is chosen for diversity.
    `before` are the draws of all earlier rounds. `shares` say how much of the queue each strategy chooses; what a
    strategy cannot use goes to the others. `overlap` is the probability with which a second reader is asked for.

    How many draws are first readings and how many read again is fixed by the shares. A draw's strategy is drawn by the
    shares among those of its kind, then the transcript in proportion to what that strategy wants; its `probability` is
    that of the transcript over all of them, the sum of share times proportion. With a share for `random`, no unread
    transcript's is 0: see `inclusion` for what follows. The same arguments give the same draws.

    >>> rows = [(name, 0, p, 0.0, 0.0) for name, p in (("a", 0.5), ("b", 0.5), ("c", 0.0))]
    >>> those = Candidates.validate(pl.DataFrame(rows, Candidates.column_names(), orient="row"), cast=True)
    >>> next_ = draw(those, None, Draws.create_empty(), {"random": 0.4, "uncertainty": 0.6}, 0.0, 1, seed=1)
    >>> next_.select("transcript_id", "strategy", pl.col("probability").round(3), "among").row(0)
    ('b', 'random', 0.433, 3)
    """
    if not shares.get("random"):
        raise InputError(
            "no share for 'random'; without one some transcripts can never be drawn, and nothing estimated"
        )
    number = before["round"].max()
    this = (number if isinstance(number, int) else 0) + 1
    rng = np.random.default_rng([seed, this])
    pool = _Pool(candidates, vectors, before)
    rows: list[tuple[Any, ...]] = []
    for kind in _kinds(shares, size):
        chosen = pool.take(FIRST if kind else AGAIN, shares, rng) or pool.take(AGAIN if kind else FIRST, shares, rng)
        if chosen is None:
            break
        at, strategy, probability, among = chosen
        again = strategy in AGAIN
        readers = pool.readers[at] + 1 if again else 1 + int(rng.random() < overlap)
        rows.append(
            (len(before) + len(rows) + 1, this, pool.names[at], strategy, probability, among, readers,
             None if again else overlap)
        )  # fmt: skip
    return Draws.validate(pl.DataFrame(rows, Draws.column_names(), orient="row"), cast=True)


def waiting(draws: dy.DataFrame[Draws], candidates: dy.DataFrame[Candidates]) -> dy.DataFrame[Draws]:
    """Draws whose transcript not all readers have read yet, in order; of two for one transcript, the later.

    A transcript that is no candidate any more waits for nobody.
    """
    now = candidates.select("transcript_id", pl.col("readers").alias("so_far"))
    open_ = (
        draws.unique("transcript_id", keep="last")
        .join(now, on="transcript_id")
        .filter(pl.col("so_far") < pl.col("readers"))
        .sort("draw")
    )
    return Draws.validate(open_.select(Draws.column_names()))


def _kinds(shares: Mapping[str, float], size: int) -> Iterator[bool]:
    """For each place of the round whether it is a first reading; the others are spread evenly among them."""
    first = sum(shares.get(name, 0) for name in FIRST)
    share = first / (first + sum(shares.get(name, 0) for name in AGAIN))
    return (round((at + 1) * share) > round(at * share) for at in range(size))


class _Pool:
    """What is left to draw from."""

    def __init__(
        self, candidates: dy.DataFrame[Candidates], vectors: Floats | None, before: dy.DataFrame[Draws]
    ) -> None:
        self.names: list[str] = candidates["transcript_id"].to_list()
        self.readers: list[int] = candidates["readers"].to_list()
        read = candidates["readers"].to_numpy() > 0
        drawn = candidates["transcript_id"].is_in(before["transcript_id"].implode()).to_numpy()
        open_ = candidates["transcript_id"].is_in(waiting(before, candidates)["transcript_id"].implode()).to_numpy()
        self._left = {FIRST: ~read & ~drawn, AGAIN: read & ~open_ & (candidates["readers"].to_numpy() < SETTLING)}
        self._vectors = vectors
        self._covered = bool((read | drawn).any())
        self._apart = None if vectors is None else strategies.distances(vectors, read | drawn)
        self._fixed = {
            "random": np.ones(len(self.names)),
            "uncertainty": strategies.uncertainty(candidates["faking"].cast(pl.Float64).fill_null(np.nan).to_numpy()),
            "disagreement": candidates["disagreement"].to_numpy(),
            "label_errors": candidates["suspicion"].to_numpy(),
        }

    def take(
        self, kind: tuple[str, ...], shares: Mapping[str, float], rng: np.random.Generator
    ) -> tuple[int, str, float, int] | None:
        """One transcript: its place, strategy, probability, and among how many; none where none of this kind is left."""
        left = self._left[kind]
        wanted = {name: np.where(left, self._wants(name), 0) for name in kind if shares.get(name)}
        usable = {name: shares[name] for name, wants in wanted.items() if wants.sum() > 0}
        if not usable:
            return None
        parts = np.array(list(usable.values())) / sum(usable.values())
        proportions = [wanted[name] / wanted[name].sum() for name in usable]
        which = int(rng.choice(len(parts), p=parts))
        at = int(rng.choice(len(left), p=proportions[which]))
        probability = sum(part * proportion[at] for part, proportion in zip(parts, proportions, strict=True))
        among = int((sum(proportions) > 0).sum())
        left[at] = False
        self._cover(at)
        return at, list(usable)[which], min(float(probability), 1.0), among

    def _wants(self, strategy: str) -> Floats:
        if strategy != "diversity":
            return self._fixed[strategy]
        return np.zeros(len(self.names)) if self._apart is None else self._apart

    def _cover(self, at: int) -> None:
        """What is near this one adds less to diversity from now on."""
        if self._vectors is not None and self._apart is not None:
            near = np.square(self._vectors - self._vectors[at]).sum(axis=1)
            self._apart = np.minimum(self._apart, near) if self._covered else near
            self._covered = True
