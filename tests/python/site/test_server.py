import http.client
import os
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPMessage as Message
from pathlib import Path
from types import SimpleNamespace

import pytest

from onthefly_studio.errors import ConfigError
from onthefly_studio.site import server as module
from onthefly_studio.site.byte_ranges import RangeOutsideError, parse_range
from onthefly_studio.site.header_rules import HeaderRule, headers_for, parse_headers
from onthefly_studio.site.mime_types import mime_type
from onthefly_studio.site.server import SiteServer, serve
from tests.support.patience import PATIENCE_S

HEADERS = """
# a comment
/*
  Content-Security-Policy: default-src 'none'; script-src 'self'
  X-Content-Type-Options: nosniff
/assets/*
  Cache-Control: public, max-age=31536000, immutable
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "dist"
    files = {
        "index.html": b"<!doctype html>front",
        "site.json": b"{}",
        "_headers": HEADERS.encode(),
        "assets/app.3f2a.js": b"export const a = 1\n",
        "assets/weights.bin": bytes(range(256)) * 4,
        "empty.txt": b"",
        "sub/index.html": b"sub",
        "bare/file.txt": b"x",
        "a b & ü.txt": b"spaced",
        ".hidden": b"no",
        ".well-known/security.txt": b"yes",
        "assets/.git/config": b"no",
    }
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "secret.txt").write_bytes(b"secret")
    return root


@pytest.fixture
def server(site: Path) -> Iterator[SiteServer]:
    with serve(site) as running:
        yield running


def ask(server: SiteServer, target: str, method: str = "GET", **headers: str) -> tuple[int, Message, bytes]:
    """One request, its target sent as it is given, which clients that tidy paths would not do."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE_S)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, headers=named)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def test_listens_on_loopback_only(server: SiteServer) -> None:
    assert server.url == f"http://127.0.0.1:{server.port}/"
    assert server._server.socket.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/", b"<!doctype html>front"),
        ("/?source=pwa", b"<!doctype html>front"),
        ("/index.html", b"<!doctype html>front"),
        ("/sub/", b"sub"),
        ("/a%20b%20%26%20%C3%BC.txt", b"spaced"),
        ("/.well-known/security.txt", b"yes"),
        ("http://127.0.0.1/site.json", b"{}"),
        ("/empty.txt", b""),
    ],
)
def test_serves_files(server: SiteServer, target: str, body: bytes) -> None:
    status, headers, answer = ask(server, target)
    assert (status, answer) == (200, body)
    assert headers["Content-Length"] == str(len(body))


@pytest.mark.parametrize(
    "target",
    [
        "/missing.js",
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/sub/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "/%252e%252e/secret.txt",
        "/sub/../index.html",
        "/./index.html",
        "/sub//index.html",
        "/%00",
        "/index.html%00.txt",
        "/%ff",
        "/.hidden",
        "/%2ehidden",
        "/assets/.git/config",
        "/bare/",
        "/index.html/",
        "/" + "x" * 5000,
    ],
)
def test_serves_nothing_else(server: SiteServer, target: str) -> None:
    status, _, body = ask(server, target)
    assert status == 404
    assert body == b"404 Not Found\n"


def test_links_that_lead_out_are_not_followed(site: Path, server: SiteServer) -> None:
    (site / "out.txt").symlink_to(site.parent / "secret.txt")
    (site / "up").symlink_to(site.parent)
    (site / "circle").symlink_to(site / "circle")
    (site / "inside.txt").symlink_to(site / "bare" / "file.txt")
    assert ask(server, "/out.txt")[0] == 404
    assert ask(server, "/up/secret.txt")[0] == 404
    assert ask(server, "/circle")[0] == 404
    assert ask(server, "/inside.txt")[2] == b"x"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_the_folder_does_not_hang(site: Path, server: SiteServer) -> None:
    os.mkfifo(site / "pipe")
    assert ask(server, "/pipe")[0] == 404


def test_a_folder_without_its_slash_is_redirected(server: SiteServer) -> None:
    status, headers, _ = ask(server, "/sub?x=1")
    assert (status, headers["Location"]) == (307, "/sub/?x=1")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_reading_is_allowed(server: SiteServer, method: str) -> None:
    status, headers, _ = ask(server, "/index.html", method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_head_says_the_same_without_the_body(server: SiteServer) -> None:
    _, got, _ = ask(server, "/assets/weights.bin")
    status, head, body = ask(server, "/assets/weights.bin", "HEAD")
    assert (status, body) == (200, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Accept-Ranges", "Cache-Control"):
        assert head[name] == got[name]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.wasm", "application/wasm"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("a.JSON", "application/json; charset=utf-8"),
        ("manifest.webmanifest", "application/manifest+json; charset=utf-8"),
        ("group1-shard1of1.bin", "application/octet-stream"),
        ("a.svg", "image/svg+xml; charset=utf-8"),
        ("SHA256SUMS", "application/octet-stream"),
    ],
)
def test_mime_types(name: str, kind: str) -> None:
    assert mime_type(Path(name)) == kind


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 10)),
        ("bytes=90-", (90, 10)),
        ("bytes=90-500", (90, 10)),
        ("bytes=-5", (95, 5)),
        ("bytes=-500", (0, 100)),
        ("bytes=0-9,20-29", None),
        ("bytes=9-0", None),
        ("bytes=-", None),
        ("items=0-9", None),
        ("bytes=a-b", None),
        ("bytes=" + "9" * 30 + "-", None),
    ],
)
def test_parse_range(header: str, part: tuple[int, int] | None) -> None:
    assert parse_range(header, 100) == part


@pytest.mark.parametrize(("header", "size"), [("bytes=100-", 100), ("bytes=-0", 100), ("bytes=0-", 0)])
def test_parse_range_outside(header: str, size: int) -> None:
    with pytest.raises(RangeOutsideError):
        parse_range(header, size)


def test_ranges(server: SiteServer) -> None:
    whole = bytes(range(256)) * 4
    status, headers, body = ask(server, "/assets/weights.bin", Range="bytes=100-299")
    assert (status, body) == (206, whole[100:300])
    assert headers["Content-Range"] == "bytes 100-299/1024"
    assert headers["Content-Length"] == "200"
    status, headers, _ = ask(server, "/assets/weights.bin", Range="bytes=1024-")
    assert (status, headers["Content-Range"]) == (416, "bytes */1024")
    assert ask(server, "/assets/weights.bin", Range="bytes=0-1,5-6")[0] == 200
    assert ask(server, "/assets/weights.bin", Range="bytes=0-1", If_Range='"older"')[0] == 200
    etag = ask(server, "/assets/weights.bin")[1]["ETag"]
    assert ask(server, "/assets/weights.bin", Range="bytes=0-1", If_Range=etag)[0] == 206


def test_a_file_is_asked_about_and_sent_again_only_when_it_is_another(site: Path, server: SiteServer) -> None:
    _, headers, _ = ask(server, "/index.html")
    assert headers["Cache-Control"] == "no-cache"
    etag = headers["ETag"]
    status, headers, body = ask(server, "/index.html", If_None_Match=f'"x", W/{etag}')
    assert (status, body, headers["ETag"]) == (304, b"", etag)
    before = (site / "index.html").stat()
    (site / "index.html").unlink()
    (site / "index.html").write_bytes(b"<!doctype html>FRONT")
    os.utime(site / "index.html", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert ask(server, "/index.html", If_None_Match=etag)[2] == b"<!doctype html>FRONT"


def test_sends_the_sites_own_headers(server: SiteServer) -> None:
    _, headers, _ = ask(server, "/")
    assert headers["Content-Security-Policy"] == "default-src 'none'; script-src 'self'"
    assert headers["Cache-Control"] == "no-cache"
    _, headers, _ = ask(server, "/assets/app.3f2a.js")
    assert headers.get_all("Cache-Control") == ["public, max-age=31536000, immutable"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_missing_file_is_not_kept_missing(server: SiteServer) -> None:
    assert ask(server, "/assets/gone.js")[1]["Cache-Control"] == "no-store"


def test_a_plain_host_sends_none_of_them(site: Path) -> None:
    with serve(site, headers=False) as plain:
        _, headers, _ = ask(plain, "/assets/app.3f2a.js")
    assert "Content-Security-Policy" not in headers
    assert headers["Cache-Control"] == "no-cache"


def test_parse_headers() -> None:
    rules = parse_headers(
        "https://example.org/blog/*\n  A: 1\n\n# c\n/*\n\tA: 2\n\tB: x: y\n/p/:id/end\n  C: 3\n/p/*\n  ! B\n"
    )
    assert rules[0] == HeaderRule("/blog/*", (("A", "1"),))
    assert rules[3] == HeaderRule("/p/*", (), ("B",))
    assert headers_for(rules, "/") == {"A": "2", "B": "x: y"}
    assert headers_for(rules, "/blog/x") == {"A": "1, 2", "B": "x: y"}
    assert headers_for(rules, "/p/7/end") == {"A": "2", "C": "3"}
    assert headers_for(rules, "/p/7/8/end") == {"A": "2"}
    assert not HeaderRule("/a.js", ()).matches("/axjs")


@pytest.mark.parametrize(
    ("text", "line"),
    [("  A: 1\n", 1), ("/*\n  A 1\n", 2), ("/*\nassets\n", 2), ("/*\n  A B: 1\n", 2)],
)
def test_a_bad_headers_file_names_the_line(site: Path, text: str, line: int) -> None:
    (site / "_headers").write_text(text)
    with pytest.raises(ConfigError, match=f"line {line}"):
        serve(site)


def test_a_headers_file_that_changes_counts_at_once(site: Path) -> None:
    said: list[str] = []
    with serve(site, log=said.append) as server:
        (site / "_headers").write_text("/*\n  X-New: 1\n")
        assert ask(server, "/")[1]["X-New"] == "1"
        (site / "_headers").write_text("broken\n")
        assert ask(server, "/")[0] == 200
        assert "headers file" in said[0]
        (site / "_headers").unlink()
        assert "X-New" not in ask(server, "/")[1]


def test_goes_on_while_the_site_is_swapped(
    site: Path, server: SiteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that builds replace many times never fails a request, though one comes into every gap."""
    waits = threading.Semaphore(0)

    def sleep(seconds: float) -> None:
        waits.release()
        time.sleep(seconds)

    monkeypatch.setattr(module, "_SWAP_SECONDS", PATIENCE_S)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    stop = threading.Event()
    met: list[bool] = []

    def swap() -> None:
        for number in range(20):
            fresh = site.with_name("fresh")
            fresh.mkdir()
            for name in ("index.html", "site.json"):
                (fresh / name).write_text(str(number))
            while waits.acquire(blocking=False):  # those of the gap before
                pass
            site.rename(site.with_name(f"old{number}"))
            met.append(waits.acquire(timeout=PATIENCE_S))
            fresh.rename(site)
        stop.set()

    thread = threading.Thread(target=swap)
    thread.start()
    answers = []
    while not stop.is_set():
        answers.append(ask(server, "/index.html"))
    thread.join()
    answers.append(ask(server, "/index.html"))
    assert met == [True] * 20
    assert {status for status, _, _ in answers} == {200}
    assert answers[-1][2] == b"19"


def test_a_root_that_is_a_link_may_be_set_anew(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text(name)
    (tmp_path / "dist").symlink_to("one")
    with serve(tmp_path / "dist") as server:
        assert ask(server, "/")[2] == b"one"
        (tmp_path / "next").symlink_to("two")
        (tmp_path / "next").replace(tmp_path / "dist")
        assert ask(server, "/")[2] == b"two"


def test_tells_what_went_wrong_and_not_the_rest(site: Path) -> None:
    said: list[str] = []
    with serve(site, log=said.append) as server:
        ask(server, "/")
        with socket.create_connection((server.host, server.port)) as raw:
            raw.sendall(b"GET /no\x1b[31m HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            while raw.recv(4096):
                pass
    assert said == ["404 GET /no?[31m"]


def test_close_frees_the_port_and_ends_open_connections(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module._Handler, "timeout", None)  # or an idle connection would end by itself
    server = serve(site)
    port = server.port
    connection = http.client.HTTPConnection(server.host, port, timeout=PATIENCE_S)
    connection.request("GET", "/")
    connection.getresponse().read()  # and kept alive
    closing = threading.Thread(target=lambda: list(map(SiteServer.close, (server, server))), daemon=True)
    closing.start()
    closing.join(PATIENCE_S)
    assert not closing.is_alive(), "it waits for no client"
    with pytest.raises((http.client.HTTPException, OSError)):
        connection.request("GET", "/")
        connection.getresponse()
    connection.close()
    with serve(site, port=port) as again:
        assert ask(again, "/")[0] == 200


def test_a_client_that_goes_away_is_no_error(site: Path) -> None:
    (site / "large.bin").write_bytes(bytes(32 << 20))
    said: list[str] = []
    with serve(site, log=said.append) as server:
        with socket.create_connection((server.host, server.port)) as raw:
            raw.sendall(b"GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n")
            raw.recv(100)
        assert ask(server, "/")[0] == 200
    assert said == []


def test_many_requests_at_once(server: SiteServer) -> None:
    whole = bytes(range(256)) * 4
    answers: list[bytes] = []

    def fetch() -> None:
        answers.append(ask(server, "/assets/weights.bin")[2])

    threads = [threading.Thread(target=fetch) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [whole] * 40
