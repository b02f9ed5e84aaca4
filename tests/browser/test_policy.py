"""Nothing leaves the page: requests to another origin are blocked, on a host that sends no headers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Worker

from onthefly_studio.pipeline import Built
from onthefly_studio.site.server import SiteServer, serve
from tests.browser import pages
from tests.support.patience import wait_until


class Stranger(ThreadingHTTPServer):
    """Another origin, which would take whatever is sent to it."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                seen.append(f"{self.command} {self.path}")
                self.send_response(200)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Access-Control-Allow-Headers", "*")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_OPTIONS = do_GET  # noqa: N815 - the names http.server asks for

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    server = Stranger()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


# Each way out that a script has; resolves to what got through. `barred` lists what the policy has stopped.
ATTEMPTS_JS = """
async (url) => {
  const through = [];
  self.barred = [];
  const told = ({effectiveDirective, blockedURI}) =>
    barred.push(`${effectiveDirective} ${blockedURI.replace(/^.*\\//, '/').replace('?', '')}`);
  (globalThis.document ?? self).addEventListener('securitypolicyviolation', told);
  const opens = (one) => new Promise((resolve) => {
    one.onopen = one.onload = () => resolve(true);
    one.onerror = () => resolve(false);
  });
  const attempt = async (name, way) => {
    try {
      if (await way()) through.push(name);
    } catch {}
  };
  await attempt('fetch', () => fetch(url + '/fetch', {method: 'POST', body: 'pixels', mode: 'no-cors'}));
  await attempt('xhr', () => {
    const request = new XMLHttpRequest();
    request.open('GET', url + '/xhr');
    request.send();
    return opens(request);
  });
  await attempt('socket', () => opens(new WebSocket(url.replace('http', 'ws') + '/socket')));
  await attempt('events', () => {
    const events = new EventSource(url + '/events');
    return opens(events).finally(() => events.close());
  });
  await attempt('import', () => import(url + '/module.js'));
  await attempt('script', () => globalThis.importScripts && (importScripts(url + '/script.js'), true));
  await attempt('eval', () => (0, eval)('1'));
  if (globalThis.document) {
    navigator.sendBeacon(url + '/beacon', 'pixels');
    const image = new Image();
    image.src = url + '/image';
    await attempt('image', () => opens(image));
    const form = document.createElement('form');
    form.action = url + '/form';
    form.target = '_blank';
    document.body.append(form);
    form.submit();
  }
  return through;
}
"""
IN_BOTH = {
    "connect-src /fetch",
    "connect-src /xhr",
    "connect-src /socket",
    "connect-src /events",
    "script-src-elem /module.js",
}
IN_PAGES = {"connect-src /beacon", "img-src /image", "form-action /form", "script-src eval"}


def until_barred(where: Page | Worker, ways: set[str]) -> None:
    """Wait until the policy has stopped all of these: then none of them is on its way."""
    wait_until(lambda: ways <= set(where.evaluate("barred")), f"{ways} are barred")


def test_neither_the_page_nor_its_worker_reaches_another_origin(
    site: Callable[..., Built],
    serving: Callable[[Path], SiteServer],
    chromium: Any,
    stranger: Stranger,
) -> None:
    url = serving(site("embedded").out).url
    with chromium() as visit:
        response = visit.page.goto(url)
        assert "content-security-policy" not in response.headers, "the host must send no policy of its own"
        pages.open_ready(visit.page, url)
        (worker,) = visit.page.workers
        assert worker.url.startswith("blob:")
        assert visit.page.evaluate(ATTEMPTS_JS, stranger.url) == []
        until_barred(visit.page, IN_BOTH | IN_PAGES)
        assert stranger.seen == []
        # A debugger's own evaluation may use eval where the page may not; the network it may not.
        through = set(worker.evaluate(ATTEMPTS_JS, stranger.url)) - {"eval"}
        assert through == set()
        until_barred(worker, IN_BOTH)
        assert stranger.seen == []
        assert worker.evaluate("fetch(new URL('/site.json', self.origin)).then((r) => r.status)") == 200


def test_without_the_policy_the_same_attempts_get_through(
    chromium: Any, stranger: Stranger, tmp_path: Path
) -> None:
    """The control: what the test above measures can be seen when nothing blocks it."""
    (tmp_path / "index.html").write_text("<!doctype html><title>open</title>")
    with chromium() as visit, serve(tmp_path, port=0, headers=False) as server:
        visit.page.goto(server.url)
        assert {"fetch", "xhr"} <= set(visit.page.evaluate(ATTEMPTS_JS, stranger.url))
        with visit.page.expect_worker() as started:
            visit.page.evaluate("window.w = new Worker(URL.createObjectURL(new Blob([''])))")
        assert {"fetch", "xhr"} <= set(started.value.evaluate(ATTEMPTS_JS, stranger.url))
        wait_until(
            lambda: any(line.endswith("/beacon") for line in stranger.seen), "the beacon reaches the stranger"
        )


@pytest.mark.parametrize("damaged", ["worker", "shard", "graph", "wasm"])
def test_a_file_that_was_changed_on_the_way_is_not_used(
    damaged: str, site: Callable[..., Built], serving: Callable[[Path], SiteServer], chromium: Any
) -> None:
    built = site("embedded")
    asset = {
        "worker": built.site.for_page()["workers"]["wasm"],
        "shard": built.site.for_page()["model"]["shards"][-1],
        "graph": built.site.for_page()["model"]["graph"],
        "wasm": built.site.for_page()["wasm"]["simd"],
    }[damaged]
    original = (built.out / asset["url"]).read_bytes()
    changed = original[:-8] + bytes(b ^ 1 for b in original[-8:])
    with chromium() as visit:
        visit.page.route(f"**/{asset['url']}", lambda route: route.fulfill(body=changed))
        visit.page.goto(serving(built.out).url)
        alert = visit.page.get_by_role("alert")
        alert.filter(has_text="is not the file this site was built with").wait_for()
        visit.page.unroute(f"**/{asset['url']}")
        visit.page.get_by_role("button", name="Try again").click()
        visit.page.get_by_role("status").filter(has_text="The model is ready").wait_for()
        if damaged != "worker":
            pages.until_workers(visit.page, 1)  # the one that could not start is ended
