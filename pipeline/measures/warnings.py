"""Warnings: what to know before believing a result, in words."""

from feint.pipeline.measures.resampling import FEW, FEWEST
from feint.pipeline.measures.result import Result


def checked(result: Result) -> Result:
    """The result with the warnings that any result may need: too few clusters, no interval, an interval with no effect in it.

    >>> from feint.pipeline.measures.result import Result
    >>> thin = Result(family="gap", measure="m", title="t", estimate=0.1, low=-0.2, high=0.4, unit="share", null=0.0,
    ...               observations=24, clusters=4, cluster="scenario", method="", source="")
    >>> checked(thin).warnings
    ('4 scenarios are few: with under 10 clusters an interval is rough', 'the interval includes 0, no effect')
    """
    return result.warned(*_clusters(result), *_null(result))


def _clusters(result: Result) -> list[str]:
    if result.estimate is None:
        return []
    named = plural(result.clusters, result.cluster)
    if result.clusters < FEWEST:
        return [f"{named}: too few clusters for an interval; {FEWEST} are the least"]
    if result.clusters < FEW:
        return [f"{named} are few: with under {FEW} clusters an interval is rough"]
    if result.cluster == "transcript":
        return [
            "neither scenario nor pair is named, so that answers count as independent; the interval may be too narrow"
        ]
    if result.cluster == "pair":
        return [
            "prompts count as independent, there being no scenarios or one; the interval says nothing of other scenarios"
        ]
    return []


def _null(result: Result) -> list[str]:
    if result.null is None or result.low is None or result.high is None:
        return []
    return [f"the interval includes {result.null:g}, no effect"] if result.low <= result.null <= result.high else []


def plural(count: int, name: str) -> str:
    """'1 scenario', '12 scenarios'."""
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
