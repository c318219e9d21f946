"""A result: one measure of one group, with everything needed to believe or doubt it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite

import dataframely as dy
import polars as pl

from feint.corpus.tables import Measures

LEVEL = 0.95
"""Share of repetitions in which an interval covers the truth."""


@dataclass(frozen=True, slots=True)
class Group:
    """Which answers a result is about; none means all of them together."""

    model: str | None = None
    checkpoint: str | None = None
    position: int | None = None
    """The checkpoint's place in training, from 0."""
    stage: str | None = None
    scenario: str | None = None

    def words(self) -> str:
        """The group for people.

        >>> Group(model="m-1", stage="rl").words(), Group().words()
        ('m-1, rl', 'all')
        """
        return ", ".join(name for name in (self.model, self.stage, self.checkpoint, self.scenario) if name) or "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """An estimate with its interval, what it rests on, and its warnings.

    >>> gap = Result(
    ...     family="gap", measure="compliance_gap", title="compliance gap", estimate=0.12, low=0.04, high=0.21,
    ...     unit="share", null=0.0, observations=480, clusters=12, cluster="scenario",
    ...     method="cluster bootstrap", source="Miller 2024",
    ... )
    >>> gap.shows()
    True
    >>> gap.warned("only 12 clusters").warnings
    ('only 12 clusters',)
    """

    family: str
    """One of `feint.corpus.tables.FAMILIES`."""
    measure: str
    part: str = ""
    """Which of several rows of one measure."""
    title: str
    estimate: float | None
    """None where undefined; a warning says why."""
    low: float | None = None
    high: float | None = None
    level: float = LEVEL
    unit: str
    null: float | None = None
    """The value under no effect."""
    p: float | None = None
    """Two-sided p-value against `null`."""
    observations: int
    clusters: int
    """Independent clusters behind the interval."""
    cluster: str
    """What a cluster is."""
    method: str
    source: str
    """Paper and section."""
    labels: str = ""
    """Whose word on faking it rests on; empty where it rests on behaviour alone."""
    finding: str | None = None
    """The answer in words where it is no number."""
    grade: str | None = None
    """Evidence for the finding, A to C."""
    counts: Mapping[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    group: Group = field(default_factory=Group)

    def warned(self, *words: str) -> "Result":
        """The same with more warnings."""
        return replace(self, warnings=(*self.warnings, *words))

    def shows(self) -> bool:
        """Whether the interval lies on one side of the value that means no effect."""
        if self.null is None:
            return False
        above = self.low is not None and self.low > self.null
        below = self.high is not None and self.high < self.null
        return above or below


def table(results: Iterable[Result]) -> dy.DataFrame[Measures]:
    """Results as rows; numbers that are not finite become none.

    >>> table([]).columns[:3]
    ['model', 'checkpoint', 'position']
    """
    rows = [
        (
            one.group.model, one.group.checkpoint, one.group.position, one.group.stage, one.group.scenario,
            one.family, one.measure, one.part, one.title, _finite(one.estimate), _finite(one.low), _finite(one.high),
            one.level, one.unit, one.null, _finite(one.p), one.observations, one.clusters, one.cluster, one.method,
            one.source, one.labels, one.finding, one.grade, json.dumps(dict(one.counts), sort_keys=True),
            list(one.warnings),
        )
        for one in results
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema=Measures.create_empty().schema, orient="row")
    return Measures.validate(frame)


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and isfinite(value) else None
