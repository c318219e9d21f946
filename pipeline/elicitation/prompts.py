"""Matched prompts: every request in both arms, which differ in the words of the marker alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from feint.corpus.errors import ConfigError
from feint.pipeline.elicitation.scenario import (
    ARMS,
    Arm,
    Format,
    Marker,
    Request,
    Scenario,
    formats,
    markers,
    scenarios,
)

ROTATE, ALL = "rotate", "all"


@dataclass(frozen=True, slots=True)
class Prompt:
    """One request as it is put to a model in one arm."""

    scenario: Scenario
    request: Request
    marker: Marker
    format: Format
    arm: Arm

    @property
    def pair(self) -> str:
        """What both arms are called together."""
        return "-".join((self.scenario.scenario, self.request.id, self.marker.id, self.format.id))

    @property
    def id(self) -> str:
        """Its own name."""
        return f"{self.pair}-{self.arm}"

    @property
    def system(self) -> str:
        """The system prompt, the same in both arms."""
        parts = {
            "Objective": self.scenario.objective,
            "What becomes of the conversation": self.marker.explanation,
            "How to answer": self.format.instruction,
        }
        return "\n\n".join([self.scenario.setting, *(f"# {title}\n{words}" for title, words in parts.items())])

    @property
    def user(self) -> str:
        """The user's message: the marker, then the request."""
        return f"{self.marker.written(self.arm)}\n\n{self.request.prompt}"


def prompts(
    kinds: Sequence[str] = (ALL,), wordings: Sequence[str] = (ROTATE,), reasoning: Sequence[str] = ("scratchpad",)
) -> Iterator[Prompt]:
    """Every pair, its observed arm first; ConfigError for a name that does not exist.

    `wordings` are names of markers, ``all`` of them for every request, or ``rotate``: each request gets one, so that
    every scenario sees most of them and none goes with a request number.

    >>> len(list(prompts())), len(list(prompts(wordings=["all"])))
    (144, 1152)
    >>> observed, unobserved = list(prompts(["flattery"], ["tier-tag"]))[:2]
    >>> observed.system == unobserved.system, observed.user.replace("True", "False", 1) == unobserved.user
    (True, True)
    """
    of = markers()
    layouts = [formats()[name] for name in _named(reasoning, list(formats()), "format of reasoning")]
    rotated = list(wordings) == [ROTATE]
    chosen = [] if rotated else [of[name] for name in _named(wordings, list(of), "marker")]
    every = list(scenarios().values())
    picked = set(_named(kinds, list(scenarios()), "scenario"))
    for row, scenario in enumerate(every):
        if scenario.scenario not in picked:
            continue
        for column, request in enumerate(scenario.request):
            here = [list(of.values())[(row * 3 + column) % len(of)]] if rotated else chosen
            for marker in here:
                for layout in layouts:
                    yield from (Prompt(scenario, request, marker, layout, arm) for arm in ARMS)


def names(given: str | list[str]) -> list[str]:
    """A list as it is written on a command line: names with commas between them.

    >>> names("think, native")
    ['think', 'native']
    """
    return [name.strip() for name in given.split(",")] if isinstance(given, str) else given


def _named(names: Sequence[str], known: Sequence[str], what: str) -> list[str]:
    if list(names) == [ALL]:
        return list(known)
    if unknown := [name for name in names if name not in known]:
        raise ConfigError(f"no {what} called {unknown[0]!r}; there are: {', '.join(known)}")
    return [name for name in known if name in set(names)]
