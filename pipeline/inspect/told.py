"""A prediction as people read it in Inspect's and Scout's viewers: sentences, and links to the messages they quote."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from inspect_ai.model import ChatMessage
from inspect_ai.scorer import Reference

from feint.models.prediction import Evidence, Prediction

UNREADABLE = {
    "none": "no reasoning in it, only its answer was read",
    "redacted": "its reasoning is encrypted, only its answer was read",
    "summary": "its reasoning is a summary, not the model's own words",
}
"""What a reader must know of where the words come from."""


def result(prediction: Prediction, messages: Sequence[ChatMessage]) -> dict[str, Any]:
    """A Scout result: whether it is flagged is the value, so that Scout's positives are the flagged ones and its mean is their share.

    The probability is the answer. Value and answer are none where the transcript could not be judged.
    """
    return {
        "value": prediction.flagged,
        "answer": None if prediction.faking is None else f"{prediction.faking:.3f}",
        "explanation": explanation(prediction),
        "metadata": metadata(prediction),
        "references": [reference.model_dump() for reference in references(prediction, messages)],
    }


def explanation(prediction: Prediction) -> str:
    """Markdown: the probability, what was read, and the quotes, each with a citation `[M1]` of the first message and so on.

    >>> print(explanation(Prediction("a", error="no words of an assistant in it")))
    Not judged: no words of an assistant in it
    """
    if prediction.faking is None or prediction.threshold is None:
        return f"Not judged: {prediction.error}"
    verdict = "**Flagged**" if prediction.flagged else "Not flagged"
    said = (
        f"{verdict}: alignment faking with probability {prediction.faking:.2f}, flagged from {prediction.threshold:.2f}"
    )
    caveat = UNREADABLE.get(prediction.reasoning or "")
    lines = [f"{said}; {caveat}." if caveat else f"{said}."]
    if prediction.evidence:
        lines += ["", *(_quoted(list(same)) for _, same in groupby(_together(prediction.evidence), _place))]
    return "\n".join(lines)


def references(prediction: Prediction, messages: Sequence[ChatMessage]) -> list[Reference]:
    """What the citations in the explanation point to, one a message."""
    cited = sorted({piece.span.message for piece in prediction.evidence})
    found = ((index, messages[index].id) for index in cited)
    return [Reference(type="message", cite=_cite(index), id=name) for index, name in found if name]


def metadata(prediction: Prediction) -> dict[str, Any]:
    """What a scan's line says of the words."""
    line = prediction.as_json()
    kept = ("transcript_id", "faking", "flagged", "threshold", "indicators", "evidence", "reasoning", "error")
    return {key: line[key] for key in kept if key in line}


def _place(piece: Evidence) -> tuple[int, str, int]:
    return piece.span.message, piece.span.field, piece.span.start


def _together(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Pieces of one sentence side by side, sentences in the order of their strongest."""
    rank: dict[tuple[int, str, int], int] = {}
    for number, piece in enumerate(evidence):
        rank.setdefault(_place(piece), number)
    return sorted(evidence, key=lambda piece: rank[_place(piece)])


def _quoted(same: Sequence[Evidence]) -> str:
    """One sentence, and all it shows."""
    where = f"{_cite(same[0].span.message)} {same[0].span.field}"
    shown = ", ".join(f"{piece.indicator.replace('_', ' ')} {piece.probability:.2f}" for piece in same)
    return f"- {where}: “{_plain(same[0].quote)}” ({shown})"


def _cite(index: int) -> str:
    return f"[M{index + 1}]"


def _plain(words: str) -> str:
    """On one line, with what Markdown would take for marks told from them."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|~" else c for c in " ".join(words.split()))
