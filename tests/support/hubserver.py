"""A server on loopback that behaves like TF Hub, and misbehaves on request.

    with HubServer({"/google/imagenet/x/feature_vector/5": Path("module.tar.gz")}) as hub:
        hub.faults["/google/imagenet/x/feature_vector/5"] = [Fault(status=500), Fault(cut_after=1000)]
        hub.url("/google/imagenet/x/feature_vector/5")

A module is served only where `tf-hub-format=compressed` is asked for; any other request for it gets a
page, as from the real Hub. A path that ends in `.h5`, `.tar.gz` or another of `PLAIN` is a plain file. A path
in `queries` is a signed address: with any other query than that it gets a 403. Each request for a path uses
up the first of its faults, unless that one is `always`. No fault is left: the module is served, with ETag,
Last-Modified and ranges.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.patience import PATIENCE_S

PAGE = b"<!doctype html><html><head><title>A model</title></head><body>Hello from the Hub</body></html>"
MODIFIED = 1_700_000_000
PLAIN = (".h5", ".tar.gz", ".tgz", ".json", ".bin", "/download")
"""What is served as it stands, as Keras' weights and Kaggle's downloads are, whatever the query."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request, or with every one; fields may be combined."""

    always: bool = False
    status: int | None = None
    retry_after: str | None = None
    redirect: str | None = None
    """Location of a 302."""
    body: bytes | None = None
    """These bytes in place of the module's, or as the body of `status` or `redirect`."""
    content_type: str | None = None
    stall_after: int | None = None
    """Send so many bytes of the answer's body, then nothing, with the connection open until `go_on`."""
    cut_after: int | None = None
    """Send so many bytes of the answer's body, then close the connection."""
    ranges: bool = True
    etag: str | None = None
    """This ETag in place of the one that follows the bytes; empty for none."""
    modified: bool = True
    """Whether Last-Modified is sent."""
    length: bool = True
    """Whether Content-Length is sent; without it the connection's end is the body's."""
    content_range: str | None = None
    """This Content-Range, whatever is sent."""


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    path: str
    query: str
    headers: Mapping[str, str]
    """Names in lower case."""


class HubServer:
    """Serves modules, given as files or bytes by path, until the `with` block ends."""

    def __init__(self, modules: Mapping[str, Path | bytes] | None = None) -> None:
        self.modules: dict[str, Path | bytes] = dict(modules or {})
        self.faults: dict[str, list[Fault]] = {}
        self.queries: dict[str, str] = {}
        """The whole query, byte for byte, that a path's signature stands for."""
        self.requests: list[Request] = []
        self.go_on = threading.Event()
        """Set it, and an answer that stalls breaks off at last."""
        self.stalled = threading.Event()
        """Set once an answer has come to its `stall_after`."""
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def __enter__(self) -> HubServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def note(self, request: Request) -> Fault:
        """Record a request; the fault it meets."""
        with self._lock:
            self.requests.append(request)
            waiting = self.faults.get(request.path, [])
            if not waiting:
                return Fault()
            return waiting[0] if waiting[0].always else waiting.pop(0)

    def bytes_of(self, path: str) -> bytes | None:
        module = self.modules.get(path)
        return module.read_bytes() if isinstance(module, Path) else module

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Handler(_Handler):
            pass

        Handler.hub = hub
        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that was killed or gave up is what tests do; anything else is worth its traceback.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # the name http.server asks for
        split = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(split.path, split.query, headers)
        fault = self.hub.note(request)
        self._answer(request, fault)
        if fault.cut_after is not None or not fault.length:
            self.close_connection = True

    def _answer(self, request: Request, fault: Fault) -> None:
        if fault.redirect is not None:
            return self._send(302, fault.body or b"", {"Location": fault.redirect}, fault)
        if fault.status is not None:
            extra = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            return self._send(fault.status, fault.body or b"fault", extra, fault, "text/plain")
        if fault.body is not None:
            return self._send(200, fault.body, {}, fault)
        module = self.hub.bytes_of(request.path)
        if module is None:
            return self._send(404, b"nothing here", {}, fault, "text/plain")
        signed = self.hub.queries.get(request.path)
        if signed is not None and request.query != signed:
            return self._send(403, b"SignatureDoesNotMatch", {}, fault, "application/xml")
        is_file = signed is not None or request.path.endswith(PLAIN)
        if not is_file and parse_qs(request.query).get("tf-hub-format") != ["compressed"]:
            return self._send(200, PAGE, {}, fault, "text/html; charset=utf-8")
        return self._send_module(module, request, fault)

    def _send_module(self, module: bytes, request: Request, fault: Fault) -> None:
        etag = f'"{hashlib.sha256(module).hexdigest()[:16]}"' if fault.etag is None else fault.etag
        modified = formatdate(MODIFIED, usegmt=True) if fault.modified else ""
        extra = {"ETag": etag, "Last-Modified": modified}
        extra = {name: value for name, value in extra.items() if value}
        asked = request.headers.get("range", "")
        if fault.ranges and asked and request.headers.get("if-range") in (None, *extra.values()):
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(module):
                return self._send(416, b"", {"Content-Range": f"bytes */{len(module)}"}, fault)
            shown = fault.content_range or f"bytes {start}-{len(module) - 1}/{len(module)}"
            return self._send(206, module[start:], {**extra, "Content-Range": shown}, fault)
        return self._send(200, module, extra, fault)

    def _send(
        self,
        status: int,
        body: bytes,
        extra: Mapping[str, str],
        fault: Fault,
        content_type: str = "application/gzip",
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", fault.content_type or content_type)
        if fault.length:
            self.send_header("Content-Length", str(len(body)))
        else:
            self.send_header("Connection", "close")
        for name, value in extra.items():
            self.send_header(name, value)
        self.end_headers()
        if fault.stall_after is not None:
            self.wfile.write(body[: fault.stall_after])
            self.hub.stalled.set()
            self.hub.go_on.wait(PATIENCE_S)
            self.close_connection = True
            return
        self.wfile.write(body if fault.cut_after is None else body[: fault.cut_after])

    def log_message(self, format: str, *args: object) -> None:  # the name http.server asks for
        """Nothing: `HubServer.requests` is the log."""
