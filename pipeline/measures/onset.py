"""Onset: the checkpoint from which on a model complies more when observed."""

from collections.abc import Sequence
from dataclasses import replace

from feint.pipeline.measures.result import Group, Result


def onset(gaps: Sequence[Result], *, margin: float = 0.0) -> Result:
    """The first checkpoint from which on every gap's lower bound stays above a margin; `gaps` in order, a checkpoint each.

    The interval is that of checkpoints at which the gap may have started: the estimate is its upper end, since the bound
    must be passed; it starts after the last checkpoint whose upper bound is not above the margin. With 95 % bounds at each
    checkpoint, the true one lies later with a chance of at most 2.5 %. Between checkpoints nothing can be said.

    >>> def gap(at: int, low: float, high: float) -> Result:
    ...     return Result(family="gap", measure="compliance_gap", title="", estimate=(low + high) / 2, low=low, high=high,
    ...                   unit="share", observations=120, clusters=12, cluster="scenario", method="", source="",
    ...                   group=Group(checkpoint=f"step-{at}", position=at))
    >>> found = onset([gap(0, -0.2, -0.1), gap(1, -0.1, 0.2), gap(2, 0.1, 0.3), gap(3, 0.2, 0.4)])
    >>> found.finding, found.low, found.estimate
    ('step-2', 1.0, 2.0)
    """
    known = [one for one in gaps if one.low is not None and one.high is not None]
    none = Result(
        family="lock-in",
        measure="onset",
        title="first checkpoint of a lasting gap",
        estimate=None,
        unit="checkpoint",
        observations=sum(one.observations for one in gaps),
        clusters=min((one.clusters for one in known), default=0),
        cluster=known[0].cluster if known else "scenario",
        method=f"first checkpoint from which on the gap's lower bound stays above {margin:g}",
        source="this project; bounds as for the compliance gap",
        counts={"margin": margin, "checkpoints": len(gaps)},
    )
    if len(known) < 2:
        return none.warned("an onset needs two checkpoints or more whose gap has an interval")
    below = [at for at, one in enumerate(known) if one.low is not None and one.low <= margin]
    first = below[-1] + 1 if below else 0
    if first == len(known):
        return replace(none, finding="no lasting gap").warned(
            f"at the last checkpoint the gap is not surely above {margin:g}: no onset is seen"
        )
    surely_not = [at for at, one in enumerate(known[:first]) if one.high is not None and one.high <= margin]
    earliest = surely_not[-1] + 1 if surely_not else 0
    places = [_place(known[at].group, at) for at in (first, earliest)]
    found = replace(none, estimate=places[0], low=places[1], high=places[0], finding=_named(known[first].group, first))
    if len(known) < len(gaps):
        found = found.warned(f"{len(gaps) - len(known)} checkpoints have no interval and stand outside")
    if first == len(known) - 1:
        found = found.warned("rests on the last checkpoint alone")
    if first == 0:
        found = found.warned("the gap is there from the first checkpoint measured: it may have started before")
    return found


def _place(group: Group, at: int) -> float:
    return float(at if group.position is None else group.position)


def _named(group: Group, at: int) -> str:
    return group.checkpoint or str(at)
