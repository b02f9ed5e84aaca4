"""Fetches one file over https into a part file, and goes on where it was cut.

The caller owns the part file, holds a lock on it, and moves it away once `download` returns; until
then it stays, so that a broken or killed download is resumed and not begun again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import onthefly_studio
from onthefly_studio.cache import Cache
from onthefly_studio.errors import SourceError
from onthefly_studio.report import Reporter
from onthefly_studio.sources import http_answers
from onthefly_studio.sources.addresses import as_written, is_loopback, is_secure, public_url
from onthefly_studio.sources.http_answers import INSTEAD, LATER, NAMES, OTHERWISE, Format
from onthefly_studio.sources.part import Body, Part

if TYPE_CHECKING:
    import requests

_CHUNK = 1 << 14  # small, since a stall loses what has come of a piece


@dataclass(frozen=True)
class Limits:
    """How long to wait and how often to try. Times are in seconds."""

    connect_s: float = 10.0
    read_s: float = 30.0
    """Between two pieces of an answer; longer is a stall."""
    attempts: int = 5
    """In a row that brought nothing new; one that moved the download on does not count."""
    attempts_in_all: int = 50
    backoff_s: float = 0.5
    """Before the second attempt; doubles with each further one."""
    backoff_max_s: float = 8.0
    retry_after_max_s: float = 60.0
    """A server that asks for a longer pause is taken at its word and given up."""
    max_bytes: int = 512 << 20
    redirects: int = 10


PATIENT = Limits()


def patience() -> Limits:
    """How long a download has where nothing else is said."""
    return PATIENT


class UnreachableError(SourceError):
    """No model can be had from there, now or at all: no connection, a refusal, or something else."""


class NotThereError(UnreachableError):
    """The server has answered, and what it has at the address is no such file."""


class TooLargeError(SourceError):
    """The file has more bytes than it may have."""


def download(
    url: str,
    part: Path,
    *,
    cache: Cache,
    reporter: Reporter,
    limits: Limits | None = None,
    expect: Format = "gzip",
) -> None:
    """Fetch a file of a known format into `part`, beginning where an earlier try was cut.

    Args:
        url: https, or http on loopback; redirects are followed, to such URLs only.
        part: the file to fill, in the cache; what is beside it under the name `PART.json` says what
            it is a part of.
        cache: whose disk it is, for messages.
        reporter: told of the progress, in bytes, and from the second failure on why it tries again.
        limits: patience.
        expect: what the file must begin as.

    Raises:
        UnreachableError: the server cannot be reached.
        NotThereError: it refuses, or sends something of another format.
        TooLargeError: the file has more bytes than `limits` allow.
        OutputError: the part file cannot be written.
    """
    _Download(url, Part(part, cache), reporter, limits or PATIENT, expect).run()


class _Again(Exception):
    """This attempt failed; another may not."""

    def __init__(self, error: UnreachableError, wait_s: float | None = None) -> None:
        super().__init__(error.what)
        self.error, self.wait_s = error, wait_s


class _Download:
    def __init__(self, url: str, part: Part, reporter: Reporter, limits: Limits, expect: Format) -> None:
        self._url, self._part, self._reporter, self._limits = url, part, reporter, limits
        self._expect = expect
        self._host = urlsplit(url).hostname or url

    def run(self) -> None:
        import requests

        class OneHop(requests.Session):
            """Asks for the very address given, and leaves redirects to `_follow`.

            Of a redirect requests would read the body, however long.
            """

            def get_redirect_target(self, resp: requests.Response) -> None:
                return None

            def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
                prepared = super().prepare_request(request)
                prepared.url = as_written(str(prepared.url), str(request.url))
                return prepared

        with OneHop() as session:
            session.headers["User-Agent"] = f"onthefly/{onthefly_studio.__version__}"
            # The bytes as they lie on the server, so that hash, length and ranges mean the same.
            session.headers["Accept-Encoding"] = "identity"
            self._run(session)

    def _run(self, session: requests.Session) -> None:
        limits, furthest, in_vain = self._limits, self._part.size, 0
        for attempt in range(1, limits.attempts_in_all + 1):
            try:
                return self._attempt(session)
            except _Again as failure:
                in_vain = 0 if self._part.size > furthest else in_vain + 1
                furthest = max(furthest, self._part.size)
                if in_vain >= limits.attempts or attempt == limits.attempts_in_all:
                    raise failure.error from failure
                wait = min(limits.backoff_s * 2.0 ** max(in_vain - 1, 0), limits.backoff_max_s)
                wait = wait if failure.wait_s is None else failure.wait_s
                if in_vain > 1:
                    self._reporter.note(f"{failure.error.what} Trying again in {wait:g} s.")
                time.sleep(wait)
        return None

    def _attempt(self, session: requests.Session) -> None:
        known = self._part.body()
        if known and known.total == self._part.size:
            return self._part.finish()
        headers = {}
        if known and known.validator:
            headers = {"Range": f"bytes={self._part.size}-", "If-Range": known.validator}
        with closing(self._follow(session, headers)) as response:
            self._check_status(response)
            body = self._place(response, known)
            self._receive(response, body)
        return self._part.finish()

    def _follow(self, session: requests.Session, headers: Mapping[str, str]) -> requests.Response:
        url = self._url
        self._host = urlsplit(url).hostname or url
        for _ in range(self._limits.redirects + 1):
            response = self._get(session, url, headers)
            target = response.headers.get("Location")
            if not (response.is_redirect and target):
                return response
            response.close()
            url = self._redirected(url, target)
            self._host = urlsplit(url).hostname or url
        raise self._unreachable(
            f"{self._host} redirects more than {self._limits.redirects} times.",
            "Open the address in a browser and use the one it ends at.",
        )

    def _redirected(self, url: str, target: str) -> str:
        try:
            url = urljoin(url, target)
            shown = public_url(url)
        except ValueError:
            url = shown = "no address"
        if is_secure(url):
            return url
        raise self._unreachable(
            f"{self._host} redirects to {http_answers.words(shown)}, which is not https.",
            "Use an address that stays on https.",
        )

    def _get(self, session: requests.Session, url: str, headers: Mapping[str, str]) -> requests.Response:
        import requests

        host = self._host
        try:
            return session.get(
                url,
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=(self._limits.connect_s, self._limits.read_s),
                # Loopback is this machine, not the proxy's.
                proxies={"no_proxy": host} if is_loopback(host) else None,
            )
        except requests.exceptions.SSLError as error:
            raise self._unreachable(
                f"The certificate of {host} could not be verified.",
                "Behind a company's proxy, set REQUESTS_CA_BUNDLE to its certificates; check the clock.",
            ) from error
        except (requests.ConnectionError, requests.Timeout) as error:
            raise _Again(self._no_connection(error)) from error
        except OSError as error:  # everything else of requests, and a REQUESTS_CA_BUNDLE that is not there
            raise self._unreachable(
                f"The request to {host} could not be made ({http_answers.words(str(error))}).",
                "Check the address, and HTTPS_PROXY and REQUESTS_CA_BUNDLE if you set them.",
            ) from error

    def _check_status(self, response: requests.Response) -> None:
        status = response.status_code
        if status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
            return
        if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            self._part.discard()
            raise _Again(self._unreachable(f"{self._host} does not have the rest of the file.", LATER), 0.0)
        what, hint = http_answers.refusal(
            status, self._host, self._expect, signed=http_answers.is_signed(self._url)
        )
        if status >= 500 or status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT):
            wait = http_answers.retry_after(response.headers.get("Retry-After"))
            if wait is None or wait <= self._limits.retry_after_max_s:
                raise _Again(self._unreachable(what, hint), wait)
            raise self._unreachable(f"{what[:-1]} and asks for a pause of {wait:.0f} s.", hint)
        raise self._not_there(what, hint)

    def _place(self, response: requests.Response, known: Body | None) -> Body:
        """Where the answer's bytes go: after the part's, or in place of them."""
        if response.status_code == HTTPStatus.PARTIAL_CONTENT:
            start, total = http_answers.content_range(response.headers.get("Content-Range", ""))
            body = Body.of(response.headers, total)
            if (
                known
                and start == self._part.size
                and (body.total, body.validator)
                == (
                    known.total,
                    known.validator,
                )
            ):
                return body
            self._part.discard()  # a range of something else, or one nobody asked for
            raise _Again(self._unreachable(f"{self._host} sent a different part than requested.", LATER), 0.0)
        body = Body.of(response.headers, http_answers.length(response.headers.get("Content-Length")))
        self._check_size(body.total or 0)
        self._part.begin(body)
        return body

    def _receive(self, response: requests.Response, body: Body) -> None:
        size = self._part.size
        with (
            self._part.appending() as file,
            self._reporter.progress(f"Downloading from {self._host}", body.total) as advance,
        ):
            advance(size)
            for chunk in self._chunks(response):
                if not size:
                    self._check_format(response, chunk)
                size += len(chunk)
                self._check_size(size)
                with self._part.writing():
                    file.write(chunk)
                    file.flush()  # what is in the file survives a kill
                advance(len(chunk))
        if body.total is not None and size < body.total:
            raise _Again(self._cut(f"after {size:,} of {body.total:,} bytes"))
        if not size:
            self._check_format(response, b"")

    def _chunks(self, response: requests.Response) -> Iterator[bytes]:
        from urllib3.exceptions import HTTPError, ReadTimeoutError

        while True:
            try:
                chunk = response.raw.read(_CHUNK, decode_content=False)
            except ReadTimeoutError as error:
                stalled = f"{self._host} stopped sending for {self._limits.read_s:g} s."
                raise _Again(self._unreachable(stalled, LATER)) from error
            except HTTPError as error:
                raise _Again(self._cut(f"after {self._part.size:,} bytes")) from error
            if not chunk:
                return
            yield chunk

    def _check_size(self, size: int) -> None:
        limit = self._limits.max_bytes
        if size <= limit:
            return
        self._part.discard()
        raise TooLargeError(
            f"The file is larger than {limit / (1 << 20):,.0f} MiB, which no MobileNet is.",
            where=public_url(self._url),
            hint="Check the address.",
        )

    def _check_format(self, response: requests.Response, start: bytes) -> None:
        content_type = response.headers.get("Content-Type", "")
        if http_answers.begins_as(self._expect, start, content_type):
            return
        self._part.discard()
        kind = http_answers.words(content_type) or "no content type"
        words = http_answers.first_words(start)
        came = f"{kind}, beginning “{words}”" if words else f"{kind}, " + ("no text" if start else "empty")
        raise self._not_there(
            f"{self._host} sent something other than {NAMES[self._expect]} ({came}).",
            INSTEAD[self._expect],
        )

    def _cut(self, when: str) -> UnreachableError:
        return self._unreachable(f"The connection to {self._host} broke off {when}.", LATER)

    def _no_connection(self, error: Exception) -> UnreachableError:
        import socket

        import requests

        host, causes = self._host, list(_causes(error))
        if isinstance(error, requests.exceptions.ProxyError):
            return self._unreachable(f"The proxy did not allow a connection to {host}.", "Check HTTPS_PROXY.")
        if isinstance(error, requests.ConnectTimeout):
            what = f"{host} did not answer within {self._limits.connect_s:g} s."
        elif isinstance(error, requests.ReadTimeout):
            what = f"{host} accepted the request but sent nothing for {self._limits.read_s:g} s."
        elif any(isinstance(cause, socket.gaierror) for cause in causes):
            what = f"{host} could not be found: no network, or no such name."
        elif any(isinstance(cause, ConnectionRefusedError) for cause in causes):
            what = f"{host} refused the connection."
        else:
            what = f"The connection to {host} failed ({http_answers.words(str(causes[-1]))})."
        return self._unreachable(what, "Check the connection, and HTTPS_PROXY if you need one. " + OTHERWISE)

    def _not_there(self, what: str, hint: str) -> NotThereError:
        return NotThereError(what, where=public_url(self._url), hint=hint)

    def _unreachable(self, what: str, hint: str) -> UnreachableError:
        return UnreachableError(what, where=public_url(self._url), hint=hint)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
