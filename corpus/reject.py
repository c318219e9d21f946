"""A reject: an input that was left out, where it stood, and why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reject:
    """One row or file that could not be taken; it is written down, never dropped."""

    path: str
    """File or folder it stood in; '-' is standard input."""
    place: str
    """Where in there: 'line 3', 'samples/4_epoch_1.json', 'row 17'; empty for the whole file."""
    reason: str
    """One sentence: what was found, what was expected."""
    id: str | None = None
    """The name it was given, where it had one."""
    format_known: bool = True
    """False for a file met on a walk that is no transcript file at all, such as a README; nothing failed there."""
