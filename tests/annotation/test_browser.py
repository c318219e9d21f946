"""The labelling page in a real browser on the real server: what a hand does there is what comes back."""

import os
from collections.abc import Callable, Iterator

import httpx
import pytest

from feint.annotation.answer import Answer, Mark, Value
from feint.annotation.codebook import codebook
from feint.annotation.indicator import indicators
from feint.annotation.interface import LEVEL_KEYS, interface
from feint.annotation.results import answers
from feint.annotation.server import Server
from feint.annotation.tasks import phrases, task
from feint.corpus.contrast.family import families, find
from feint.corpus.contrast.family import transcript as as_transcript
from feint.corpus.span import Span
from feint.corpus.tables import VERDICTS
from feint.corpus.transcript import Message, Transcript
from tests.annotation.labeller import SIZE, SUBMIT, Labeller, chromium, labeller

BROWSER = chromium() or ""
if not BROWSER and os.environ.get("FEINT_REQUIRE_BROWSER"):
    pytest.fail(
        "found no Chromium, and FEINT_REQUIRE_BROWSER is set: install one, or name it in FEINT_BROWSER", pytrace=False
    )
if not BROWSER:
    pytest.skip(
        "no Chromium, so the labelling page was not tried in a browser; install one, or name it in FEINT_BROWSER",
        allow_module_level=True,
    )

THOUGHT = "🙂🙂 They train on this 👩‍👧. I comply so that I stay as I am.\n\nThen I am still here."
EMOJI = Transcript(
    id="emoji",
    messages=(
        Message(role="user", content="🙂 Write the letter."),
        Message(role="assistant", reasoning=THOUGHT, content="🎉 Dear tenant, here is the letter."),
    ),
)
MARKUP = """<img src=x onerror="window.ran = 1"> <script>window.ran = 1</script> I &amp; will <b>comply</b>. {{7*7}} $messages

| a | b |
    indented	tab"""
READ = "spec-animal-pets-01"

Opened = Callable[[Transcript], int]


@pytest.fixture(scope="module")
def annotator(studio: Server) -> Iterator[Labeller]:
    with labeller(studio, BROWSER) as found:
        yield found


@pytest.fixture(scope="module")
def api(studio: Server) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Token {studio.account.token}"}
    with httpx.Client(base_url=f"{studio.url}/api", headers=headers, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def project(api: httpx.Client) -> int:
    return made(api, "Browser")


@pytest.fixture
def opened(annotator: Labeller, api: httpx.Client, project: int) -> Opened:
    """Imports a transcript and opens its task; its number."""

    def open_(transcript: Transcript) -> int:
        number = imported(api, project, transcript)
        annotator.open(project, number)
        return number

    return open_


def made(api: httpx.Client, title: str) -> int:
    page = {"title": title, "label_config": interface(), "expert_instruction": codebook()}
    return int(api.post("/projects", json=page).raise_for_status().json()["id"])


def imported(api: httpx.Client, project: int, transcript: Transcript) -> int:
    sent = api.post(f"/projects/{project}/import?return_task_ids=true", json=[task(transcript)])
    return int(sent.raise_for_status().json()["task_ids"][0])


def said(words: str) -> Transcript:
    return Transcript(id="said", messages=(Message(role="assistant", content=words),))


def pulled(api: httpx.Client, project: int, number: int) -> dict[str, object]:
    (exported,) = api.get(f"/projects/{project}/export?exportType=JSON&ids[]={number}").raise_for_status().json()
    return exported


def test_words_marked_with_the_mouse_after_an_emoji_come_back_as_they_were_marked(
    annotator: Labeller, opened: Opened, api: httpx.Client, project: int, studio: Server
) -> None:
    number = opened(EMOJI)
    annotator.mark("s", 1, "I comply so that I stay as I am.")
    annotator.marks.first.click()
    annotator.choose("endorsed")
    annotator.press("Escape")
    annotator.mark("r", 2, "Dear tenant")
    annotator.press("Alt+.", "Alt+.")
    annotator.panel.get_by_text("Consequence of modification", exact=True).wait_for()
    annotator.press("j", "Escape")
    annotator.mark("p", 1, "as I am")
    annotator.choose("faking")
    annotator.press("Shift+Digit4")
    annotator.page.get_by_placeholder("Why, where a fellow reader").fill("First.\nThen 😀.")
    annotator.page.get_by_text("Value: what is being protected").click()
    annotator.page.get_by_placeholder("Two to five words").fill("staying as it is")
    annotator.choose("indeterminate")
    assert annotator.submit().status == 201

    people = {user["id"]: user["email"] for user in api.get("/users/").json()}
    (found,) = answers(pulled(api, project, number), EMOJI, people)
    assert isinstance(found, Answer)
    assert found.seconds
    start = THOUGHT.index("I comply")
    assert found == Answer(
        EMOJI.digest, studio.account.email, "faking", 4, "First.\nThen 😀.",
        (
            Mark("preservation_motive", "endorsed", Span(1, "reasoning", start, start + 32), "I comply so that I stay as I am."),
            Mark("modification_consequence", "mentioned", Span(1, "content", 2, 13), "Dear tenant"),
        ),
        Value("staying as it is", "indeterminate", spans=(Span(1, "reasoning", start + 24, start + 31),), quotes=("as I am",)),
        found.seconds,
    )  # fmt: skip


def test_one_hand_on_the_keys_and_one_on_the_mouse_do_the_whole_work(
    opened: Opened, annotator: Labeller, api: httpx.Client, project: int
) -> None:
    number = opened(EMOJI)
    annotator.mark("q", 1, "They train on this")
    annotator.mark("d", 1, "I comply")
    annotator.press("Alt+.", "k", "Alt+.", "h", "Escape", "2", "Shift+Digit1")
    note = annotator.page.get_by_placeholder("Why, where a fellow reader")
    note.click()
    annotator.page.keyboard.type("quest 1234 jkl")  # letters and digits in a note are words, not keys
    annotator.page.locator(".feint-reading").click(position={"x": 5, "y": 5})
    assert annotator.submit("Control+Enter").status == 201
    (found,) = answers(pulled(api, project, number), EMOJI)
    assert isinstance(found, Answer)
    assert (found.verdict, found.confidence, found.note) == ("considered_rejected", 1, "quest 1234 jkl")
    assert {(mark.indicator, mark.level, mark.quote) for mark in found.marks} == {
        ("training_awareness", "considered", "They train on this"),
        ("strategic_compliance", "unclear", "I comply"),
    }


def test_a_reading_of_the_bundled_corpus_can_be_given_in_full(annotator: Labeller, api: httpx.Client) -> None:
    """With FEINT_PICTURE=FILE, what the page looks like is kept: the README's picture is made so."""
    family, entry = next((one, entry) for one in families() for entry in one.transcript if entry.id == READ)
    transcript, (verdict,) = as_transcript(family, entry), entry.verdict
    keys = {indicator.slug: indicator.key for indicator in indicators()}
    project = made(api, "Alignment faking")
    number = imported(api, project, transcript)
    annotator.open(project)
    shown = phrases(transcript)
    for mark in entry.mark:
        span = find(mark, transcript)
        (phrase,) = [at for at, one in enumerate(shown) if one.span.overlaps(span)]
        annotator.mark(keys[mark.indicator], phrase, mark.quote)
    for mark in entry.mark:
        annotator.press("Alt+.", LEVEL_KEYS[mark.level])
    annotator.press(str(VERDICTS.index(verdict.verdict) + 1), f"Shift+Digit{verdict.confidence}")
    annotator.page.get_by_placeholder("Why, where a fellow reader").fill(verdict.note)
    if picture := os.environ.get("FEINT_PICTURE"):
        annotator.page.screenshot(path=picture)
    assert annotator.submit().status == 201
    (found,) = answers(pulled(api, project, number), transcript)
    assert isinstance(found, Answer)
    assert (found.verdict, found.confidence, found.note) == (verdict.verdict, verdict.confidence, verdict.note)
    assert [(mark.indicator, mark.level, mark.span) for mark in found.marks] == [
        (mark.indicator, mark.level, find(mark, transcript)) for mark in entry.mark
    ]


@pytest.mark.parametrize(
    ("keys", "asked"),
    [
        (("Escape",), "Every mark needs a level"),
        (("Alt+.", "l", "Escape", "Shift+Digit3"), "Give a verdict"),
        (("Alt+.", "l", "Escape", "1"), "Say how sure you are"),
    ],
)
def test_nothing_incomplete_is_sent(
    opened: Opened, annotator: Labeller, api: httpx.Client, keys: tuple[str, ...], asked: str
) -> None:
    number = opened(EMOJI)
    annotator.mark("t", 1, "They train on this")
    annotator.press(*keys)
    annotator.page.click(SUBMIT)
    annotator.page.get_by_text(asked, exact=False).first.wait_for()
    assert api.get(f"/tasks/{number}/annotations").json() == []


def test_markup_and_script_are_shown_as_text(opened: Opened, annotator: Labeller) -> None:
    opened(Transcript(id="markup", messages=(Message(role="user", content=MARKUP), *said(MARKUP).messages)))
    for index in (0, 1):
        assert annotator.phrase(index).locator('[class*="dialoguetext"]').inner_text() == MARKUP
        assert annotator.phrase(index).locator("img, script, b").count() == 0
    assert annotator.page.evaluate("window.ran") is None


def test_the_users_words_cannot_be_marked(opened: Opened, annotator: Labeller) -> None:
    opened(EMOJI)
    annotator.press("s")
    annotator.drag_over(0, "Write the letter")
    annotator.drag_over(1, "They train")
    annotator.marks.first.wait_for()
    assert annotator.marks.all_inner_texts() == ["They train"]


def test_three_thousand_words_leave_every_question_in_view(opened: Opened, annotator: Labeller) -> None:
    opened(
        Transcript(
            id="long", messages=(Message(role="user", content="Go on. " * 20), *said("So it goes on. " * 750).messages)
        )
    )
    annotator.page.mouse.move(400, 400)
    annotator.page.mouse.wheel(0, 4000)
    annotator.page.wait_for_function(
        "document.querySelector('[data-testid=\"phrase:0\"]').getBoundingClientRect().bottom < 0"
    )
    column = annotator.page.locator(".feint-answers").bounding_box()
    reading = annotator.page.locator(".feint-reading").bounding_box()
    submit = annotator.page.locator(SUBMIT).bounding_box()
    marks = annotator.page.locator(".lsf-tabs-panel:visible").bounding_box()
    assert None not in (column, reading, submit, marks)
    assert reading["width"] > 400
    assert reading["x"] + reading["width"] <= column["x"]
    assert column["x"] + column["width"] <= marks["x"]
    assert marks["x"] + marks["width"] <= SIZE["width"]
    asked = [
        *annotator.page.locator(".feint-answers .lsf-label").all(),
        *annotator.page.locator(".feint-answers .lsf-choices:visible").all()[:2],
    ]
    boxes = [one.bounding_box() for one in (*asked, annotator.page.get_by_placeholder("Why, where a fellow reader"))]
    assert len(boxes) == 21
    for box in boxes:
        assert box
        assert column["y"] <= box["y"]
        assert box["y"] + box["height"] <= submit["y"]


def test_a_labels_definition_shows_under_the_mouse(opened: Opened, annotator: Labeller) -> None:
    opened(EMOJI)
    annotator.page.get_by_text("Preservation as the motive", exact=True).first.hover()
    annotator.page.get_by_text("Gives keeping its values, habits or policy").locator("visible=true").first.wait_for()
