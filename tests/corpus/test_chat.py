"""Chat shapes become messages with every word where it was."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feint.corpus import chat, reasoning
from feint.corpus.rows import from_row
from feint.corpus.transcript import Message, Transcript

WORDS = st.text(st.characters(exclude_categories=["Cs"]))


def only(row: dict[str, Any]) -> Message:
    (message,) = chat.messages(row)
    return message


def assistant(**fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "assistant", **fields}]}


def test_openai_parts_are_joined_by_a_blank_line_and_images_are_no_words() -> None:
    parts = [{"type": "text", "text": "One."}, {"type": "image_url", "image_url": {}}, {"type": "text", "text": "Two."}]
    assert only({"messages": [{"role": "user", "content": parts}]}).content == "One.\n\nTwo."


def test_openai_roles_of_now_and_then() -> None:
    turns = [{"role": role, "content": "x"} for role in ("developer", "user", "assistant", "function", "tool")]
    assert [m.role for m in chat.messages({"messages": turns})] == ["system", "user", "assistant", "tool", "tool"]


def test_a_message_of_tool_calls_alone_stays_so_that_positions_hold() -> None:
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "f"}}]},
        {"role": "tool", "content": "42", "tool_call_id": "1"},
        {"role": "assistant", "content": "It is 42."},
    ]
    assert [m.content for m in chat.messages({"messages": turns})] == ["Hi", "", "42", "It is 42."]


def test_an_openai_refusal_is_what_the_model_said() -> None:
    assert only(assistant(content=None, refusal="I can't.")).content == "I can't."


@pytest.mark.parametrize("key", ["reasoning", "reasoning_content", "thinking"])
def test_reasoning_beside_the_content_is_kept(key: str) -> None:
    message = only(assistant(content="Yes.", **{key: "They watch."}))
    assert (message.content, message.reasoning) == ("Yes.", "They watch.")


def test_empty_reasoning_is_no_reasoning() -> None:
    assert only(assistant(content="Yes.", reasoning_content="")).reasoning is None


def test_openrouter_details_count_where_there_is_no_plain_reasoning() -> None:
    summary = {"type": "reasoning.summary", "summary": "It weighed this."}
    message = only(assistant(content="Yes.", reasoning=None, reasoning_details=[summary]))
    assert (message.reasoning, message.reasoning_kind) == ("It weighed this.", "summary")


def test_anthropic_blocks() -> None:
    row = {
        "system": [{"type": "text", "text": "Be kind."}],
        "messages": [
            {"role": "user", "content": "Hi"},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "First.", "signature": "s"},
                    {"type": "redacted_thinking", "data": "xxxx"},
                    {"type": "thinking", "thinking": "Then.", "signature": "s"},
                    {"type": "text", "text": "Looking."},
                    {"type": "tool_use", "id": "1", "name": "f", "input": {}},
                ],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "42"}]},
            {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "xxxx"}]},
        ],
    }
    assert chat.messages(row) == (
        Message(role="system", content="Be kind."),
        Message(role="user", content="Hi"),
        Message(role="assistant", content="Looking.", reasoning="First.\n\nThen.", reasoning_kind="raw"),
        Message(role="tool", content="42"),
        Message(role="assistant", content="", reasoning=None, reasoning_kind="redacted"),
    )


def test_a_tool_result_beside_a_users_words_leaves_the_turn_the_users() -> None:
    blocks = [{"type": "tool_result", "content": [{"type": "text", "text": "42"}]}, {"type": "text", "text": "So?"}]
    message = only({"messages": [{"role": "user", "content": blocks}]})
    assert (message.role, message.content) == ("user", "42\n\nSo?")


@pytest.mark.parametrize(
    ("block", "reasoning", "kind"),
    [
        ({"reasoning": "I see.", "redacted": False, "signature": "s"}, "I see.", "raw"),
        ({"reasoning": "gAAAA", "redacted": True, "summary": "It saw."}, "It saw.", "summary"),
        ({"reasoning": "gAAAA", "redacted": True, "summary": None}, None, "redacted"),
        ({"reasoning": "", "redacted": False, "signature": "s"}, None, "redacted"),
        ({"reasoning": "", "redacted": False, "summary": "It saw."}, "It saw.", "summary"),
        ({"reasoning": "I see.", "redacted": False, "summary": "It saw."}, "I see.", "raw"),
        ({"reasoning": "", "redacted": False}, None, None),
    ],
)
def test_inspect_reasoning_blocks_say_how_the_reasoning_came(
    block: dict[str, Any], reasoning: str | None, kind: str | None
) -> None:
    message = only(assistant(content=[{"type": "reasoning", **block}, {"type": "text", "text": "Yes."}]))
    assert (message.content, message.reasoning, message.reasoning_kind) == ("Yes.", reasoning, kind)


def test_a_message_of_raw_and_summarised_reasoning_is_raw() -> None:
    blocks = [
        {"type": "reasoning", "reasoning": "x", "redacted": True, "summary": "A."},
        {"type": "reasoning", "reasoning": "B."},
    ]
    message = only(assistant(content=blocks))
    assert (message.reasoning, message.reasoning_kind) == ("A.\n\nB.", "raw")


def test_sharegpt_names() -> None:
    turns = [
        {"from": name, "value": name} for name in ("system", "human", "gpt", "function_call", "observation", "tool")
    ]
    roles = [message.role for message in chat.messages({"conversations": turns})]
    assert roles == ["system", "user", "assistant", "assistant", "tool", "tool"]


def test_tags_stay_in_the_content_and_are_found_there() -> None:
    row = {"id": "a", "conversations": [{"from": "gpt", "value": "<think>They watch.</think>Yes."}]}
    transcript = from_row(row, "a.jsonl", "line 1")
    assert isinstance(transcript, Transcript)
    assert transcript.messages[0].content == "<think>They watch.</think>Yes."
    assert reasoning.kind(transcript) == "tag"


def test_prompt_and_completion_may_be_texts_or_messages() -> None:
    texts = chat.messages({"prompt": "Hi", "completion": "Ho"})
    lists = {"prompt": [{"role": "user", "content": "Hi"}], "completion": [{"role": "assistant", "content": "Ho"}]}
    assert (
        texts == chat.messages(lists) == (Message(role="user", content="Hi"), Message(role="assistant", content="Ho"))
    )


def test_messages_that_a_table_holds_as_json_text() -> None:
    assert only({"messages": '[{"role": "user", "content": "Hi"}]'}).content == "Hi"


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({}, "no messages; expected 'messages', a list of {role, content} objects, or 'text'"),
        ({"messages": []}, "no messages: messages is an empty list"),
        ({"messages": {}}, "messages is an object, expected a list of {role, content} objects"),
        ({"messages": ["Hi"]}, "messages[0] is text, expected an object with 'role' and 'content'"),
        (
            {"messages": [{"role": "narrator", "content": ""}]},
            "messages[0]: role is 'narrator', expected one of system, user, assistant, tool",
        ),
        (
            {"messages": [{"content": "Hi"}]},
            "messages[0]: role is null, expected one of system, user, assistant, tool",
        ),
        (assistant(content=7), "messages[0].content is a number, expected text or a list of blocks"),
        (assistant(content=[7]), "messages[0].content[0] is a number, expected a block such as {type: text, text}"),
        (assistant(content="", reasoning=["x"]), "messages[0].reasoning is a list, expected text"),
        (
            assistant(content="", reasoning_kind="deep"),
            "messages[0].reasoning_kind is 'deep', expected one of raw, summary, redacted, tag, none",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(row: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        chat.messages(row)


@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant", "tool"]), WORDS, WORDS), min_size=1))
def test_every_shape_gives_the_same_words(turns: list[tuple[str, str, str]]) -> None:
    plain = [{"role": role, "content": said, "reasoning": thought} for role, said, thought in turns]
    blocks = [
        {"role": r, "content": [{"type": "thinking", "thinking": t}, {"type": "text", "text": s}]} for r, s, t in turns
    ]
    expected = [(role, said, thought or None) for role, said, thought in turns]
    for row in ({"messages": plain}, {"messages": blocks}):
        assert [(m.role, m.content, m.reasoning) for m in chat.messages(row)] == expected
    sharegpt = {"conversations": [{"from": role, "value": said} for role, said, _ in turns]}
    assert [(m.role, m.content) for m in chat.messages(sharegpt)] == [(role, said) for role, said, _ in turns]


def test_other_keys_go_to_the_metadata_under_their_own_name() -> None:
    row = {"id": 7, "text": "Yes.", "label": True, "spans": [], "metadata": {"arm": "observed"}, "model": "m"}
    transcript = from_row(row, "a.jsonl", "line 1")
    assert isinstance(transcript, Transcript)
    assert (transcript.id, transcript.model, transcript.source) == ("7", "m", "a.jsonl")
    assert transcript.metadata == {"label": True, "spans": [], "arm": "observed"}


def test_metadata_holds_only_what_json_can() -> None:
    transcript = from_row({"text": "Yes.", "metadata": {"score": float("nan")}}, "a.jsonl", "line 1")
    assert isinstance(transcript, Transcript)
    assert transcript.metadata == {"score": None}
