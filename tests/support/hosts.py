"""Static hosts of several manners, imitated on this machine: each answers the same files in its own way."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from onthefly_studio.site.mime_types import mime_type

SUB = "lessons/hands"
"""A folder of a folder, as a site may be in on a host."""


@dataclass
class Answer:
    """What a host sends."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Manner = Callable[[Path, str], Answer]
"""From the folder that is served and a URL path, decoded and without its query, to the answer."""


def sent(path: Path, **headers: str) -> Answer:
    """A file as it is."""
    return Answer(200, path.read_bytes(), {"Content-Type": mime_type(path), **headers})


def moved(status: int, to: str) -> Answer:
    """A redirect."""
    return Answer(status, b"", {"Location": to})


def missing(root: Path, path: str) -> Answer:
    """What most hosts send for an address that they do not know: a page that says so."""
    page = b"<!doctype html><title>404</title><h1>There is nothing here</h1>"
    return Answer(404, page, {"Content-Type": "text/html; charset=utf-8"})


def plain(root: Path, path: str) -> Answer:
    """As GitHub Pages and nginx do: a folder is its index.html, and without its slash is sent on to it."""
    file = root / path.strip("/")
    if file.is_dir() and not path.endswith("/"):
        return moved(301, f"{path}/")
    if file.is_dir():
        file /= "index.html"
    return sent(file) if file.is_file() else missing(root, path)


def to_the_folder(status: int) -> Manner:
    """As Cloudflare Pages does: index.html is sent on to the folder; what is missing is the front page."""

    def answer(root: Path, path: str) -> Answer:
        folder, _, name = path.rpartition("/")
        if name in ("index.html", "index"):
            return moved(status, f"{folder}/")
        given = plain(root, path)
        front = next(root.rglob("index.html"))
        return sent(front) if given.status == 404 else given

    return answer


def clean(root: Path, path: str) -> Answer:
    """As npm's `serve` does: addresses have no .html, and a folder stands without its slash too."""
    for end in (".html", "/index"):
        if path.endswith(end):
            return moved(301, path.removesuffix(end) or "/")
    file = root / path.strip("/")
    if file.is_dir():
        file /= "index.html"
    return sent(file) if file.is_file() else missing(root, path)


def to_the_file(root: Path, path: str) -> Answer:
    """As some servers do: a folder is sent on to its index.html."""
    given = plain(root, path)
    return moved(302, f"{path}index.html") if path.endswith("/") and given.status == 200 else given


def bucket(root: Path, path: str) -> Answer:
    """As an object store does: it knows files and no folders, and calls every answer one of a kind."""
    file = root / path.strip("/")
    if file.is_file():
        zipped = gzip.compress(file.read_bytes())
        return Answer(200, zipped, {**sent(file, Vary="*").headers, "Content-Encoding": "gzip"})
    return Answer(403, b"<Error><Code>AccessDenied</Code></Error>", {"Content-Type": "application/xml"})


def with_lines_of_its_own(root: Path, path: str) -> Answer:
    """As hosts do that count visits: every page carries a line more."""
    given = plain(root, path)
    if given.headers.get("Content-Type", "").startswith("text/html"):
        given.body = given.body.replace(b"</body>", b"<!-- served by a host --></body>")
    return given


class Host:
    """A host of one manner, on a port of its own; `with Host(folder, manner) as host`."""

    def __init__(self, root: Path, manner: Manner = plain) -> None:
        self.root, self.manner = root, manner
        self.headers: dict[str, str] = {}
        """Sent with every answer."""
        self.asked: list[str] = []
        """Paths, in order."""
        self._open: set[socket.socket] = set()
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                host.asked.append(self.path)
                answer = host.manner(host.root, self.path.partition("?")[0])
                self.send_response(answer.status)
                for name, value in {**answer.headers, **host.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def setup(self) -> None:
                host._open.add(self.request)
                super().setup()

            def finish(self) -> None:
                host._open.discard(self.request)
                with contextlib.suppress(OSError):  # the browser may have gone
                    super().finish()

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A browser that goes away is no error."""

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """Of its root, with a slash behind it."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def stop(self) -> None:
        """From now on nobody answers; the port is kept from everybody else."""
        self._server.shutdown()
        self._server.socket.close()
        for connection in [*self._open]:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
