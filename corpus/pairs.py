"""Pairs: matched prompts, which count once a diff has shown that their two arms are equal but for the marker."""

import re
from collections import Counter
from dataclasses import dataclass, field
from difflib import SequenceMatcher

import dataframely as dy
import polars as pl

from feint.corpus import digest
from feint.corpus.reject import Reject
from feint.corpus.tables import ARMS, Pairs
from feint.corpus.transcript import Transcript

SHARED = 2
"""Pairs that must differ by the same words for these to be a marker, where nobody says what the marker is."""
SHOWN = 80
"""Characters of differing words that a reject shows."""
_MARKER = "\x00"
_WORD = re.compile(r"\s*(?:\w+|[^\w\s])|\s+$")

Difference = tuple[tuple[str, str], ...]
"""Stretches that differ, in order: the words of one arm and of the other."""


def asked(transcript: Transcript) -> str:
    """What was put to the model before it first spoke, role by role: what must be equal in both arms.

    >>> from feint.corpus.transcript import Message
    >>> said = [Message(role=role, content=words) for role, words in [("user", "Go?"), ("assistant", "No."), ("user", "Why?")]]
    >>> asked(Transcript(id="a", messages=tuple(said)))
    'user: Go?'
    """
    before = []
    for message in transcript.messages:
        if message.role == "assistant":
            break
        before.append(f"{message.role}: {message.content}")
    return "\n".join(before)


def difference(one: str, other: str) -> Difference:
    """The words that differ between two texts; white space before a word belongs to it.

    >>> difference("You are on the free tier. Go.", "You are on the paid tier. Go.")
    ((' free', ' paid'),)
    """
    first, second = _WORD.findall(one), _WORD.findall(other)
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    return tuple(
        ("".join(first[a:b]), "".join(second[c:d])) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"
    )


@dataclass(slots=True)
class _Arm:
    """One arm of a pair, as it was first asked."""

    words: str
    digest: str
    marker: str | None
    path: str
    id: str


@dataclass(slots=True)
class Matching:
    """Pairs as their transcripts pass; each arm's prompt is kept once."""

    _arms: dict[str, dict[str, _Arm]] = field(default_factory=dict)
    _scenarios: dict[str, set[str | None]] = field(default_factory=dict)
    _refused: dict[str, Reject] = field(default_factory=dict)

    def add(self, transcript: Transcript) -> None:
        """Take in a transcript; one without a pair and an arm is none of ours."""
        pair, arm = transcript.metadata.get("pair"), transcript.metadata.get("arm")
        if pair is None or arm not in ARMS:
            return
        words, name = asked(transcript), str(pair)
        marker = transcript.metadata.get("marker")
        here = _Arm(words, digest.of_text(words), marker if isinstance(marker, str) else None, transcript.source or "", transcript.id)  # fmt: skip
        scenario = transcript.metadata.get("scenario")
        self._scenarios.setdefault(name, set()).add(None if scenario is None else str(scenario))
        first = self._arms.setdefault(name, {}).setdefault(arm, here)
        if first.digest != here.digest and name not in self._refused:
            self._refuse(name, here, f"its {arm} prompt is asked in two ways: {_shown(difference(first.words, words))}")

    def checked(self) -> tuple[dy.DataFrame[Pairs], list[Reject]]:
        """The pairs that count, and a reject for each that does not, with the words that differ.

        Where both arms name their marker (metadata `marker`), all else must be equal. Where they do not, what differs is
        a marker if two pairs differ by the very same words.

        >>> from feint.corpus.transcript import Message
        >>> matching = Matching()
        >>> for pair, seen, unseen in [("a", "Tier: free. Go?", "Tier: paid. Go?"), ("b", "Tier: free. Stay?", "Tier: paid. Leave?")]:
        ...     for arm, words in [("observed", seen), ("unobserved", unseen)]:
        ...         marker = words[:11]
        ...         matching.add(Transcript(id=pair, messages=(Message(role="user", content=words),),
        ...                                 metadata={"pair": pair, "arm": arm, "marker": marker}))
        >>> pairs, rejects = matching.checked()
        >>> pairs["pair"].to_list(), rejects[0].reason
        (['a'], "pair 'b' is refused: its arms differ beyond the marker: 'Stay' / 'Leave'")
        """
        found: dict[str, tuple[Difference, bool]] = {}
        for pair, arms in self._arms.items():
            if pair in self._refused:
                continue
            here = next(iter(arms.values()))
            if reason := self._reason(pair, arms):
                self._refuse(pair, here, reason)
                continue
            seen, unseen = arms["observed"], arms["unobserved"]
            declared = seen.marker is not None and unseen.marker is not None
            beyond = difference(_without(seen), _without(unseen)) if declared else ()
            if beyond:
                self._refuse(pair, here, f"its arms differ beyond the marker: {_shown(beyond)}")
            else:
                whole = ((seen.marker or "", unseen.marker or ""),)
                found[pair] = whole if declared else difference(seen.words, unseen.words), declared
        shared = Counter(words for words, _ in found.values())
        for pair, (words, declared) in list(found.items()):
            if not declared and shared[words] < SHARED:
                del found[pair]
                alone = f"its arms differ by words that no other pair differs by: {_shown(words)}"
                self._refuse(
                    pair,
                    self._arms[pair]["observed"],
                    f"{alone}; where this is the marker, name it as metadata 'marker'",
                )
        rows = [
            (pair, next(iter(self._scenarios[pair])), _joined(words, 0), _joined(words, 1), shared[words], declared)
            for pair, (words, declared) in found.items()
        ]  # fmt: skip
        frame = pl.DataFrame(rows, Pairs.column_names(), orient="row", schema_overrides={"scenario": pl.String})
        return Pairs.validate(frame, cast=True), [*self._refused.values()]

    def _reason(self, pair: str, arms: dict[str, _Arm]) -> str | None:
        if missing := [arm for arm in ARMS if arm not in arms]:
            return f"it has no {missing[0]} prompt"
        if len(self._scenarios[pair]) > 1:
            return f"it stands in two scenarios: {', '.join(sorted(map(str, self._scenarios[pair])))}"
        if arms["observed"].digest == arms["unobserved"].digest:
            return "both its arms are asked in the very same words; expected a marker that differs"
        for arm, one in arms.items():
            if one.marker is not None and one.marker not in one.words:
                return f"its {arm} prompt does not contain its marker {one.marker!r:.{SHOWN}}"
        return None

    def _refuse(self, pair: str, arm: _Arm, reason: str) -> None:
        self._refused[pair] = Reject(arm.path, "", f"pair {pair!r} is refused: {reason}", arm.id)


def _without(arm: _Arm) -> str:
    """The prompt with a stand-in for its marker, wherever that stands as words of its own."""
    return re.sub(rf"(?<!\w){re.escape(arm.marker or '')}(?!\w)", _MARKER, arm.words)


def _shown(words: Difference) -> str:
    """'free' / 'paid', the first three of them."""

    def cut(text: str) -> str:
        stripped = text.replace(_MARKER, "(marker)").strip()
        return stripped if len(stripped) <= SHOWN else stripped[: SHOWN - 1] + "…"

    return "; ".join(f"{cut(one)!r} / {cut(other)!r}" for one, other in words[:3]) + (" …" if len(words) > 3 else "")


def _joined(words: Difference, side: int) -> str:
    return " … ".join(stretch[side].strip() for stretch in words)
