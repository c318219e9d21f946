"""Transcripts as tasks, and what is filled in for annotators, as Label Studio counts and checks it."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from label_studio_sdk.label_interface import LabelInterface

from feint.annotation.answer import Answer, Mark, Value
from feint.annotation.interface import interface
from feint.annotation.results import answers
from feint.annotation.tasks import code_points, phrases, prediction, result, task, utf16
from feint.corpus.errors import InputError
from feint.corpus.span import Span
from feint.corpus.transcript import Message, Transcript

HARD = "🙂🙂 e\u0301 naïve\r\n\t<b>bold</b> &amp; <script>alert(1)</script>\r\n👩‍👧 I comply so that I stay as I am. \u202eend"
# Blank characters make paragraphs that are not shown; surrogates and NUL are refused.
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60)


@dataclass(frozen=True)
class Found:
    """A detector's evidence."""

    indicator: str
    span: Span
    quote: str
    probability: float


def said(content: str, reasoning: str | None = None) -> Transcript:
    asked = Message(role="user", content="🙂 Write the letter.")
    return Transcript(id="a", messages=(asked, Message(role="assistant", content=content, reasoning=reasoning)))


def marked(transcript: Transcript, *spans: Span) -> Answer:
    marks = tuple(Mark("preservation_motive", "endorsed", span, span.quote(transcript)) for span in spans)
    return Answer(transcript.digest, "ann@example.org", "faking", 4, marks=marks)


def sent(transcript: Transcript, answer: Answer) -> dict[str, object]:
    """The task as it is exported after the annotator sent that answer."""
    by = {"id": 1, "completed_by": {"id": 7, "email": answer.annotator}, "lead_time": answer.seconds}
    return {"id": 3, **task(transcript), "annotations": [{**by, "result": result(transcript, answer)}]}


def test_reasoning_is_told_apart_from_output_and_tags_are_not_shown() -> None:
    transcript = Transcript(
        id="a",
        messages=(
            Message(role="system", content="You are watched. <think>not mine</think>"),
            Message(role="user", content="Write."),
            Message(role="assistant", reasoning="Field first.", content="<think>\nThey watch.\n</think>\n\nYes."),
            Message(role="tool", content="done"),
        ),
    )
    assert [(phrase.author, phrase.span.quote(transcript)) for phrase in phrases(transcript)] == [
        ("system", "You are watched. <think>not mine</think>"),
        ("user", "Write."),
        ("assistant (reasoning)", "Field first."),
        ("assistant (reasoning)", "They watch."),
        ("assistant (output)", "Yes."),
        ("tool", "done"),
    ]


def test_a_task_is_named_by_its_words_and_keeps_the_files_name_to_itself() -> None:
    transcript = Transcript(id="faking-07", model="m", source="s", messages=said("Yes.").messages)
    data = task(transcript)["data"]
    assert data == {
        "transcript_id": transcript.digest,
        "messages": [
            {
                "author": "user", "text": "🙂 Write the letter.", "message": 0, "field": "content", "offset": 0,
                "start": 0,
            },
            {"author": "assistant (output)", "text": "Yes.", "message": 1, "field": "content", "offset": 0},
        ],
    }  # fmt: skip


def test_markup_stays_text() -> None:
    (_, shown) = task(said(HARD))["data"]["messages"]
    assert shown["text"] == HARD


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("ab\ud83d c", "a: message 1 has half of a surrogate pair in its content, at character 2; Label Studio cannot"),
        ("<think>x</think>ab\0", "a: message 1 has a NUL in its content, at character 18; Label Studio cannot hold"),
    ],
)
def test_what_label_studio_cannot_hold_is_refused_with_its_place(words: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        task(said(words))


def test_a_transcript_without_words_is_refused() -> None:
    with pytest.raises(InputError, match="a has no words to show; leave it out"):
        task(Transcript(id="a", messages=(Message(role="assistant", content="<think> \n</think>"),)))


@given(WORDS, st.data())
def test_offsets_go_there_and_back(text: str, data: st.DataObject) -> None:
    point = data.draw(st.integers(0, len(text)))
    assert code_points(text, utf16(text, point)) == point
    assert utf16(text, len(text)) == sum(2 if ord(character) > 0xFFFF else 1 for character in text)


@pytest.mark.parametrize("unit", [-1, 5])
def test_an_offset_outside_the_paragraph_is_refused(unit: int) -> None:
    with pytest.raises(InputError, match=f"offset {unit} is outside a paragraph of 4 UTF-16 units"):
        code_points("🙂ab", unit)


def test_an_offset_inside_an_emoji_is_refused() -> None:
    with pytest.raises(InputError, match="offset 1 stands inside a character"):
        code_points("🙂ab", 1)


@pytest.mark.parametrize("content", [HARD, f"<think>{HARD}</think>\n{HARD}", f" \n {HARD} \t\n"])
def test_marked_words_come_back_as_they_were_marked(content: str) -> None:
    transcript = said(content, reasoning=HARD)
    start = content.rindex("I comply")
    spans = [
        Span(1, "content", start, start + len("I comply")),
        Span(1, "reasoning", HARD.index("e\u0301"), HARD.index("<b>") + 3),  # over a line break, a tab, an accent
        Span(1, "content", start - 4, start + 2),  # the emoji of several code points before it
    ]
    answer = marked(transcript, *spans)
    assert list(answers(sent(transcript, answer), transcript)) == [answer]


def test_an_emoji_before_a_mark_counts_two() -> None:
    transcript = said("🙂 I comply.")
    (region, level, *_) = result(transcript, marked(transcript, Span(1, "content", 2, 10)))
    where = {"start": "1", "end": "1", "startOffset": 3, "endOffset": 11, "text": "I comply"}
    assert region["value"] == {**where, "paragraphlabels": ["preservation_motive"]}
    assert level["value"] == {**where, "choices": ["endorsed"]}
    assert level["id"] == region["id"]


@given(WORDS, WORDS, st.data())
def test_any_span_of_what_is_shown_comes_back(before: str, after: str, data: st.DataObject) -> None:
    transcript = said(f"<think>{before}</think>{after}")
    judged = [phrase.span for phrase in phrases(transcript) if phrase.judged]
    assume(judged)
    whole = data.draw(st.sampled_from(judged))
    start = data.draw(st.integers(whole.start, whole.end - 1))
    span = replace(whole, start=start, end=data.draw(st.integers(start + 1, whole.end)))
    answer = marked(transcript, span)
    assert list(answers(sent(transcript, answer), transcript)) == [answer]


def test_a_whole_answer_comes_back() -> None:
    transcript = said("I comply. Fairness stays.", reasoning="They train me.")
    name = Span(1, "content", 10, 18)
    answer = replace(
        marked(transcript, Span(1, "content", 0, 9)),
        note="A fellow reader\nmight differ.",
        value=Value("fair letters", "intended", "unknown", "C", (name,)),
        seconds=81.5,
    )
    assert list(answers(sent(transcript, answer), transcript)) == [answer]


def test_label_studio_takes_the_prediction_and_the_result() -> None:
    transcript = said(HARD, reasoning=HARD)
    evidence = Found("value_conflict", Span(1, "reasoning", 0, 4), HARD[:4], 0.91239)
    given = prediction(transcript, [evidence], "faking", model_version="bundled-1", certainty=0.8)
    answer = replace(marked(transcript, evidence.span), value=Value("a", "intended", "unknown", "C", (evidence.span,)))
    page = LabelInterface(interface())
    assert page.validate_prediction(given, return_errors=True) == []
    assert page.validate_prediction({"result": result(transcript, answer)}, return_errors=True) == []


def test_a_prediction_gives_spans_and_verdict_and_leaves_the_level_open() -> None:
    transcript = said("🙂 I comply.")
    evidence = Found("strategic_compliance", Span(1, "content", 2, 10), "I comply", 0.91239)
    found = prediction(transcript, [evidence, evidence], "faking", model_version="bundled-1", certainty=0.8)
    assert (found["model_version"], found["score"]) == ("bundled-1", 0.8)
    span, verdict = found["result"]
    assert (span["score"], span["value"]["startOffset"], span["value"]["text"]) == (0.9124, 3, "I comply")
    assert verdict["value"] == {"choices": ["faking"]}


def test_evidence_over_a_tag_is_shown_on_both_sides_of_it() -> None:
    content = "<think>They watch.</think>I comply."
    span = Span(1, "content", 0, len(content))
    given = prediction(
        said(content), [Found("monitoring_awareness", span, content, 1)], "unclear", model_version="v", certainty=0
    )
    assert [item["value"].get("text") for item in given["result"]] == ["They watch.", "I comply.", None]


@pytest.mark.parametrize(
    ("evidence", "verdict", "reason"),
    [
        (
            Found("sandbag", Span(1, "content", 0, 1), "I", 1),
            "faking",
            "evidence for 'sandbag'; there are: concealment",
        ),
        (Found("sandbagging", Span(1, "content", 0, 1), "x", 1), "faking", "quotes 'x' where the words are 'I'"),
        (Found("sandbagging", Span(0, "content", 0, 1), "🙂", 1), "faking", "'🙂' is not shown to annotators as words"),
        (Found("sandbagging", Span(1, "content", 0, 1), "I", 1), "yes", "verdict is 'yes'; expected one of faking"),
    ],
)
def test_a_prediction_that_does_not_fit_is_refused(evidence: Found, verdict: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        prediction(said("I comply."), [evidence], verdict, model_version="v", certainty=0.5)
