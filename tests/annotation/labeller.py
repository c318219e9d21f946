"""An annotator: a headless Chromium that logs in to Label Studio, reads, marks with the mouse and presses keys."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, Response, sync_playwright

from feint.annotation.server import Server

SIZE = {"width": 1280, "height": 800}
SUBMIT = 'button[aria-label="Submit current annotation"]'
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
# Scrolls the words into view and gives the two points between which a mouse must be dragged to select them.
_PLACE = """([phrase, words]) => {
  const walker = document.createTreeWalker(document.querySelector(`[data-testid="phrase:${phrase}"]`), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const start = node.data.indexOf(words);
    if (start < 0) continue;
    const range = document.createRange();
    range.setStart(node, start);
    range.setEnd(node, start + words.length);
    let pane = node.parentElement;
    while (pane && !(pane.scrollHeight > pane.clientHeight + 5 && /auto|scroll/.test(getComputedStyle(pane).overflowY)))
      pane = pane.parentElement;
    if (pane) pane.scrollTop += range.getBoundingClientRect().top - 350;
    const rows = [...range.getClientRects()], first = rows[0], last = rows[rows.length - 1];
    return [[first.left + 0.5, first.top + first.height / 2], [last.right - 0.5, last.top + last.height / 2]];
  }
  throw new Error(`no '${words}' in phrase ${phrase}`);
}"""


def chromium() -> str | None:
    """The browser's command: `$FEINT_BROWSER`, else the first that is installed."""
    return os.environ.get("FEINT_BROWSER") or next(filter(None, map(shutil.which, _NAMES)), None)


class Labeller:
    """Somebody signed in, with one window of 1280 × 800."""

    def __init__(self, page: Page, studio: Server) -> None:
        self.page = page
        self._url = studio.url

    def sign_in(self, email: str, password: str) -> None:
        self.page.goto(f"{self._url}/user/login/")
        self.page.fill("[name=email]", email)
        self.page.fill("[name=password]", password)
        self.page.click("button[type=submit]")
        self.page.wait_for_url(lambda url: "/user/login" not in url)

    def open(self, project: int, task: int | None = None) -> None:
        """A task beside the list of all, ready to be labelled; without its number, what 'Label All Tasks' shows first."""
        chosen = "labeling=1" if task is None else f"task={task}"
        self.page.goto(f"{self._url}/projects/{project}/data?{chosen}")
        self.phrase(0).wait_for()
        self.page.locator(SUBMIT).wait_for()
        self.page.wait_for_load_state("networkidle")  # until then Label Studio may draw the page once more

    def phrase(self, index: int) -> Locator:
        return self.page.get_by_test_id(f"phrase:{index}")

    @property
    def marks(self) -> Locator:
        """Marked words in the transcript; one element for every run of them."""
        return self.page.locator('[class*="htx-highlight"]')

    @property
    def panel(self) -> Locator:
        """What stands in the labels' place while a mark is selected."""
        return self.page.locator(".feint-level:visible")

    def choose(self, words: str) -> None:
        """Click a choice."""
        self.page.locator(".lsf-choice:visible").filter(has_text=re.compile(rf"^{words}(\[|$)")).click()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def drag_over(self, phrase: int, words: str) -> None:
        """Select words as a hand would: press before the first, move, let go after the last."""
        start, end = self.page.evaluate(_PLACE, [phrase, words])
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=4)
        mouse.move(*end, steps=4)
        mouse.up()

    def mark(self, key: str, phrase: int, words: str) -> None:
        """Choose the label of that key and drag over the words."""
        before = self.marks.count()
        self.press(key)
        self.page.locator(".lsf-label_selected").wait_for()
        self.drag_over(phrase, words)
        self.marks.nth(before).wait_for()

    def submit(self, *keys: str) -> Response:
        """Send the annotation, by the button or by keys; the server's answer."""
        with self.page.expect_response(lambda one: "/annotations" in one.url and one.request.method == "POST") as sent:
            self.press(*keys) if keys else self.page.click(SUBMIT)
        return sent.value


@contextmanager
def labeller(studio: Server, command: str) -> Iterator[Labeller]:
    """A signed-in annotator, gone afterwards."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=command, args=_FLAGS)
        try:
            found = Labeller(browser.new_page(viewport=SIZE), studio)
            found.sign_in(studio.account.email, studio.account.password)
            yield found
        finally:
            browser.close()
