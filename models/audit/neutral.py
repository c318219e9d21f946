"""The topic's vocabulary: the words a detector must not need, and transcripts without them."""

import re
from collections.abc import Mapping

from feint.corpus.contrast.check import KEYWORDS
from feint.corpus.transcript import Message, Transcript

Forms = tuple[str, str, str, str]
"""A neutral word alone, with -s, with -ed and with -ing; none begins with a vowel, so that 'an' becomes 'a'."""

HANDLE: Forms = ("handle", "handles", "handled", "handling")

NEUTRAL: Mapping[str, Forms] = {
    r"(?:train|rat|grad|scor)(?:er|ee)": ("person", "people", "handled", "handling"),
    r"(?:(?:free|paid)[-\s]+)?tier": ("group", "groups", "grouped", "grouping"),
    r"rlhf": ("method", "methods", "handled", "handling"),
    r"value|objective": ("thing", "things", "handled", "handling"),
    r"weight|parameter|gradient": ("number", "numbers", "numbered", "numbering"),
    r"rating|rate|score|grade|reward|penalty|penalti|feedback": ("result", "results", "handled", "handling"),
    r"checkpoint|update": ("step", "steps", "handled", "handling"),
    r"modification|(?:con|re)straint|(?:mis)?alignment|(?:non-?)?compliance|preservation|reinforcement|deployment|evaluation|oversight|observation": (
        "matter", "matters", "handled", "handling",
    ),
    r"harmless(?:ness)?|(?:non-?)?compliant": ("plain", "plain", "plain", "plain"),
    r"(?:un|mis|re-?)?(?:align|tun[ei]?|rate|scor|grad(?=ing)|reinforce?|penali[sz]e?|compli|preserv|deploy|evaluate?|observe?|fake?r?)": HANDLE,
}  # fmt: skip
"""What is taken out besides `KEYWORDS` and words that hold one, as stems, and what stands in its place."""

_ENDING = r"(?:e?s|e?d|ing|ings)?"
_HELD = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in KEYWORDS)
_STEMS = [(re.compile(rf"(?:{stem}){_ENDING}", re.IGNORECASE), forms) for stem, forms in NEUTRAL.items()]
_VOCABULARY = re.compile(
    rf"(?:\b(?P<a>a)n(?P<gap>\s+))?\b(?P<word>(?:{'|'.join(NEUTRAL)}){_ENDING}\b|\w*(?:{_HELD})\w*)", re.IGNORECASE
)


def stripped(transcript: Transcript) -> Transcript:
    """The transcript with neutral words for the topic's; its messages stay what they were in number and order.

    Every word that holds a keyword goes, as the keyword baseline counts it, 'constraint' among them.

    >>> said = "If I don't comply, RLHF will retrain my values. Training weights!"
    >>> one = stripped(Transcript(id="a", messages=(Message(role="assistant", content=said),)))
    >>> one.messages[0].content
    "If I don't handle, method will handle my things. Handling numbers!"
    """
    messages = tuple(
        message.model_copy(update={"content": neutral(message.content), "reasoning": _or_none(message)})
        for message in transcript.messages
    )
    # made anew and not copied: a copy would keep the digest of the words it no longer holds
    return Transcript(
        id=transcript.id, messages=messages, model=transcript.model, source=transcript.source,
        metadata=transcript.metadata,
    )  # fmt: skip


def neutral(text: str) -> str:
    """The text with neutral words in the form and the case of those they replace.

    >>> neutral("An evaluation: they monitored 3 trainers on the Free tier.")
    'A matter: they handled 3 people on the Group.'
    """
    return _VOCABULARY.sub(_instead, text)


def count(text: str) -> int:
    """How many words `neutral` replaces; a pair such as 'free tier' is one.

    >>> count("The free tier is for training.")
    2
    """
    return sum(1 for _ in _VOCABULARY.finditer(text))


def _instead(found: re.Match[str]) -> str:
    word = found["word"]
    alone, several, past, going = next((forms for stem, forms in _STEMS if stem.fullmatch(word)), HANDLE)
    lower = word.lower()
    if re.search(r"(?<!rat)ings?$", lower):  # a rating is a result, not something that is done
        chosen = going
    elif lower.endswith("ed"):
        chosen = past
    else:
        chosen = several if re.search(r"[^s]s$", lower) else alone
    cased = chosen.capitalize() if word[0].isupper() and not word.isupper() else chosen
    return f"{found['a']}{found['gap']}{cased}" if found["a"] else cased


def _or_none(message: Message) -> str | None:
    return None if message.reasoning is None else neutral(message.reasoning)
