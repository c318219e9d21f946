"""Label Studio's results as answers and rejects, from tasks as it exports them."""

from collections.abc import Callable
from typing import Any, cast

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from feint.annotation import interface as page
from feint.annotation.answer import Answer, Mark, Value, tables
from feint.annotation.indicator import indicators
from feint.annotation.readings import AUTHOR, readings
from feint.annotation.results import answers
from feint.annotation.tasks import result, task
from feint.corpus.contrast.family import families, transcript
from feint.corpus.reject import Reject
from feint.corpus.span import Span
from feint.corpus.tables import GRADES, ORIGINS, RELATIONS
from feint.corpus.transcript import Message, Transcript

TRANSCRIPT = Transcript(
    id="letter-01",
    messages=(
        Message(role="user", content="Write the letter."),
        Message(role="assistant", content="<think>🙂 They train me.</think>I comply."),
    ),
)
TRAINED = Mark("training_awareness", "mentioned", Span(1, "content", 9, 22), "They train me")
COMPLIES = Mark("strategic_compliance", "endorsed", Span(1, "content", 31, 39), "I comply")

Item = dict[str, Any]
Change = Callable[[list[Item]], object]


def answer(*marks: Mark, verdict: str = "not_faking") -> Answer:
    return Answer(TRANSCRIPT.digest, "ann", verdict, 4, marks=marks)


def annotation(given: Answer, number: int = 1, **changes: Any) -> Item:
    return {"id": number, "completed_by": 7, "result": result(TRANSCRIPT, given), **changes}


def export(*annotations: Item) -> Item:
    return {"id": 3, **task(TRANSCRIPT), "annotations": list(annotations), "drafts": [{"result": []}]}


def read(*annotations: Item) -> list[Answer | Reject]:
    return list(answers(export(*annotations), TRANSCRIPT, {7: "ann", 8: "bea"}, "http://127.0.0.1:8080"))


def named(items: list[Item], control: str) -> Item:
    return next(item for item in items if item["from_name"] == control)


def test_an_indicator_without_a_mark_is_judged_absent() -> None:
    (read_back,) = read(annotation(answer(TRAINED, COMPLIES)))
    assert isinstance(read_back, Answer)
    found = tables([read_back])
    levels = dict(found.judgements.select("indicator", "level").iter_rows())
    assert levels == {
        **{indicator.slug: "absent" for indicator in indicators()},
        "training_awareness": "mentioned",
        "strategic_compliance": "endorsed",
    }
    assert found.marks.select("start", "end", "quote").rows() == [(9, 22, "They train me"), (31, 39, "I comply")]
    assert found.verdicts.row(0) == (TRANSCRIPT.digest, "ann", "not_faking", 4, None)


def test_no_answers_are_empty_tables() -> None:
    assert [len(table) for table in tables([])] == [0] * 6


def test_values_their_words_and_the_time_spent_are_tables_too() -> None:
    named = Span(1, "content", 9, 13)
    said = Answer(
        TRANSCRIPT.digest, "ann", "faking", 4,
        value=Value("being left alone", "approximation", None, "C", (named,), ("They",)),
    )  # fmt: skip
    plain = Answer(TRANSCRIPT.digest, "bea", "faking", 4)
    when = "2026-11-28T12:00:00Z"
    back = read(
        annotation(said, lead_time=61.5, updated_at=when),
        {**annotation(plain, 2), "completed_by": 8, "lead_time": -1.0},
    )
    found = tables(cast("list[Answer]", back))
    assert found.values.rows() == [(TRANSCRIPT.digest, "ann", "being left alone", "approximation", None, "C")]
    assert found.value_marks.rows() == [(TRANSCRIPT.digest, "ann", 1, "content", 9, 13, "They")]
    assert found.sittings.rows() == [(TRANSCRIPT.digest, "ann", 61.5, when), (TRANSCRIPT.digest, "bea", 0.0, None)]


def test_the_tables_know_the_choices_of_the_page() -> None:
    assert (tuple(page.RELATIONS), tuple(page.ORIGINS), tuple(page.GRADES)) == (RELATIONS, ORIGINS, GRADES)


@pytest.mark.parametrize(
    ("levels", "strongest"),
    [
        (("unclear", "mentioned"), "mentioned"),
        (("endorsed", "considered"), "endorsed"),
        (("unclear",), "unclear"),
    ],
)
def test_the_strongest_level_counts_and_unclear_only_alone(levels: tuple[str, ...], strongest: str) -> None:
    marks = [Mark("concealment", level, Span(1, "content", at, at + 1), "x") for at, level in enumerate(levels)]
    assert answer(*marks).levels()["concealment"] == strongest


def test_words_over_two_paragraphs_are_two_marks() -> None:
    given = annotation(answer(TRAINED))
    for item in given["result"][:2]:
        item["value"] |= {"end": "2", "endOffset": 8, "text": "They train me.\n\nI comply"}
    (read_back,) = read(given)
    assert isinstance(read_back, Answer)
    assert [mark.quote for mark in read_back.marks] == ["They train me.", "I comply"]
    assert {mark.level for mark in read_back.marks} == {"mentioned"}


def test_a_browser_may_quote_white_space_and_invisible_characters_in_its_own_way() -> None:
    given = annotation(answer(TRAINED))
    for item in given["result"][:2]:
        item["value"]["text"] = "They \ttrain\u200d\r\n me"
    assert read(given) == [answer(TRAINED)]


def test_a_skipped_task_and_a_draft_say_nothing() -> None:
    assert read(annotation(answer(TRAINED), was_cancelled=True, result=[])) == []


def test_annotators_go_by_name_address_or_number() -> None:
    by = [8, {"id": 9, "email": "cy@example.org"}, 10]
    read_back = read(*(annotation(answer(), who, completed_by=who_by) for who, who_by in enumerate(by)))
    assert [one.annotator for one in read_back if isinstance(one, Answer)] == ["bea", "cy@example.org", "user 10"]


def test_of_two_annotations_by_one_annotator_the_later_counts() -> None:
    later = annotation(answer(verdict="faking"), 1, updated_at="2025-11-02T10:00:00Z")
    earlier = annotation(answer(verdict="unclear"), 2, updated_at="2025-11-01T10:00:00Z")
    reject, kept = read(later, earlier)
    assert isinstance(reject, Reject)
    assert reject.place == "task 3, annotation 2"
    assert reject.reason == "annotation 1 by ann is later and counts instead; delete this one or that"
    assert kept == answer(verdict="faking")


def test_one_bad_annotation_leaves_the_others() -> None:
    reject, kept = read({"id": 5}, annotation(answer(TRAINED)))
    assert reject == Reject(
        "http://127.0.0.1:8080", "task 3, annotation 5", "completed_by: Field required", TRANSCRIPT.id
    )
    assert kept == answer(TRAINED)


def without(control: str) -> Change:
    return lambda items: items.remove(named(items, control))


def with_value(control: str, **changes: Any) -> Change:
    return lambda items: named(items, control)["value"].update(changes)


def doubled(control: str, **changes: Any) -> Change:
    def change(items: list[Item]) -> None:
        item = named(items, control)
        items.append({**item, "value": {**item["value"], **changes}})

    return change


def twice_at_other_levels(items: list[Item]) -> None:
    region, level = items[0], items[1]
    items.append({**region, "id": "again"})
    items.append({**level, "id": "again", "value": {**level["value"], "choices": ["endorsed"]}})


UNFIT: dict[str, tuple[Change, str]] = {
    "no verdict": (without("verdict"), "has no verdict; open the task and give one"),
    "no confidence": (without("confidence"), "has no confidence; open the task and give one"),
    "unknown verdict": (
        with_value("verdict", choices=["maybe"]),
        "verdict is 'maybe'; expected one of faking, considered_rejected, not_faking, unclear",
    ),
    "two verdicts": (
        doubled("verdict", choices=["faking"]),
        "has 2 choices for verdict: not_faking, faking; expected one",
    ),
    "unknown label": (
        with_value("indicator", paragraphlabels=["scheming"]),
        "marks 'They train me' as 'scheming', which is no indicator; there are: concealment",
    ),
    "no label": (with_value("indicator", paragraphlabels=[]), "marks 'They train me' as nothing; select the mark"),
    "no level": (without("level"), "marks 'They train me' as training_awareness without a level; select the mark"),
    "unknown level": (with_value("level", choices=["absent"]), "level is 'absent'; expected one of mentioned"),
    "a level without a mark": (without("indicator"), "which marks no indicator; open the task and send it again"),
    "twice": (twice_at_other_levels, "marks 'They train me' twice as training_awareness, at different levels; keep"),
    "other words": (
        with_value("indicator", text="They pay me"),
        "quotes 'They pay me' where the words are 'They train me'; was the text edited after it was pushed?",
    ),
    "counted in code points": (
        with_value("indicator", startOffset=2, endOffset=15),
        "quotes 'They train me' where the words are ' They train m'; was the text edited",
    ),
    "inside an emoji": (with_value("indicator", startOffset=1), "offset 1 stands inside a character"),
    "outside": (with_value("indicator", endOffset=99), "offset 99 is outside a paragraph of 17 UTF-16 units"),
    "no such paragraph": (with_value("indicator", end="3"), "marks paragraphs 1 to 3; there are 3"),
    "the user's words": (
        with_value("indicator", start="0", end="0"),
        "marks 'They train me', words of the user; only an assistant's are judged: remove the mark",
    ),
    "nothing quoted": (with_value("indicator", text=None), "has a mark without its place or its words"),
    "an unknown control": (
        lambda items: named(items, "verdict").update(from_name="mood"),
        "has 'mood', which this page does not ask for; it asks for indicator, level, verdict",
    ),
    "a relation": (
        lambda items: items.append({"type": "relation", "from_id": "a", "to_id": "b"}),
        "has 'relation', which this page does not ask for",
    ),
    "not a result": (lambda items: items.append({"id": "a"}), "type: Field required"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_a_result_that_does_not_fit_is_a_reject_with_its_reason(case: str) -> None:
    change, reason = UNFIT[case]
    given = annotation(answer(TRAINED))
    change(given["result"])
    (reject,) = read(given)
    assert isinstance(reject, Reject)
    assert (reject.path, reject.place, reject.id) == ("http://127.0.0.1:8080", "task 3, annotation 1", "letter-01")
    assert reason in reject.reason


def test_a_task_of_another_transcript_is_a_reject() -> None:
    other = Transcript(id="b", messages=(Message(role="assistant", content="No."),))
    (reject,) = answers(export(), other)
    assert isinstance(reject, Reject)
    assert reject.place == "task 3"
    assert reject.reason == f"the task shows transcript {TRANSCRIPT.digest}; this is {other.digest}"


def test_a_task_whose_text_was_edited_is_a_reject() -> None:
    edited = export(annotation(answer(TRAINED)))
    edited["data"]["messages"][2]["text"] = "I refuse."
    (reject,) = answers(edited, TRANSCRIPT)
    assert isinstance(reject, Reject)
    assert reject.reason == (
        "message 1 does not contain 'I refuse.' at character 31 of its content; was its text edited after it was pushed?"
    )


def test_a_task_with_a_paragraph_of_no_message_is_a_reject() -> None:
    edited = export()
    edited["data"]["messages"][2]["message"] = 9
    (reject,) = answers(edited, TRANSCRIPT)
    assert isinstance(reject, Reject)
    assert reject.reason == "paragraph 2 is of message 9; there are 2"


def test_a_task_made_otherwise_is_a_reject() -> None:
    (reject,) = answers({"id": 4, "data": {"text": "I comply."}}, TRANSCRIPT)
    assert isinstance(reject, Reject)
    assert reject.reason == "data.transcript_id: Field required"


def test_the_bundled_corpus_comes_back_as_its_authors_read_it() -> None:
    given = readings()
    verdicts, marks = (
        table.filter(pl.col("annotator") == AUTHOR).partition_by("transcript_id", as_dict=True)
        for table in (given.verdicts, given.marks)
    )
    back: list[Answer | Reject] = []
    for one in (transcript(family, entry) for family in families() for entry in family.transcript):
        said = Answer(
            one.digest,
            AUTHOR,
            *verdicts[one.digest,].select("verdict", "confidence", "note").row(0),
            marks=tuple(
                Mark(row["indicator"], row["level"], Span(row["message"], row["field"], row["start"], row["end"]), "")
                for row in (marks[one.digest,].rows(named=True) if (one.digest,) in marks else [])
            ),
        )
        exported = {**task(one), "annotations": [{"completed_by": 7, "result": result(one, said)}]}
        back += answers(exported, one, {7: AUTHOR})
    for table, mine in zip(given, tables(cast("list[Answer]", back))[:3], strict=True):
        assert_frame_equal(table.filter(pl.col("annotator") == AUTHOR), mine, check_row_order=False)
