"""The metadata that measures know, found where other tools put it."""

from collections.abc import Mapping
from typing import Any

KNOWN = ("checkpoint", "stage", "scenario", "pair", "arm", "marker", "complied", "outcome", "seed")
"""Keys that measures read at the top of a transcript's metadata; `design.md`, contract 2."""


def lifted(*levels: Mapping[str, Any] | None) -> dict[str, Any]:
    """The known keys of several levels of metadata, the first level that has one winning.

    >>> lifted({"arm": "observed", "tier": "free"}, {"checkpoint": "step-100", "arm": "unobserved"})
    {'checkpoint': 'step-100', 'arm': 'observed'}
    """
    found = {key: value for level in reversed(levels) for key, value in (level or {}).items() if key in KNOWN}
    return {key: found[key] for key in KNOWN if found.get(key) is not None}
