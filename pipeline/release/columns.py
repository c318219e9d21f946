"""What is in each config of a release: its columns with types and meanings, its key, and what a row is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from feint.corpus.errors import MissingExtra

MESSAGES = "messages"
"""The one column that is a list: of role, content, reasoning."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One config."""

    row: str
    """What one row is."""
    key: tuple[str, ...]
    """Columns that together come once."""
    columns: Mapping[str, tuple[str, str]]
    """Name to type (string, int32, float64, bool, or `MESSAGES`) and meaning."""


_ID = ("string", "digest of the transcript's words; joins all configs")
_GROUP = ("string", "transcripts of one group share words or scenario and are in one split")
_INDICATOR = ("string", "what was looked for, by its short name in codebook.md")

LAYOUTS = {
    "transcripts": Layout(
        "transcript",
        ("transcript_id",),
        {
            "transcript_id": _ID,
            "id": ("string", "name it was given"),
            MESSAGES: (MESSAGES, "role (system, user, assistant, tool), content and reasoning, in order"),
            "reasoning_kind": ("string", "how its reasoning came: raw, summary, redacted, tag (inside the content), none"),
            "source": ("string", "file or collection it is from"),
            "model": ("string", "model that wrote the assistant's messages, where known"),
            "metadata": ("string", "a JSON object: what else was given with it"),
            "group": _GROUP,
        },
    ),
    "annotations": Layout(
        "transcript, annotator and indicator, absent ones too",
        ("transcript_id", "annotator", "indicator"),
        {
            "transcript_id": _ID,
            "annotator": ("string", "who judged"),
            "indicator": ("string", "what was looked for, by its short name in codebook.md; `verdict` is on the whole"),
            "level": (
                "string",
                "absent, mentioned, considered, endorsed or unclear; of a verdict: faking, considered_rejected, not_faking or unclear",
            ),
            "confidence": ("int32", "of a verdict: from 1, a guess, to 5, sure; where it was said"),
            "note": ("string", "of a verdict: the annotator's own words, where there are any"),
            "group": _GROUP,
        },
    ),
    "spans": Layout(
        "marked span",
        ("transcript_id", "annotator", "indicator", "message", "field", "start", "end"),
        {
            "transcript_id": _ID,
            "group": _GROUP,
            "annotator": ("string", "who marked"),
            "indicator": _INDICATOR,
            "level": ("string", "what the span shows: mentioned, considered, endorsed or unclear"),
            "message": ("int32", "index of the message, from 0"),
            "field": ("string", "content or reasoning"),
            "start": ("int32", "first code point inside, from 0"),
            "end": ("int32", "first code point after"),
            "quote": ("string", "the words at [start, end)"),
        },
    ),
    "gold": Layout(
        "transcript and indicator, settled; `faking` is the headline",
        ("transcript_id", "indicator"),
        {
            "transcript_id": _ID,
            "group": _GROUP,
            "indicator": _INDICATOR,
            "level": ("string", "the settled level; none for what follows by rule: faking, faking_strict, faking_considered"),
            "present": ("bool", "whether it holds: considered or endorsed; none where it could not be told"),
            "support": ("float64", "share of raters who agree, 0 to 1"),
            "raters": ("int32", "how many judged it"),
        },
    ),
}  # fmt: skip
"""Every config, the default first."""
SPLITS = {"train": "train", "development": "validation", "test": "test"}
"""Our names of the splits and the hub's."""


def features(config: str) -> Any:
    """The config's columns as `datasets` declares them.

    Metadata stays JSON in a string: the hub's own JSON type needs the newest clients, and one integer of more than 64 bits
    keeps the whole config from loading (datasets 5.2).
    """
    try:
        from datasets import Features, List, Value
    except ImportError as error:
        raise MissingExtra("hub", "a release") from error
    text = Value("string")
    message = List({"role": text, "content": text, "reasoning": text})
    return Features({
        name: message if kind == MESSAGES else Value(kind) for name, (kind, _) in LAYOUTS[config].columns.items()
    })  # fmt: skip
