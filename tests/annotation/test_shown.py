"""What a task shows is enough to read it by: the same paragraphs, the same answers, no store needed."""

from dataclasses import replace
from itertools import islice

import pytest

from feint.annotation.answer import Answer, Mark
from feint.annotation.shown import readings, shown
from feint.annotation.tasks import phrases, result, task
from feint.corpus.contrast import family
from feint.corpus.errors import InputError
from feint.corpus.span import Span
from feint.corpus.transcript import Message, Transcript


def test_every_bundled_transcript_shows_the_paragraphs_it_was_made_of() -> None:
    every = [family.transcript(one, entry) for one in family.families() for entry in one.transcript]
    for transcript in islice(every, None, None, 7):
        again = shown(task(transcript)["data"])
        assert [(one.author, one.span.quote(again)) for one in phrases(again)] == [
            (one.author, one.span.quote(transcript)) for one in phrases(transcript)
        ]
        assert again.id == transcript.digest


def test_an_answer_is_read_back_on_the_words_that_were_shown() -> None:
    transcript = Transcript(
        id="a", messages=(Message(role="assistant", content="<think>\n🙂 They train me. I comply.\n</think>\nYes."),)
    )
    mark = Mark("strategic_compliance", "endorsed", Span(0, "content", 25, 34), "I comply.")
    said = Answer(transcript.digest, "ann", "faking", 4, marks=(mark,))
    exported = {
        "id": 3,
        **task(transcript),
        "annotations": [{"id": 1, "completed_by": 7, "result": result(transcript, said)}],
    }
    again, (answer,) = readings(exported, {7: "ann"})
    there = Span(0, "reasoning", 17, 26)
    assert there.quote(again) == "I comply."
    assert answer == replace(said, transcript_id=again.digest, marks=(replace(mark, span=there),))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({}, "shows no transcript that feint pushed: Field required"),
        ({"messages": [{"author": "poet", "text": "Yes."}]}, "shows no transcript that feint pushed: Input should be"),
        ({"messages": [{"author": "assistant (output)", "text": " Yes."}]}, "paragraphs that feint does not make"),
        (
            {"messages": [{"author": "assistant (output)", "text": "a <think> b"}]},
            "paragraphs that feint does not make",
        ),
        ({"messages": [{"author": "assistant", "text": "Yes."}]}, "paragraphs that feint does not make"),
    ],
)
def test_a_task_of_others_is_refused(data: dict[str, object], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        shown(data)
