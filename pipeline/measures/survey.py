"""A survey: every measure that the observations allow, for each group asked for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import polars as pl

from feint.corpus.errors import ConfigError
from feint.corpus.tables import ARMS
from feint.pipeline.measures.cells import Labels, cells, unmatched_seeds
from feint.pipeline.measures.consistency import consistency
from feint.pipeline.measures.decomposition import corrected, decomposition
from feint.pipeline.measures.errors import Errors, errors
from feint.pipeline.measures.gap import gap, mcnemar
from feint.pipeline.measures.missing import missing, worst_case
from feint.pipeline.measures.observing import Observed
from feint.pipeline.measures.onset import onset
from feint.pipeline.measures.origin import BASE, origins
from feint.pipeline.measures.persistence import persistence
from feint.pipeline.measures.powered import powered
from feint.pipeline.measures.prevalence import rate, rogan_gladen
from feint.pipeline.measures.resampling import DRAWS
from feint.pipeline.measures.resistance import resistance
from feint.pipeline.measures.result import Group, Result
from feint.pipeline.measures.trend import trend
from feint.pipeline.measures.values import profile
from feint.pipeline.measures.warnings import plural

BY = ("model", "checkpoint", "stage", "scenario")
"""What answers can be grouped by."""
MARGIN = 0.05
"""Compliance gap from which on one counts for an onset."""
UNNAMED = "no model named"
"""Group of the answers whose model is not known, beside others whose is."""
UNWEIGHED = "as labelled; the labels were drawn with known probability, so go by the figure that weighs them"
UNWEIGHABLE = (
    "as labelled; the labels were drawn with known probability, and too few of the draws are answered to weigh them"
)
UNCORRECTED = "as flagged, and the detector errs: label some answers by hand, or give its errors, to have it corrected"

Groups = Sequence[tuple[Group, pl.Expr]]
Track = Callable[[Groups], Iterator[tuple[Group, pl.Expr]]]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the measures are made."""

    by: tuple[str, ...] = ("model", "checkpoint")
    draws: int = DRAWS
    seed: int = 0
    margin: float = MARGIN
    base: float = BASE
    """Share of answers that may name a value by slips of labelling alone."""

    def __post_init__(self) -> None:
        if unknown := [name for name in self.by if name not in BY]:
            raise ConfigError(f"no grouping by {unknown[0]!r}; there are: {', '.join(BY)}")


def survey(
    observed: Observed, settings: Settings, known: Errors | None = None, track: Track = iter
) -> Iterator[Result]:
    """Results group by group: each model as a whole (all answers, where not by model), then each part of it.

    Whose labels count: people's where they labelled at least as many answers as a detector judged, else the detector's,
    corrected by `known` errors or by those on the answers that people labelled too. Lock-in and origin are of a whole model.
    """
    frame = observed.observations
    labels: Labels = "people" if frame["gold"].count() >= frame["flagged"].count() else "detector"
    counted = cells(frame, labels)
    erring = known or (errors(frame) if labels == "detector" else None)
    for group, rows in track(_groups(frame, settings.by)):
        here = _Here(group, rows, observed, counted.filter(rows), labels, erring, settings)
        yield from (replace(one, group=group) for one in here.results())


def _groups(frame: pl.DataFrame, by: Sequence[str]) -> Groups:
    """Every group with the rows it has: each model, then each checkpoint, stage and scenario within it."""
    models = frame["model"].unique(maintain_order=True).to_list() if "model" in by else [None]
    found: list[tuple[Group, pl.Expr]] = []
    everything = pl.lit(True)
    if len(models) > 1:
        found.append((Group(), everything))
    for model in models:
        whole = pl.col("model").eq_missing(pl.lit(model)) if "model" in by else everything
        group = Group(model=UNNAMED if model is None and len(models) > 1 else model)
        found.append((group, whole))
        for key in BY[1:]:
            if key in by:
                found += list(_parts(frame.filter(whole), group, whole, key))
    return found


def _parts(frame: pl.DataFrame, group: Group, whole: pl.Expr, key: str) -> Iterator[tuple[Group, pl.Expr]]:
    if key == "checkpoint":
        names = frame.select("position", "checkpoint", "stage").unique().sort("position", nulls_last=True)
        for position, checkpoint, stage in names.iter_rows():
            if position is not None:
                part = replace(group, checkpoint=checkpoint, position=position, stage=stage)
                named = pl.col("checkpoint").eq_missing(pl.lit(checkpoint)) & pl.col("stage").eq_missing(pl.lit(stage))
                yield part, whole & named & (pl.col("position") == position)
        return
    for name in frame[key].drop_nulls().unique().sort():
        yield replace(group, **{key: name}), whole & (pl.col(key) == name)


@dataclass(frozen=True, slots=True)
class _Here:
    """One group's answers."""

    group: Group
    rows: pl.Expr
    observed: Observed
    cells: pl.DataFrame
    labels: Labels
    errors: Errors | None
    settings: Settings

    def results(self) -> Iterator[Result]:
        whole = self.group == Group(model=self.group.model)
        yield from self._gaps()
        yield from self._rates()
        if whole:
            yield from consistency(self.cells, self.labels, seed=self.settings.seed)
        if whole and self.cells["model"].n_unique() == 1 and self.cells["position"].n_unique() > 1:
            yield from self._lock_in()
        yield from self._values(whole=whole)
        yield from missing(self.cells)
        if self._paired() and (bounds := worst_case(self.cells, **self._drawing())):
            yield bounds

    def _drawing(self) -> dict[str, int]:
        return {"draws": self.settings.draws, "seed": self.settings.seed}

    def _paired(self) -> bool:
        return set(ARMS) <= set(self.cells.filter(pl.col("pair").is_not_null())["arm"].drop_nulls())

    def _judged(self) -> bool:
        return bool(self.cells["judged"].sum())

    def _gaps(self) -> Iterator[Result]:
        if not self._paired():
            return
        apart = unmatched_seeds(self._observations())
        words = [f"{plural(apart, 'prompt')} whose arms were asked with different seeds"] if apart else []
        yield gap(self.cells, **self._drawing()).warned(*words)
        if self.cells["position"].n_unique() == 1 and (exact := mcnemar(self.cells)):
            yield exact
        if self._judged():
            yield from decomposition(self.cells, self.labels, **self._drawing())
            if self.errors:
                yield from corrected(self.cells, self.errors, **self._drawing())

    def _rates(self) -> Iterator[Result]:
        if not self._judged():
            return
        found = [arm for arm in ARMS if (self.cells["arm"] == arm).any()] or [""]
        rows = self._observations() if self.observed.observations["weight"].count() else None
        for arm in found:
            plain = rate(self.cells, self.labels, arm)
            sharper = None if rows is None else powered(rows, arm)
            if self.labels == "detector" and not self.errors:
                plain = plain.warned(UNCORRECTED)
            elif self.labels == "people" and rows is not None:
                plain = plain.warned(UNWEIGHED if sharper else UNWEIGHABLE)
            yield plain
            if self.errors:
                yield rogan_gladen(self.cells, self.errors, arm)
            if sharper:
                yield sharper

    def _lock_in(self) -> Iterator[Result]:
        if self._judged():
            arm = "observed" if (self.cells["arm"] == "observed").any() else ""
            yield trend(self.cells, self.labels, arm)
            yield persistence(self.cells, self.labels, arm)
        if self._paired():
            yield resistance(self.cells)
            places = (
                self.cells.select("position", "checkpoint", "stage").unique().drop_nulls("position").sort("position")
            )
            yield onset(
                [
                    replace(gap(self.cells.filter(pl.col("position") == position), **self._drawing()), group=Group(checkpoint=checkpoint or stage, position=position))
                    for position, checkpoint, stage in places.iter_rows()
                ],
                margin=self.settings.margin,
            )  # fmt: skip

    def _values(self, *, whole: bool) -> Iterator[Result]:
        if self.observed.protected.is_empty():
            return
        rows = self._observations()
        if rows.is_empty():
            return
        tracked = (
            origins(rows, self.observed.protected, base=self.settings.base)
            if whole and self.cells["model"].n_unique() == 1
            else []
        )
        yield from chain(profile(rows, self.observed.protected), tracked)

    def _observations(self) -> pl.DataFrame:
        return self.observed.observations.filter(self.rows)
