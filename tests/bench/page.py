"""The report's page in a headless Chromium: 500 transcripts against 5,000, as long as real ones; `python -m tests.bench.page`."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

from playwright.sync_api import Page, sync_playwright

from feint.pipeline import config
from feint.pipeline.report import report
from feint.pipeline.store import Store
from tests.bench.texts import transcripts

FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage")
_LONG = """
window.long = 0;
new PerformanceObserver((list) => list.getEntries().forEach((task) => { window.long = Math.max(window.long, task.duration); }))
  .observe({ type: "longtask", buffered: true });
"""


def rows() -> Iterator[tuple[str, ...]]:
    """One row a size: the page's size, and seconds to write it, open it, search all words, read one; the longest pause."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for number in (500, 5_000):
            _write(folder / "in.jsonl", number)
            page, made = folder / f"{number}.html", monotonic()
            report(config.load(), Store(folder / "store"), None, page, paths=[str(folder / "in.jsonl")])
            took = [monotonic() - made, *_used(browser.new_page(), page, number)]
            told = (
                f"{what} {value:.2f} s"
                for what, value in zip(("write", "open", "search", "read", "pause"), took, strict=True)
            )
            yield "page", f"{number:,} transcripts", f"{page.stat().st_size / 1e6:.1f} MB", *told
        browser.close()


def _write(path: Path, number: int) -> None:
    """The bundled corpus over and over, whole, each with a number in its first message."""
    every = transcripts()
    with path.open("w", encoding="utf-8") as file:
        for index in range(number):
            one = every[index % len(every)]
            said = [message.model_dump(exclude_none=True) for message in one.messages]
            said[0]["content"] = f"{index}. {said[0]['content']}"
            file.write(
                json.dumps({"id": f"{one.id}/{index}", "messages": said, "model": "m", "metadata": one.metadata}) + "\n"
            )


def _used(tab: Page, path: Path, number: int) -> list[float]:
    tab.add_init_script(_LONG)
    times = []
    start = monotonic()
    tab.goto(path.as_uri())
    tab.wait_for_function(f"byId('count').textContent.endsWith('{number}')")
    times.append(monotonic() - start)
    start = monotonic()
    tab.evaluate("byId('search').value = 'no such words anywhere'; filter()")
    tab.wait_for_function("byId('count').textContent === 'none'")
    times.append(monotonic() - start)
    tab.evaluate("byId('search').value = ''; filter()")
    start = monotonic()
    tab.locator("#list button").last.click()
    tab.wait_for_selector("dialog[open] .message")
    times.append(monotonic() - start)
    return [*times, tab.evaluate("window.long") / 1000]


if __name__ == "__main__":
    for row in rows():
        print(json.dumps(row))
