"""The site in a frame of somebody's page: what the page around it hears, and who is told nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser import outside, pages
from tests.browser.outside import documented

EMBEDDER = """
window.heard = [];
window.addEventListener('message', ({ source, origin, data }) => {
  if (source === document.getElementById('site').contentWindow) heard.push({ origin, ...data });
});
"""


def test_a_page_around_the_site_hears_predictions_and_nothing_else(
    folder: Path, folder_url: str, elsewhere: str, chromium: Any
) -> None:
    block = next(text for text in documented("html") if "onthefly:hello" in text)
    outside.page(folder, "around.html", f"<script>{EMBEDDER}</script>{block}")
    with chromium() as visit:
        page = visit.page
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"{folder_url}around.html")
        page.wait_for_function("() => heard.some((m) => m.type === 'onthefly:ready')")
        site = page.frame_locator("#site")
        site.get_by_text("The model is ready").first.wait_for()
        teach_in_frame(site)
        page.wait_for_function("() => heard.some((m) => m.winner)")
        last = page.evaluate("heard.findLast((m) => m.winner)")
        assert set(last) == {"origin", "type", "winner", "probabilities"}
        assert [set(each) for each in last["probabilities"]] == [{"class", "probability"}] * 2
        assert last["winner"] == last["probabilities"][0]["class"]
        assert last["origin"] == folder_url.rstrip("/")
        assert any(last["winner"] in text for text in said), "the documented page logs it"
        site.get_by_role("button", name="Stop camera").click()
        page.wait_for_function(
            "() => heard.at(-1).winner === null && heard.at(-1).probabilities.length === 0"
        )
        page.evaluate(
            "document.getElementById('site').contentWindow.postMessage({ type: 'onthefly:bye' }, '*')"
        )
        count = page.evaluate("heard.length")
        site.get_by_role("button", name="Start camera").click()
        answers_pass(page, site)
        assert page.evaluate("heard.length") == count


def teach_in_frame(site: Any) -> None:
    """Two classes, from which the page trains by itself."""
    for name in ("Class 1", "Class 2"):
        site.get_by_role("button", name=f"Hold to record {name}", exact=True).click()
        site.get_by_role("list", name=f"Photos of {name}", exact=True).get_by_role(
            "listitem"
        ).first.wait_for()


def answers_pass(page: Page, site: Any) -> None:
    """Wait until the site in the frame has shown answers, and this page has heard whatever it says of them.

    A message that the frame sends at the end comes after all others.
    """
    bar = site.get_by_role("progressbar", name="Class 1", exact=True)
    expect(bar).to_have_attribute("aria-valuetext", pages.PERCENT)
    bar.evaluate(
        """async () => {
          const video = document.querySelector('video');
          for (let i = 0; i < 3; i++) await new Promise((shown) => video.requestVideoFrameCallback(shown));
          parent.postMessage({ type: 'the end' }, '*');
        }"""
    )
    page.wait_for_function("() => heard.at(-1)?.type === 'the end' && heard.pop()")


def test_who_does_not_ask_is_told_nothing(folder: Path, folder_url: str, chromium: Any) -> None:
    """No hello, no message; and a hello from another frame, or one without an origin, is not answered."""
    frame = '<iframe id="site" src="dist/" allow="camera" width="1000" height="800"></iframe>'
    silent = f"<script>{EMBEDDER}</script>{frame}"
    asker = (
        "<script>parent.frames[0].postMessage({ type: 'onthefly:hello' }, '*');"
        "addEventListener('message', ({ data }) => parent.heard.push({ beside: true, ...data }))</script>"
    )
    outside.page(folder, "asker.html", asker)
    outside.page(folder, "silent.html", silent)
    outside.page(
        folder, "boxed.html", f'<iframe sandbox="allow-scripts" srcdoc="{boxed(folder_url)}"></iframe>'
    )
    with chromium() as visit:
        page = visit.page
        page.goto(f"{folder_url}silent.html")
        site = page.frame_locator("#site")
        site.get_by_text("The model is ready").first.wait_for()
        page.evaluate(
            """() => new Promise((onload) => document.body.append(
              Object.assign(document.createElement('iframe'), { src: 'asker.html', onload })))"""
        )
        teach_in_frame(site)
        answers_pass(page, site)
        assert page.evaluate("heard") == []
        page.goto(f"{folder_url}boxed.html")
        inner = page.frame_locator("iframe")
        inner.locator("#ready").wait_for(state="attached")
        # An answer to the hello would have come before the answer to this.
        around, site_in_it = page.frames[1:]
        site_in_it.evaluate(
            "addEventListener('message', ({ data }) => data === 'ping' && parent.postMessage('the end', '*'))"
        )
        around.evaluate("site.contentWindow.postMessage('ping', '*')")
        expect(inner.locator("#heard")).to_have_text('"the end"')


def boxed(url: str) -> str:
    """A page without an origin that has the site in a frame, says hello and writes down what it hears."""
    script = (
        "addEventListener('message', (e) => heard.textContent += JSON.stringify(e.data));"
        "site.onload = () => { site.contentWindow.postMessage({ type: 'onthefly:hello' }, '*');"
        "document.body.append(Object.assign(document.createElement('i'), { id: 'ready' })); };"
    )
    return f"<p id=heard></p><iframe id=site src={url}dist/></iframe><script>{script}</script>".replace(
        '"', "&quot;"
    )
