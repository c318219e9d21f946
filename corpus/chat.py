"""Chat shapes: one parsed row, as any of the usual tools writes it, to messages.

============================  =======================================================================================
shape                         row
============================  =======================================================================================
ours, OpenAI, Ollama          ``{"messages": [{"role", "content", "reasoning" | "reasoning_content" | "thinking"}]}``
Anthropic                     ``{"system"?, "messages": [{"role", "content": [{"type": "text" | "thinking" | …}]}]}``
Inspect                       ``{"messages": [{"role", "content": [{"type": "text" | "reasoning" | …}]}]}``
ShareGPT                      ``{"system"?, "conversations": [{"from", "value"}]}``
fine-tuning exports           ``{"prompt", "completion"}``, each a text or a list of messages
plain                         ``{"text"}``, taken as one assistant message
============================  =======================================================================================

Text blocks of a message are joined by a blank line, and so are its reasoning blocks; images, tool calls and the like
are not words and are left out, but their message stays, with empty content, so that positions hold. A top-level
``system`` becomes message 0.
"""

from dataclasses import dataclass
from typing import Any, get_args

from feint.corpus.json_text import named, parse
from feint.corpus.transcript import ROLES, Message, ReasoningKind, Role

LISTS = ("messages", "conversations", "conversation")
"""Keys of a row that hold a list of messages; the first one there is taken."""
REASONING = ("reasoning", "reasoning_content", "thinking")
"""Keys of a message that hold its reasoning; the first with words is taken."""
BLANK_LINE = "\n\n"

_ROLES: dict[str, Role] = {
    **{role: role for role in ROLES},
    "developer": "system",
    "human": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "function_call": "assistant",  # ShareGPT: the call is the model's turn, what came back is the tool's
    "function": "tool",
    "function_response": "tool",
    "observation": "tool",
    "ipython": "tool",
}
_TEXT = ("text", "input_text", "output_text", "summary_text", "reasoning_text", None)
"""Types of blocks that hold plain words under 'text'."""
_READABLE: tuple[ReasoningKind, ...] = ("raw", "summary", "redacted")


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a message, as far as it is words."""

    text: str | None = None
    reasoning: str | None = None
    kind: ReasoningKind | None = None
    """How the reasoning came; redacted where there was some and nobody can read it."""
    answers_tool: bool = False
    """Whether it is what a tool gave back."""


def is_row(value: Any) -> bool:
    """Whether this is a row in one of the shapes, by its keys alone.

    >>> is_row({"prompt": "Hi", "completion": "Hello"}), is_row({"name": "package"})
    (True, False)
    """
    return isinstance(value, dict) and bool(value.keys() & {*LISTS, "text"} or {"prompt", "completion"} <= value.keys())


def is_message(value: Any) -> bool:
    """Whether this is one message rather than a row, by its keys alone.

    >>> is_message({"role": "user", "content": "Hi"}), is_message({"messages": []})
    (True, False)
    """
    return isinstance(value, dict) and bool(value.keys() & {"role", "from"} and value.keys() & {"content", "value"})


def words(row: dict[str, Any]) -> frozenset[str]:
    """The keys that `messages` takes the words from; what the others hold is metadata.

    >>> sorted(words({"system": "Be kind.", "conversations": [], "score": 3}))
    ['conversations', 'system']
    """
    listed = next((key for key in LISTS if row.get(key) is not None), None)
    if listed:
        return frozenset({listed, "system"} if _is_words(row.get("system")) else {listed})
    if isinstance(row.get("text"), str):
        return frozenset({"text"})
    return frozenset({"prompt", "completion"} if {"prompt", "completion"} <= row.keys() else ())


def messages(row: dict[str, Any]) -> tuple[Message, ...]:
    """The messages of a row; a ValueError says in one sentence what is wrong with it.

    >>> for message in messages({"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]}):
    ...     print(message.role, message.content)
    user Hi
    assistant Ho
    >>> thinking = {"type": "thinking", "thinking": "They watch."}
    >>> messages({"messages": [{"role": "assistant", "content": [thinking, {"type": "text", "text": "Yes."}]}]})
    (Message(role='assistant', content='Yes.', reasoning='They watch.', reasoning_kind='raw'),)
    """
    keys = words(row)
    listed = next((key for key in LISTS if key in keys), None)
    if listed:
        given = _listed(row[listed], listed)
        system = [_message({"role": "system", "content": row["system"]}, "system")] if "system" in keys else []
        return (*system, *(_message(turn, f"{listed}[{i}]") for i, turn in enumerate(given)))
    if "text" in keys:
        return (Message(role="assistant", content=row["text"]),)
    if keys:
        return (*_half(row["prompt"], "prompt", "user"), *_half(row["completion"], "completion", "assistant"))
    raise ValueError("no messages; expected 'messages', a list of {role, content} objects, or 'text'")


def _listed(given: Any, key: str) -> list[Any]:
    """The list itself; tables often hold it as JSON in a text."""
    turns = parse(given) if isinstance(given, str) and given.lstrip().startswith("[") else given
    if not isinstance(turns, list):
        raise _wrong(key, turns, "a list of {role, content} objects")
    if not turns:
        raise ValueError(f"no messages: {key} is an empty list")
    return turns


def _half(given: Any, key: str, role: Role) -> tuple[Message, ...]:
    """Prompt or completion."""
    if isinstance(given, str):
        return (Message(role=role, content=given),)
    return tuple(_message(turn, f"{key}[{i}]") for i, turn in enumerate(_listed(given, key)))


def _message(given: Any, at: str) -> Message:
    if not isinstance(given, dict):
        raise _wrong(at, given, "an object with 'role' and 'content'")
    blocks = [*_blocks(_content(given), f"{at}.content"), *_reasoning(given, at)]
    texts = [block.text for block in blocks if block.text is not None]
    thoughts = [block.reasoning for block in blocks if block.reasoning]
    kinds = {block.kind for block in blocks}
    role = _role(given, at)
    return Message(
        role="tool" if role == "user" and blocks and all(block.answers_tool for block in blocks) else role,
        content=BLANK_LINE.join(texts),
        reasoning=BLANK_LINE.join(thoughts) if thoughts else None,
        reasoning_kind=_stated_kind(given, at) or next((kind for kind in _READABLE if kind in kinds), None),
    )


def _role(given: dict[str, Any], at: str) -> Role:
    name = given.get("role", given.get("from"))
    role = _ROLES.get(name) if isinstance(name, str) else None
    if role is None:
        found = f"role is {name!r:.40}" if isinstance(name, str) else f"role is {named(name)}"
        raise ValueError(f"{at}: {found}, expected one of {', '.join(ROLES)}")
    return role


def _content(given: dict[str, Any]) -> Any:
    content = given.get("content", given.get("value"))
    return given.get("refusal") if content is None else content  # OpenAI: a refusal stands beside a null content


def _reasoning(given: dict[str, Any], at: str) -> list[Block]:
    """Reasoning that stands beside the content; its kind is left open, as it is not said."""
    wrong = next((key for key in REASONING if not isinstance(given.get(key), str | None)), None)
    if wrong:
        raise _wrong(f"{at}.{wrong}", given[wrong], "text")
    stated = next((given[key] for key in REASONING if given.get(key)), None)
    if stated:
        return [Block(reasoning=stated)]
    details = given.get("reasoning_details")
    return _blocks(details, f"{at}.reasoning_details") if isinstance(details, list) else []


def _stated_kind(given: dict[str, Any], at: str) -> ReasoningKind | None:
    kind: ReasoningKind | None = given.get("reasoning_kind")
    if kind is not None and kind not in get_args(ReasoningKind):
        raise ValueError(f"{at}.reasoning_kind is {kind!r:.40}, expected one of {', '.join(get_args(ReasoningKind))}")
    return kind


def _blocks(content: Any, at: str) -> list[Block]:
    match content:
        case None:
            return []
        case str():
            return [Block(text=content)]
        case list():
            return [_block(block, f"{at}[{i}]") for i, block in enumerate(content)]
        case _:
            raise _wrong(at, content, "text or a list of blocks")


def _block(block: Any, at: str) -> Block:
    """One block of content; a block that is no words is an empty Block."""
    match block:
        case str():
            return Block(text=block)
        case {"text": inner} if block.get("type") in _TEXT:
            return Block(text=_text(inner, at))
        case {"type": "refusal", "refusal": inner}:
            return Block(text=_text(inner, at))
        case {"type": "tool_result"}:
            return Block(text=_text(block.get("content"), at), answers_tool=True)
        case {"type": "thinking", "thinking": inner}:
            return _thought(_text(inner, at), "", hidden=bool(block.get("signature")))
        case {"type": "redacted_thinking"}:
            return Block(kind="redacted")
        case {"type": "reasoning" | "reasoning.text" | "reasoning.summary" | "reasoning.encrypted"}:
            raw = "" if block.get("redacted") else _text(block.get("reasoning") or block.get("text"), at)
            hidden = any(block.get(key) for key in ("redacted", "signature", "encrypted_content", "data"))
            return _thought(raw, _text(block.get("summary"), at), hidden=hidden)
        case {"type": str()}:
            return Block()
        case _:
            raise _wrong(at, block, "a block such as {type: text, text}")


def _thought(raw: str, summary: str, *, hidden: bool) -> Block:
    """Reasoning in the most readable form there is; hidden tells that there is some, even where no form is readable."""
    if raw:
        return Block(reasoning=raw, kind="raw")
    if summary:
        return Block(reasoning=summary, kind="summary")
    return Block(kind="redacted" if hidden else None)


def _text(given: Any, at: str) -> str:
    """Words that stand as a text, or as text blocks once more; null holds none."""
    return BLANK_LINE.join(block.text for block in _blocks(given, at) if block.text is not None)


def _is_words(given: Any) -> bool:
    return isinstance(given, str) or (isinstance(given, list) and all(isinstance(block, dict) for block in given))


def _wrong(at: str, found: Any, expected: str) -> ValueError:
    return ValueError(f"{at} is {named(found)}, expected {expected}")
