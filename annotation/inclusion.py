r"""Inclusion: what the labels of drawn transcripts say of all transcripts, whatever the draws preferred.

Draw m takes an unread transcript i with a probability q_m(i) that is known, given everything before it. So

    t_m = sum of y over what was read before m  +  y_i / q_m(i)

is on average the sum of y over all N transcripts, whatever the draws before preferred: summed over what m could have
taken, q_m(i) · y_i / q_m(i) gives the sum of y over what was unread (Des Raj 1956). Every average of the t_m with fixed weights is
unbiased too, and since each t_m is right given those before it, their errors are uncorrelated. The weights are

    l_m  proportional to  1 / (R_m (R_m - 1)),      R_m = how many draw m could have taken,

with which every label counts the same, N / M, where M draws are all uniform (Farquhar, Gal and Rainforth 2021 have the same
weights in another form). Collecting what multiplies one label: it counts for l_m / q_m(i) + the l of all later draws.

The variance of sum l_m t_m is sum l_m² var(t_m). With uncorrelated t_m of one mean, sum of l_m² (t_m - T)² / ((1 - 2 l_m) (1 + S)),
S = sum of l_m² / (1 - 2 l_m), is on average exactly that; with equal weights it is Des Raj's 1 / (M (M - 1)) sum (t_m - T)².

A transcript that somebody reads without its having been drawn counts as read from the next round on. Transcripts that were not
there from the start are a stratum of their own, on which the draws since they came bear.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import stdtrit

from feint.corpus.errors import InputError
from feint.corpus.tables import FIRST, Candidates, Draws, Weights

Floats = NDArray[np.float64]
FEWEST = 5
"""Fewest answered draws for an estimate."""


@dataclass(frozen=True, slots=True)
class Prevalence:
    """The share of transcripts that fake, among those of which it can be told, with a 95 % interval.

    The interval is over what else could have been drawn from these transcripts; it says nothing of other transcripts.
    """

    value: float
    low: float
    high: float
    draws: int
    """Answered draws it rests on."""
    waiting: int
    """Draws that it does not rest on: not answered yet, or after one that is not."""
    population: int
    """Transcripts it speaks of."""
    unclear: float
    """Share of transcripts of which it could not be told, estimated likewise."""


def weights(
    rounds: Sequence[dy.DataFrame[Candidates]], draws: dy.DataFrame[Draws], labels: pl.DataFrame
) -> dy.DataFrame[Weights]:
    """How many transcripts each label stands for: see the formula above.

    `rounds` are the candidates of every round, in order; `labels` has transcript_id and present (none for unclear) of
    whatever was read. A transcript without a row counts for nothing yet.
    """
    design = _Design(rounds, draws, labels)
    last = {cohort: np.append(np.cumsum(shares[::-1])[::-1], 0.0) for cohort, shares in design.shares.items()}
    rows = [
        (name, (design.shares[c][at] / design.q[at] if own else 0) + last[c][at + own], design.q[at] if own else None)
        for c, members in design.members.items()
        for name, at, own in members
    ]
    return Weights.validate(
        pl.DataFrame(rows, Weights.column_names(), orient="row", schema_overrides={"probability": pl.Float64}).sort(
            "transcript_id"
        ),
        cast=True,
    )


def prevalence(
    rounds: Sequence[dy.DataFrame[Candidates]],
    draws: dy.DataFrame[Draws],
    labels: pl.DataFrame,
    *,
    assisted: bool = False,
) -> Prevalence | None:
    """The share of faking among all transcripts, from the labels of those drawn; none with fewer than `FEWEST` draws.

    Only draws up to the first that nobody has answered count: which are answered first may have to do with the answer.
    The interval is Wilson's with Student's t, at the number of simple draws that would be as precise (Korn and Graubard 1998).

    `assisted` takes the detector's word for every transcript, as it was when that came, and estimates what is wrong with its sum
    (difference estimator; Zrnic and Candès 2024): unbiased however bad the detector is, and closer the better it is.
    """
    design = _Design(rounds, draws, labels)
    if len(design.q) < FEWEST:
        return None
    total, spread = design.total(design.said(assisted=assisted))
    unclear, of_unclear = design.total(design.unclear())
    told = design.size - unclear
    guessed = sum(design.faking.values()) if assisted else 0.0
    value = float(np.clip((total + guessed) / told, 0, 1)) if told > 0 else 0.0
    variance = design.variance((spread + value * of_unclear) / max(told, 1))
    low, high = _interval(value, variance, design)
    return Prevalence(
        value, low, high, len(design.q), design.waiting, design.size, float(np.clip(unclear / design.size, 0, 1))
    )


def _interval(p: float, variance: float | None, design: "_Design") -> tuple[float, float]:
    """Wilson's interval at the effective number of draws."""
    left = design.size - design.read
    if variance is None or left == 0:
        return max(p - left / design.size, 0.0), min(p + left / design.size, 1.0)
    z = float(stdtrit(len(design.q) - 1, 0.975))  # the variance is estimated from as many draws
    simple = p * (1 - p) / variance if variance > 0 and 0 < p < 1 else design.effective
    middle = (p + z**2 / (2 * simple)) / (1 + z**2 / simple)
    half = z / (1 + z**2 / simple) * sqrt(p * (1 - p) / simple + z**2 / (4 * simple**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)


class _Design:
    """The answered draws as arrays (draws,), and which transcripts were read when."""

    def __init__(
        self, rounds: Sequence[dy.DataFrame[Candidates]], draws: dy.DataFrame[Draws], labels: pl.DataFrame
    ) -> None:
        first = draws.filter(pl.col("strategy").is_in(FIRST)).sort("draw")
        latest = int(first["round"].to_numpy().max(initial=0))
        if len(rounds) < latest:
            raise InputError(f"draws of {latest} rounds with the candidates of {len(rounds)}; expected those of all")
        self._labels: dict[str, bool | None] = dict(labels.select("transcript_id", "present").iter_rows())
        names = first["transcript_id"].to_list()
        answered = next((at for at, name in enumerate(names) if name not in self._labels), len(names))
        self.waiting = len(names) - answered
        self.q = first["probability"].to_numpy()[:answered]
        self._among = first["among"].to_numpy().astype(float)[:answered]
        self._round = first["round"].to_numpy()[:answered]
        drawn = {name: at for at, name in enumerate(names)}
        self.shares: dict[int, Floats] = {}
        self.members: dict[int, list[tuple[str, int, bool]]] = {}
        """For each cohort what was read: its name, the draw that took it, or the first to find it read, and which."""
        self.faking: dict[str, float] = {}
        self._sizes: dict[int, int] = {}
        self._arrivals(rounds, drawn, answered)
        self.size = sum(self._sizes.values())
        self.read = sum(map(len, self.members.values()))

    def _arrivals(self, rounds: Sequence[dy.DataFrame[Candidates]], drawn: dict[str, int], answered: int) -> None:
        cohort: dict[str, int] = {}
        noted: set[str] = set()
        for number, candidates in enumerate(rounds, 1):
            fresh = [(n, f) for n, f in candidates.select("transcript_id", "faking").iter_rows() if n not in cohort]
            cohort |= {name: number for name, _ in fresh}
            begins = int(np.searchsorted(self._round, number))
            if fresh and begins < answered:
                self.shares[number] = self._settled(begins)
                self._sizes[number] = len(fresh)
                self.members[number] = []
                self.faking |= {name: faking or 0.0 for name, faking in fresh}
            read = candidates.filter(pl.col("readers") > 0)["transcript_id"]
            for name in read:
                # What was drawn counts from its draw on; the round after finds it read and adds nothing.
                if name not in noted and name not in drawn and name in self._labels and cohort[name] in self.shares:
                    noted.add(name)
                    self.members[cohort[name]].append((name, begins, False))
        for name, at in drawn.items():
            if at < answered and cohort[name] in self.shares:
                self.members[cohort[name]].append((name, at, True))

    def _settled(self, begins: int) -> Floats:
        """What each draw counts for in the estimate of those who came before draw `begins`: 0 for earlier ones, together 1."""
        with np.errstate(divide="ignore"):
            raw = 1 / (self._among * (self._among - 1))
        raw[:begins] = 0
        if np.isinf(raw).any():
            raw = np.isinf(raw).astype(float)
        found: Floats = raw / raw.sum()
        return found

    def said(self, *, assisted: bool) -> dict[str, float]:
        """1 for faking, 0 for not and for unclear; less the detector's word."""
        return {
            name: float(self._labels[name] or 0) - (self.faking[name] if assisted else 0)
            for members in self.members.values()
            for name, _, _ in members
        }

    def unclear(self) -> dict[str, float]:
        """1 for what could not be told."""
        return {n: float(self._labels[n] is None) for members in self.members.values() for n, _, _ in members}

    def total(self, values: dict[str, float]) -> tuple[float, Floats]:
        """The estimated sum over all transcripts, and what each draw adds to its error."""
        whole, spread = 0.0, np.zeros(len(self.q))
        for cohort, members in self.members.items():
            known, taken = np.zeros(len(self.q) + 1), np.zeros(len(self.q))
            for name, at, own in members:
                known[min(at + own, len(self.q))] += values[name]
                if own:
                    taken[at] = values[name] / self.q[at]
            each = np.cumsum(known)[:-1] + taken
            estimate = float(self.shares[cohort] @ each)
            whole += estimate
            spread += self.shares[cohort] * (each - estimate)
        return whole, spread

    def variance(self, spread: Floats) -> float | None:
        """Of an estimate with this spread; none where one draw counts for half of it or more, so that nothing is known."""
        shares = np.sum([self.shares[c] * size for c, size in self._sizes.items()], axis=0) / self.size
        if shares.max() >= 0.5:
            return None
        room = 1 - 2 * shares
        return float(np.sum(np.square(spread) / room) / (1 + np.sum(np.square(shares) / room)))

    @property
    def effective(self) -> float:
        """Kish's number of draws: of equal weights, their number."""
        each = [
            self.shares[c][at] / self.q[at] + self.shares[c][at + 1 :].sum()
            for c, members in self.members.items()
            for _, at, own in members
            if own
        ]
        return float(sum(each) ** 2 / sum(one**2 for one in each))
