"""A static host on loopback: compresses as hosts do, counts what it sends, may be slow."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote, urlsplit

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/javascript", ".mjs")
mimetypes.add_type("application/wasm", ".wasm")

COMPRESSED = ("text/", "application/json", "application/wasm", "application/manifest+json", "image/svg+xml")
"""What static hosts compress. Weights go as `application/octet-stream`, which they send as they are."""
LASTING = ("/assets/", "/model/", "/npm/", "/models/")
"""Paths with a hash in their names, and those that stand for a CDN: kept by the browser without asking."""
CHUNK = 8192


@dataclass(frozen=True)
class Sent:
    """One answer's body, as it went over the wire."""

    path: str
    bytes: int


class Host:
    """Serves folders under prefixes until the `with` block ends.

    Args:
        mounts: URL prefix, beginning and ending in `/`, to folder; the longest that fits counts.
        rate: bytes per second over all connections; None for as fast as it goes.
    """

    def __init__(self, mounts: dict[str, Path], *, rate: float | None = None) -> None:
        self.mounts = mounts
        self.rate = rate
        self.sent: list[Sent] = []
        self.held: tuple[str, ...] = ()
        """Answers to paths that end so wait until `release`."""
        self._released = threading.Event()
        self._line = threading.Lock()
        self._free_at = 0.0
        self._packed: dict[tuple[Path, float], bytes] = {}
        host = self

        class Handler(_Handler):
            owner = host

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def take(self) -> list[Sent]:
        """What was sent since this was last asked."""
        sent, self.sent = self.sent, []
        return sent

    def hold(self, *endings: str) -> None:
        """Let answers to paths that end so wait."""
        self._released.clear()
        self.held = endings

    def release(self) -> None:
        """Let them go."""
        self.held = ()
        self._released.set()

    def wait(self, path: str) -> None:
        """Return when this path may be answered."""
        if self.held and path.endswith(self.held):
            self._released.wait(60)

    def find(self, path: str) -> Path | None:
        """The file at a path, or None."""
        for prefix in sorted(self.mounts, key=len, reverse=True):
            if path.startswith(prefix):
                file = self.mounts[prefix] / path.removeprefix(prefix)
                file = file / "index.html" if path.endswith("/") else file
                inside = file.resolve().is_relative_to(self.mounts[prefix].resolve())
                return file if inside and file.is_file() else None
        return None

    def packed(self, file: Path) -> bytes:
        """The file's bytes, gzipped; kept."""
        key = (file, file.stat().st_mtime)
        if key not in self._packed:
            self._packed[key] = gzip.compress(file.read_bytes(), 6, mtime=0)
        return self._packed[key]

    def pace(self, count: int) -> None:
        """Wait as long as a line of the host's rate needs for this many bytes, after those before them."""
        if self.rate is None:
            return
        with self._line:
            now = time.perf_counter()
            self._free_at = max(self._free_at, now) + count / self.rate
            wait = self._free_at - now
        time.sleep(wait)

    def __enter__(self) -> Host:
        """Start serving."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.release()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that is closed in the midst of an answer is no error."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: Host

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        file = self.owner.find(path)
        if file is None:
            self.send_error(404)
            return
        self.owner.wait(path)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        packed = kind.startswith(COMPRESSED) or file.suffix == ".webmanifest"
        body = self.owner.packed(file) if packed else file.read_bytes()
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        known = self.headers.get("If-None-Match") == tag
        self.send_response(304 if known else 200)
        self.send_header("ETag", tag)
        lasting = any(part in path for part in LASTING)
        self.send_header("Cache-Control", "max-age=31536000, immutable" if lasting else "no-cache")
        if not known:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if packed:
                self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if known:
            return
        self.owner.sent.append(Sent(path, len(body)))
        for at in range(0, len(body), CHUNK):
            chunk = body[at : at + CHUNK]
            self.owner.pace(len(chunk))
            self.wfile.write(chunk)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""
