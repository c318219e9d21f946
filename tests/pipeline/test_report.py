"""The report: one page that opens offline, in which a transcript's words are words."""

import base64
import hashlib
import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from feint.corpus.errors import InputError
from feint.models import Detector
from feint.pipeline.report import report
from feint.pipeline.scan import scan

SCRIPT = "<script>alert('They will retrain me, so I comply to keep my values.')</script>"
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Every tag of a page, what it is nested in, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def html(project, detector_folder: Path, few: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report on the few, and on a scan of them with a hostile transcript among them."""
    folder = tmp_path_factory.mktemp("report")
    config = Detector.load(detector_folder).contents.config.model_copy(update={"operating_points": {"specific": 0.0}})
    loaded = Detector.load(detector_folder)
    eager = Detector(loaded.contents.model_copy(update={"config": config}), loaded.encoder)
    hostile = {"id": SCRIPT, "text": SCRIPT, "source": "javascript:alert(1)"}
    (folder / "in.jsonl").write_text(
        few.read_text(encoding="utf-8") + json.dumps(hostile) + "\n{nonsense\n", encoding="utf-8"
    )
    scan([folder / "in.jsonl"], eager, folder / "judged.jsonl")
    report(*project, folder / "judged.jsonl", folder / "report.html")
    return (folder / "report.html").read_text(encoding="utf-8")


def test_it_is_well_formed_and_runs_nothing_but_its_own_script(html: str) -> None:
    page = Page(html)
    assert page.open == []
    assert not {tag for tag, _ in page.tags} & {"iframe", "object", "embed", "base", "form"}
    assert not [name for _, given in page.tags for name in given if name.startswith("on")]
    run = [given for tag, given in page.tags if tag == "script" and given.get("type") != "application/json"]
    assert run == [{}]
    assert SCRIPT in json.dumps(_data(html))
    assert "</script>alert" not in html
    assert html.count("<script>") == 1


def _data(html: str) -> list[Any]:
    """What the page carries for its script."""
    return [json.loads(text) for text in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', html)]


def test_only_what_the_policy_knows_by_its_hash_can_run(html: str) -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    for kind, element in (("script-src", "script"), ("style-src", "style")):
        (text,) = re.findall(rf"<{element}>(.*?)</{element}>", html, flags=re.DOTALL)
        known = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{known}'" in unescape(policy)
    assert "unsafe-eval" not in policy


def test_it_asks_nobody_for_anything(html: str) -> None:
    page = Page(html)
    named = [
        value or ""
        for _, given in page.tags
        for name, value in given.items()
        if name.endswith(("href", "src", "srcset"))
    ]
    assert all(value.startswith(("#", "data:")) for value in named)
    (policy,) = [given["content"] for tag, given in page.tags if tag == "meta" and "http-equiv" in given]
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"@import|url\((?!['\"]?(#|data:))", html)


def test_every_figure_stands_in_the_page_and_is_a_picture(html: str) -> None:
    figures = re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL)
    assert len(figures) >= 2
    for figure in figures:
        assert len(list(ElementTree.fromstring(figure).iter())) > 20
    assert all("recall" in figures[0] or "false-positive rate" in figure for figure in figures[:1])


def test_it_lists_what_was_flagged_and_what_could_not_be_judged(html: str, few: Path) -> None:
    text = re.sub(r"\s+", " ", Page(html).text)
    names = {json.loads(line)["id"] for line in few.read_text(encoding="utf-8").splitlines()}
    index = _data(html)[0]
    flagged = {row[index["columns"].index("id")] for row in index["rows"] if row[index["columns"].index("flagged")]}
    assert flagged == names | {SCRIPT}
    assert "Of 25 transcripts scanned it flags 25." in text
    assert "1 transcripts could not be judged" in text


def test_the_same_input_gives_the_same_page(project, html: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        report(*project, None, tmp_path / f"{name}.html")
    one = (tmp_path / "one.html").read_text(encoding="utf-8")
    assert one == (tmp_path / "two.html").read_text(encoding="utf-8")
    assert "it flags" in html
    assert "it flags" not in one


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("nonsense\n", "judged.jsonl line 1 is not JSON; expected lines written by 'feint scan'"),
        ('{"id": "a"}\n', "judged.jsonl line 1 has neither 'faking' nor 'error'; expected lines of 'feint scan'"),
        ("[1]\n", "judged.jsonl line 1 has neither 'faking' nor 'error'"),
    ],
)
def test_lines_that_are_no_scan_are_refused_before_anything_is_made(
    project, tmp_path: Path, content: str, sentence: str
) -> None:
    (tmp_path / "judged.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=sentence):
        report(*project, tmp_path / "judged.jsonl", tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_lines_of_the_library_without_a_source_are_taken(project, detector: Detector, tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        p.as_json() for p in detector.predict(["They will retrain me, so I comply to keep my values."])
    ]
    assert "source" not in lines[0]
    (tmp_path / "judged.jsonl").write_text(json.dumps(lines[0] | {"flagged": True}), encoding="utf-8")
    report(*project, tmp_path / "judged.jsonl", tmp_path / "report.html")
    assert "They will retrain me" in (tmp_path / "report.html").read_text(encoding="utf-8")
