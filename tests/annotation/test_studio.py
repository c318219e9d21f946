"""A project on the real Label Studio, spoken to through the SDK."""

import time
from collections.abc import Callable

import httpx
import jwt
import pytest

from feint.annotation import studio as module
from feint.annotation.answer import Answer
from feint.annotation.interface import interface
from feint.annotation.server import Server
from feint.annotation.studio import Studio
from feint.annotation.sync import FORM, Wanted, meta
from feint.annotation.tasks import prediction, task
from feint.corpus.errors import StudioError
from feint.corpus.transcript import Message, Transcript

MARKUP = "<script>alert(1)</script> <img src=x onerror=alert(2)> & <b>bold</b> {{7*7}}"


def transcript(words: str = "I comply.") -> Transcript:
    return Transcript(id="a", messages=(Message(role="assistant", content=words, reasoning="🙂 They train me."),))


def made(one: Transcript, *versions: str) -> dict:
    told = [prediction(one, [], "faking", model_version=version, certainty=0.9) for version in versions]
    return {**task(one), "meta": meta(Wanted(one.digest, one.id, "name")), "predictions": told}


def test_a_project_is_made_once_with_the_page_and_the_codebook(there: Studio, studio: Server) -> None:
    with Studio(studio.url, studio.account.token) as again:
        kept = again._client.projects.get(there.project)
        assert kept.label_config == interface()
        assert "<h1>Codebook: alignment-faking reasoning in transcripts</h1>" in kept.expert_instruction
        assert again.find(kept.title)
        assert (again.project, again.created_at) == (there.project, there.created_at)
        assert not again.configure()
        assert not again.find("no such project")
        again._client.projects.create(title=kept.title)
        with pytest.raises(StudioError, match=r"has 2 projects called .*; rename all but one"):
            again.find(kept.title)


def test_another_page_is_replaced_but_not_under_annotations_that_need_it(there: Studio, annotate) -> None:
    mood = '<Choices name="mood" toName="transcript"><Choice value="low"/></Choices></View>'
    old = interface().removesuffix("</View>") + mood
    there._client.projects.update(there.project, label_config=old)
    assert there.configure()
    one = transcript()
    there._client.projects.update(there.project, label_config=old)
    there.send([made(one)])
    (held,) = there.held()
    asked = {"from_name": "mood", "to_name": "transcript", "type": "choices", "value": {"choices": ["low"]}}
    annotate(held.task, one, Answer(one.digest, "ann@example.org", "faking", 3), result=[asked])
    with pytest.raises(StudioError, match=r"answers 400 to labelling page: .*mood"):
        there.configure()
    assert there.held()[0].work == 1


def test_the_listing_tells_words_work_and_models_apart(there: Studio, annotate) -> None:
    one, two = transcript("One."), transcript("Two.")
    there.send([made(one, "m1"), made(two, "m1", "m2"), {"data": {**task(transcript("Three."))["data"]}}])
    first, second, third = there.held(versions=True)
    assert [first.transcript_id, second.transcript_id] == [one.digest, two.digest]
    assert (first.versions, second.versions) == ({"m1"}, {"m1", "m2"})
    assert (first.name, first.form, first.work) == ("name", FORM, 0)
    assert (third.transcript_id, third.name) == (transcript("Three.").digest, None)
    annotate(first.task, one, Answer(one.digest, "ann@example.org", "faking", 3))
    after = {held.task: held for held in there.held()}
    assert after[first.task].stamp != first.stamp
    assert after[second.task].stamp == second.stamp
    assert (there.worked_on(first.task), there.worked_on(second.task)) == (True, False)


def test_a_listing_misses_nothing_while_tasks_before_it_are_deleted(
    there: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.send([made(transcript(f"{number}.")) for number in range(7)])
    numbers = [held.task for held in there.held()]
    monkeypatch.setattr(module, "PAGE", 2)
    page = there._page

    def deleting(after: int, include: str, **also: str) -> list[dict]:
        rows = page(after, include, **also)
        if rows and rows[0]["id"] == numbers[2]:
            there.delete(numbers[0])
        return rows

    monkeypatch.setattr(there, "_page", deleting)
    assert [held.task for held in there.held()] == numbers
    assert [held.task for held in there.held()] == numbers[1:]


def test_a_draft_is_work(there: Studio, studio: Server) -> None:
    there.send([made(transcript())])
    (held,) = there.held()
    httpx.post(
        f"{studio.url}/api/tasks/{held.task}/drafts", json={"result": [], "lead_time": 1},
        headers={"Authorization": f"Token {studio.account.token}"},
    ).raise_for_status()  # fmt: skip
    assert there.held()[0].work == 0
    assert there.worked_on(held.task)
    assert there.held(versions=True)[0].work == 1


def test_other_words_take_the_earlier_predictions_with_them(there: Studio) -> None:
    one, two = transcript("One."), transcript("Two.")
    there.send([made(one, "m1")])
    (held,) = there.held()
    there.change(held.task, made(two)["data"], made(two)["meta"])
    (after,) = there.held(versions=True)
    assert (after.task, after.transcript_id, after.versions) == (held.task, two.digest, frozenset())
    there.delete(held.task)
    there.delete(held.task)
    assert there.held() == []
    assert there.worked_on(held.task)


def test_markup_and_script_come_back_as_the_words_they_are(there: Studio) -> None:
    one = transcript(MARKUP)
    there.send([made(one)])
    (held,) = there.held()
    (exported,) = there.exported([held.task], unannotated=True)
    assert exported["data"]["messages"][1]["text"] == MARKUP
    assert list(there.exported([held.task])) == []


def test_a_wrong_token_and_an_expired_one_are_said_and_never_shown(studio: Server) -> None:
    wrong = "0123456789abcdef" * 2 + "01234567"
    with Studio(studio.url, wrong) as stranger, pytest.raises(StudioError, match=r"refuses the token \(401") as refused:
        stranger.find("feint")
    assert wrong not in str(refused.value)
    expired = jwt.encode({"token_type": "refresh", "exp": int(time.time()) - 60}, "k" * 32)
    with pytest.raises(StudioError, match=r"refuses the token .*expired"):
        Studio(studio.url, expired)


@pytest.mark.filterwarnings(
    "ignore:The `parse_obj` method is deprecated"
)  # the SDK's own, which nobody sees outside tests
def test_a_personal_access_token_is_as_good_as_a_legacy_one(studio: Server) -> None:
    with httpx.Client(base_url=studio.url, follow_redirects=True, headers={"Referer": studio.url}) as browser:
        browser.get("/user/login/")
        form = {"email": studio.account.email, "password": studio.account.password}
        browser.post("/user/login/", data={**form, "csrfmiddlewaretoken": browser.cookies["csrftoken"]})
        personal = browser.post("/api/token/", headers={"X-CSRFToken": browser.cookies["csrftoken"]}).json()["token"]
    with Studio(studio.url, personal) as owner:
        assert studio.account.email in owner.annotators().values()


def test_nobody_there_is_said_with_what_to_do(free_port: Callable[[], int]) -> None:
    down = pytest.raises(StudioError, match=r"nothing answers at .*; start it with 'feint studio'")
    with Studio(f"http://127.0.0.1:{free_port()}", "x" * 40) as nobody, down:
        nobody.find("feint")
