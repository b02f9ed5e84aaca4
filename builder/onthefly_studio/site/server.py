"""A small static server for this machine: what a static host does, and nothing that it does not.

It serves files with their MIME types, answers ranges and conditional requests, and sends the headers
that the site's own `_headers` file lists, as Netlify and Cloudflare Pages do. The folder is looked up
anew for every request, so a site that a build swaps in shows at once.

    with serve(Path("dist")) as server:
        print(server.url)
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote

from onthefly_studio.closing import Closing
from onthefly_studio.errors import ConfigError
from onthefly_studio.file_system import is_portable
from onthefly_studio.site.byte_ranges import RangeOutsideError, parse_range
from onthefly_studio.site.header_rules import HeaderRule, headers_for, parse_headers
from onthefly_studio.site.mime_types import mime_type

LOOPBACK = "127.0.0.1"

_GONE = (errno.EPIPE, errno.EBADF, errno.ENOTCONN, errno.ENOTSOCK)
"""What systems say of a connection that has been closed."""
_SHORT_NAME = re.compile(r"[^.]{1,6}~[0-9]{1,6}(\..{0,3})?")
"""The second name that Windows gives a file, in which a dot at the beginning is not seen."""
_SWAP_SECONDS = 1.0
"""How long a request waits for a folder that a build is just replacing."""


class _Site:
    """The folder, looked up anew for every request."""

    def __init__(self, root: Path, headers: bool) -> None:
        # Made absolute but not resolved: the name may be a link that a build sets anew.
        self.root = Path(os.path.abspath(root))  # noqa: PTH100
        self._headers = headers
        self._rules: list[HeaderRule] = []
        self._rules_of: tuple[int, ...] | None = None
        self._lock = threading.Lock()

    def open(self, segments: list[str]) -> tuple[BinaryIO, Path] | Path | None:
        """The file at a path, opened; or the folder that is there; or None.

        Nothing outside the folder is found, whatever links lie in it.
        """
        deadline = time.monotonic() + _SWAP_SECONDS
        while True:
            before = self._identity()
            try:
                root = self.root.resolve(strict=True)
                path = root.joinpath(*segments).resolve(strict=True)
                if not path.is_relative_to(root):
                    return None
                if path.is_dir():
                    return path
                if not path.is_file():  # to open a pipe would wait for its writer
                    return None
                return path.open("rb"), path
            except (OSError, ValueError, RuntimeError):  # RuntimeError: links in a circle
                swapped = before is None or self._identity() != before
                if not swapped or time.monotonic() > deadline:
                    return None
                time.sleep(0.02)

    def headers(self, path: str) -> dict[str, str]:
        """The site's own headers for a URL path."""
        return headers_for(self.rules(), path) if self._headers else {}

    def rules(self) -> list[HeaderRule]:
        """The rules of `_headers`, read again when the file is another one.

        Raises:
            ConfigError: the file cannot be understood.
        """
        with self._lock:
            file = self.root / "_headers"
            try:
                stat = file.stat()
                version = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
                if version != self._rules_of:
                    self._rules = parse_headers(file.read_text(encoding="utf-8"), str(file))
                    self._rules_of = version
            except (OSError, UnicodeDecodeError):
                # In the middle of a swap the rules of before are the best guess.
                if self.root.is_dir():
                    self._rules, self._rules_of = [], None
            return self._rules

    def _identity(self) -> tuple[int, int] | None:
        try:
            stat = self.root.stat()
        except OSError:
            return None
        return stat.st_dev, stat.st_ino


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60  # an idle connection's thread ends
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _refuse(self) -> None:
        self.close_connection = True  # the body of the request is not read
        self._send_text(HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": "GET, HEAD"})

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse  # noqa: N815

    def _answer(self) -> None:
        path, query = _split_target(self.path)
        segments = _segments(path)
        if segments is None:
            self._send_text(HTTPStatus.NOT_FOUND)
            return
        found = self.server.site.open(segments)
        if isinstance(found, Path):
            if not path.endswith("/"):
                self._redirect("/".join(["", *segments, ""]), query)
                return
            found = self.server.site.open([*segments, "index.html"])
        elif found is not None and path.endswith("/"):
            found[0].close()  # a file has no slash behind it
            found = None
        if found is None or isinstance(found, Path):
            self._send_text(HTTPStatus.NOT_FOUND)
            return
        with found[0] as file:
            self._send_file(file, found[1])

    def _redirect(self, path: str, query: str) -> None:
        location = quote(path, safe="/:@!$&'()*+,;=~") + (f"?{query}" if query else "")
        # Not 301, which browsers keep for ever.
        self._send_text(HTTPStatus.TEMPORARY_REDIRECT, {"Location": location})

    def _send_file(self, file: BinaryIO, path: Path) -> None:
        stat = os.fstat(file.fileno())
        # A build may set all times alike, so they alone don't tell two versions apart.
        version = f"{stat.st_dev} {stat.st_ino} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}"
        etag = f'"{hashlib.sha256(version.encode()).hexdigest()[:24]}"'
        headers = {
            "Content-Type": mime_type(path),
            "Cache-Control": "no-cache",  # kept by the browser, but asked about every time
            "ETag": etag,
            "Accept-Ranges": "bytes",
        }
        if _names_etag(self.headers.get("If-None-Match"), etag):
            self._send_head(HTTPStatus.NOT_MODIFIED, headers)
            return
        status, first, length = HTTPStatus.OK, 0, stat.st_size
        wanted = self.headers.get("Range")
        if wanted and self.command == "GET" and self.headers.get("If-Range", etag) == etag:
            try:
                part = parse_range(wanted, stat.st_size)
            except RangeOutsideError:
                self._send_text(
                    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, {"Content-Range": f"bytes */{stat.st_size}"}
                )
                return
            if part is not None:
                status, (first, length) = HTTPStatus.PARTIAL_CONTENT, part
                headers["Content-Range"] = f"bytes {first}-{first + length - 1}/{stat.st_size}"
        headers["Content-Length"] = str(length)
        self._send_head(status, headers)
        if self.command == "GET" and length and self.connection.sendfile(file, first, length) != length:
            self.close_connection = True  # the file was cut short: the client must see that it is not whole

    def _send_text(self, status: HTTPStatus, headers: dict[str, str] | None = None) -> None:
        body = f"{status.value} {status.phrase}\n".encode()
        headers = {
            **(headers or {}),
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
        }
        self._send_head(status, headers)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send_head(self, status: HTTPStatus, headers: dict[str, str]) -> None:
        if status < HTTPStatus.MULTIPLE_CHOICES or status == HTTPStatus.NOT_MODIFIED:
            # Only then: `immutable` on a file that is missing would keep it missing.
            own = {name.lower(): name for name in headers}
            for name, value in self.server.headers_for(_split_target(self.path)[0]).items():
                headers.pop(own.get(name.lower(), ""), None)
                headers[name] = value
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def version_string(self) -> str:
        """What the `Server` header says."""
        return "onthefly"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Tell only what did not go well: a page that works asks for dozens of files."""
        if isinstance(code, int) and code >= 400:
            path = re.sub(r"[^ -~]", "?", self.path)[:200]  # nothing that a terminal would act on
            self.server.log(f"{int(code)} {self.command} {path}")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: timeouts of idle connections and malformed requests."""


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    # TCPServer, not HTTPServer: that one asks the name service for this machine's name.
    daemon_threads = True
    block_on_close = False
    # On Windows this option would let a second server take the port.
    allow_reuse_address = sys.platform != "win32"
    request_queue_size = 128

    def __init__(self, site: _Site, address: tuple[str, int], log: Callable[[str], None]) -> None:
        self.site, self.log = site, log
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """With the port for itself."""
        take_alone(self.socket)
        super().server_bind()

    def headers_for(self, path: str) -> dict[str, str]:
        try:
            return self.site.headers(path)
        except ConfigError as error:  # a file that was good when we started
            self.log(error.what)
            return {}

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """End those that browsers keep open."""
        with self._lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle of a file is no error."""
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError)) and not (
            isinstance(error, OSError) and error.errno in _GONE
        ):
            self.log(f"{type(error).__name__}: {error}")


def take_alone(listener: socket.socket) -> None:
    """Let nobody else have the port that is bound next. Elsewhere than on Windows nobody else can."""
    exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
    if exclusive is not None:
        listener.setsockopt(socket.SOL_SOCKET, exclusive, 1)


class SiteServer(Closing):
    """A server that runs in a thread of its own, from its making until `close`. Made by `serve`."""

    def __init__(
        self,
        root: Path,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        headers: bool = True,
        log: Callable[[str], None] | None = None,
    ) -> None:
        site = _Site(root, headers)
        if headers:
            site.rules()  # a file that cannot be read is an error now, not at the first request
        self._server = _Server(site, (host, port), log or (lambda line: None))
        self.host, self.port = host, int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="site-server", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """The address of the site's front page."""
        return f"http://{self.host}:{self.port}/"

    def close(self) -> None:
        """Stop answering, free the port, end the connections that are open."""
        self._server.shutdown()
        self._server.server_close()
        self._server.close_connections()
        self._thread.join()


def serve(
    root: Path,
    *,
    host: str = LOOPBACK,
    port: int = 0,
    headers: bool = True,
    log: Callable[[str], None] | None = None,
) -> SiteServer:
    """Serve a folder; use it in a `with`, or call `close`.

    Args:
        root: the site. It may be replaced by another folder of that name while it is served.
        host: the address to listen on; only this machine reaches the default.
        port: 0 for one that is free.
        headers: send what the site's `_headers` lists; False is a host that knows no such file.
        log: told the requests that did not go well, one line each.

    Raises:
        ConfigError: the site's `_headers` cannot be understood.
        OSError: the port cannot be had.
    """
    return SiteServer(root, host=host, port=port, headers=headers, log=log)


def _split_target(target: str) -> tuple[str, str]:
    """The path and the query of a request's target."""
    if not target.startswith("/"):  # a whole address, as proxies send
        target = "/" + target.partition("://")[2].partition("/")[2]
    path, _, query = target.partition("#")[0].partition("?")
    return path, query


def _segments(path: str, *, on_windows: bool = os.name == "nt") -> list[str] | None:
    """The names in a URL path, decoded; None where the path may not be served.

    Not served: names that begin with a dot (but `.well-known`), steps upward, empty names, and names
    that some system would read as more than a name.
    """
    parts = path.removeprefix("/").removesuffix("/").split("/")
    if parts == [""]:
        return [] if path in ("", "/") else None
    names: list[str] = []
    for part in parts:
        try:
            name = unquote(part, errors="strict")
        except UnicodeDecodeError:
            return None
        if not name or re.search(r"[/\\\x00-\x1f\x7f]", name):
            return None
        if on_windows and (not is_portable(name) or _SHORT_NAME.fullmatch(name)):
            return None
        if name.startswith(".") and name != ".well-known":
            return None
        names.append(name)
    return names


def _names_etag(header: str | None, etag: str) -> bool:
    if header is None:
        return False
    return header.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in header.split(","))
