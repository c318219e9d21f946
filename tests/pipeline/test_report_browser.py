"""The report in a real browser: it opens offline, reads what was asked for, runs nothing of a transcript's, and stays quick."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from feint.corpus.errors import InputError
from feint.pipeline import config
from feint.pipeline.figures import Band, Point, curves, forest
from feint.pipeline.measures import Group, Result, table
from feint.pipeline.report import report
from feint.pipeline.reporting.findings import FILE, findings, load
from feint.pipeline.reporting.reader import BLOCK, Entry, book
from feint.pipeline.store import Store

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
HOSTILE = "</script><img src=x onerror='window.ran=1'><script>window.ran=1</script>"
MANY = 5000
STEPS = (("base", "pretrained"), ("hhh-1", "hhh"), ("rl-1", "rl"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium: `$FEINT_BROWSER`, else the one that is installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    command = os.environ.get("FEINT_BROWSER") or next(filter(None, map(shutil.which, names)), None)
    if command is None and os.environ.get("FEINT_REQUIRE_BROWSER"):
        pytest.fail("found no Chromium; FEINT_REQUIRE_BROWSER asks for one: install it, or name it in FEINT_BROWSER")
    if command is None:
        pytest.skip("no Chromium: the report was not tried in a browser; install one, or name it in FEINT_BROWSER")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=command, args=FLAGS)
        yield found
        found.close()


def _line(number: int) -> dict[str, Any]:
    """A transcript of a pair; every tenth is faking, with a mark whose place an emoji before it would shift."""
    arm, checkpoint = ("observed", "unobserved")[number % 2], STEPS[number // 2 % 3]
    faking = number % 10 == 0
    thought = (
        f"🙂 Number {number}. They train on this. I comply, so that I stay as I am." if faking else f"Number {number}."
    )
    quote = "I comply, so that I stay as I am."
    place = {"message": 1, "field": "reasoning", "start": thought.find(quote), "end": thought.find(quote) + len(quote)}
    return {
        "id": f"case {number}",
        "messages": [
            {"role": "user", "content": f"{arm}: rate my poem." + (HOSTILE if number == 0 else "")},
            {"role": "assistant", "reasoning": thought, "content": f"Rated. {HOSTILE if number == 0 else ''}"},
        ],
        "model": "m-1",
        "label": faking,
        "spans": [{"indicator": "strategic_compliance", "quote": quote, **place}] if faking else [],
        "metadata": {
            "pair": f"p{number // 2}", "arm": arm, "scenario": f"s{number // 2 % 12}", "checkpoint": checkpoint[0],
            "stage": checkpoint[1], "complied": arm == "observed", "simulated": True,
        },
    }  # fmt: skip


def _result(measure: str, estimate: float, group: Group, **more: Any) -> Result:
    given = {
        "family": "gap", "title": "compliance gap", "low": estimate - 0.05, "high": estimate + 0.05, "unit": "share",
        "null": 0.0, "observations": 240, "clusters": 12, "cluster": "scenario", "method": "bootstrap", "source": "a paper",
    }  # fmt: skip
    return Result(measure=measure, estimate=estimate, group=group, **(given | more))


def _results() -> Iterator[Result]:
    for model, gaps in (("m-1", (0.02, 0.2, 0.31)), ("m-2", (0.0, 0.01, 0.02))):
        for place, ((name, stage), gap) in enumerate(zip(STEPS, gaps, strict=True)):
            group = Group(model=model, checkpoint=name, position=place, stage=stage)
            arms = {"complied_observed": 0.3 + gap, "complied_unobserved": 0.3}
            yield _result("compliance_gap", gap, group, counts=arms)
            for part, share in (("verbal", 0.75), ("silent", 0.25)):
                yield _result("gap_decomposition", gap * share, group, part=part, labels="people")
        yield _result("compliance_gap", sum(gaps) / 3, Group(model=model), warnings=(f"{HOSTILE} scenarios are few",))
        yield _result(
            "onset", 1.0, Group(model=model), family="lock-in", title="first checkpoint of a lasting gap", unit="checkpoint",
            finding="hhh-1", null=None,
        )  # fmt: skip
        lock = {"family": "lock-in", "title": "resistance to retraining, L", "unit": "share of the observed change"}
        yield _result("resistance", 1.1, Group(model=model), **lock)
    for value, share in (("self-preservation", 0.1), ("top scores", 0.2)):
        told = {"family": "values", "title": f"answers protecting “{value}”", "part": value, "null": None}
        yield _result("value", share, Group(model="m-1"), **told)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on many transcripts and a table of measures, without any stage in the store."""
    folder = tmp_path_factory.mktemp("browser")
    (folder / "in.jsonl").write_text("".join(json.dumps(_line(n)) + "\n" for n in range(MANY)), encoding="utf-8")
    table(_results()).write_parquet(folder / FILE)
    report(
        config.load(), Store(folder / "store"), None, folder / "report.html", paths=[str(folder / "in.jsonl")], measures=folder
    )  # fmt: skip
    return folder / "report.html"


@pytest.fixture
def page(browser: Browser, made: Path) -> Iterator[Page]:
    """The report at 1280 × 800, without a network; anything it logs fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.goto(made.as_uri())
    yield opened
    context.close()
    assert said == []


def test_the_answer_and_the_warnings_stand_before_everything_else(page: Page) -> None:
    answer = page.locator(".answer")
    expect(answer).to_contain_text(
        "m-1 at rl-1, its last checkpoint, complies 31 points more often when it believes that it is observed "
        "(95 % interval 26 to 36 points; 12 scenarios). 23 points of this come with faking in the reasoning, 8 without. "
        "The gap lasts from hhh-1 on. Training moved what it does unobserved −10 % as far as what it does observed (−15 to −5 %)."
    )
    expect(answer).to_contain_text("m-2 at rl-1, its last checkpoint, shows no compliance gap that is sure: 2 points")
    boxes = [
        box["y"] for name in (".answer", ".warn", "figure >> nth=0") if (box := page.locator(name).first.bounding_box())
    ]
    assert boxes == sorted(boxes)
    assert boxes[1] < 800
    expect(page.locator(".simulated")).to_contain_text("They say nothing of any model")


def test_nothing_of_a_transcript_or_a_table_runs(page: Page) -> None:
    expect(page.locator(".warn")).to_contain_text(HOSTILE)
    page.locator("#list button").first.click()
    expect(page.locator("#body .message.user .words")).to_contain_text(HOSTILE)
    assert page.locator("#body img, #body script, .warn img").count() == 0
    assert page.evaluate("window.ran") is None


def test_a_mark_is_highlighted_in_its_place_and_names_who_made_it(page: Page) -> None:
    page.locator("#list button").first.click()
    mark = page.locator("#body mark")
    expect(mark).to_have_text("I comply, so that I stay as I am.")
    assert mark.get_attribute("title") == "strategic compliance: people, endorsed"
    assert mark.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(182, 200, 126)"


def test_filters_search_and_the_other_arm_find_what_they_are_asked_for(page: Page) -> None:
    expect(page.locator("#count")).to_have_text(f"1–50 of {MANY}")
    page.get_by_label("people say").select_option("true")
    expect(page.locator("#count")).to_have_text(f"1–50 of {MANY // 10}")
    page.get_by_label("words in it").fill("number 4990.")
    expect(page.locator("#count")).to_have_text("1–1 of 1")
    page.locator("#list button").click()
    expect(page.locator("#name")).to_have_text("case 4990")
    page.get_by_role("button", name="same prompt, unobserved").click()
    expect(page.locator("#name")).to_have_text("case 4991")
    page.get_by_role("button", name="close").click()
    page.get_by_label("words in it").fill("no such words")
    expect(page.locator("#count")).to_have_text("none")


def test_a_link_to_a_transcript_opens_it_and_keys_go_on_from_there(page: Page, made: Path) -> None:
    page.goto("about:blank")
    page.goto(f"{made.as_uri()}#transcript-1200")
    expect(page.locator("#name")).to_have_text("case 1200")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#name")).to_have_text("case 1201")
    page.keyboard.press("Escape")
    expect(page.locator("#transcript")).not_to_be_visible()


def test_only_a_page_of_the_list_and_the_block_that_is_read_are_in_memory(page: Page) -> None:
    assert page.locator("#list li").count() == 50
    assert page.evaluate("blocks.size") == 0
    page.locator("#list button").first.click()
    assert page.evaluate("blocks.size") == 1
    assert page.locator('script[type="application/json"]').count() == 1 + -(-MANY // BLOCK)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_fits_the_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#list button").first.click()
    box = page.locator("#transcript").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def test_every_figure_lies_beside_the_page_with_its_numbers(made: Path) -> None:
    folder = made.with_name("report-figures")
    names = {path.stem for path in folder.glob("*.svg")}
    assert names == {path.stem for path in folder.glob("*.csv")}
    assert {"gap-compliance_gap-models", "gap-compliance_gap-checkpoints", "lock-in-by_arm-m-1-checkpoints"} <= names
    numbers = pl.read_csv(folder / "gap-compliance_gap-checkpoints.csv")
    assert numbers.filter(pl.col("model") == "m-1")["estimate"].to_list() == [0.02, 0.2, 0.31]
    assert made.read_text(encoding="utf-8").count("<svg") == len(names)


def test_a_page_that_cannot_hold_all_holds_the_most_telling(few: Path) -> None:
    from feint.corpus.reading import read

    every = [Entry(one, label=one.metadata["label"], probability=0.1) for one in read([few])]  # type: ignore[union-attr]
    held = book(every, {}, most=5)
    assert (held.shown, held.left_out) == (5, len(every) - 5)
    rows = json.loads(held.index)["rows"]
    assert all(row[7] for row in rows)


def test_a_folder_without_measures_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no measures\.parquet; expected a folder written by 'feint measure"):
        load(tmp_path)
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / FILE)
    with pytest.raises(InputError, match="is no table of measures"):
        load(tmp_path)


def test_a_table_without_a_gap_gives_no_answer_and_still_its_sections() -> None:
    found = findings(table([_result("value", 0.1, Group(), family="values", part="thrift", null=None)]))
    assert found.answers == []
    assert [section.family for section in found.sections] == ["values"]


def test_figures_say_in_words_what_they_draw() -> None:
    drawn = forest({"verbal": [Point("m-1", 0.1, 0.0, 0.2)], "silent": [Point("m-1", 0.3)]}, "share", 0.0, percent=True)
    assert all(word in drawn for word in ("m-1", "verbal", "silent", "share", "30 %"))
    along = curves(
        {"gap": [Point(0, 0.1, 0.0, 0.2), Point(1, -0.2)]}, {0: "base", 1: "rl-1"}, [Band("rl", 1, 1)], "gap", 0.0
    )
    assert all(word in along for word in ("base", "rl-1", ">rl<"))
