"""The `_headers` file of Netlify and Cloudflare Pages: reading it, and what it says of a path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from onthefly_studio.errors import ConfigError


@dataclass(frozen=True)
class HeaderRule:
    """One block of a `_headers` file: the headers for the paths that match."""

    pattern: str
    headers: tuple[tuple[str, str], ...]
    removed: tuple[str, ...] = ()
    """Names set by earlier blocks and taken back by this one (`! Name`)."""

    def matches(self, path: str) -> bool:
        """Whether the rule is for this URL path. `*` stands for anything, `:name` for one segment."""
        parts = re.split(r"(\*|(?<=/):[A-Za-z]\w*)", self.pattern)
        kinds = {"*": ".*", ":": "[^/]+"}
        expression = "".join(kinds.get(part[:1], re.escape(part)) for part in parts)
        return re.fullmatch(expression, path, re.DOTALL) is not None


def parse_headers(text: str, where: str = "_headers") -> list[HeaderRule]:
    """Read the format that Netlify and Cloudflare Pages share.

    Raises:
        ConfigError: a line is neither a path, nor an indented `Name: value`, nor a comment.
    """
    rules: list[HeaderRule] = []
    pattern: str | None = None
    headers: list[tuple[str, str]] = []
    removed: list[str] = []

    def close() -> None:
        if pattern is not None:
            rules.append(HeaderRule(pattern, tuple(headers), tuple(removed)))

    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        name, colon, value = entry.partition(":")
        if not line[0].isspace():
            close()
            # An absolute address matches by its path here: on this machine there is one host.
            pattern, headers, removed = urlsplit(entry).path if "://" in entry else entry, [], []
            if not pattern.startswith("/"):
                raise _bad_line(where, number, "a path must begin with /")
        elif pattern is None:
            raise _bad_line(where, number, "a header comes before the first path")
        elif entry.startswith("!"):
            removed.append(entry[1:].strip())
        elif colon and re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name.strip()):
            headers.append((name.strip(), value.strip()))
        else:
            raise _bad_line(where, number, "a header is written `Name: value`")
    close()
    return rules


def headers_for(rules: list[HeaderRule], path: str) -> dict[str, str]:
    """The headers of all rules that match; values that several give to one name are joined."""
    result: dict[str, tuple[str, str]] = {}
    for rule in rules:
        if not rule.matches(path):
            continue
        for name in rule.removed:
            result.pop(name.lower(), None)
        for name, value in rule.headers:
            before = result.get(name.lower())
            result[name.lower()] = (before[0], f"{before[1]}, {value}") if before else (name, value)
    return dict(result.values())


def _bad_line(where: str, number: int, why: str) -> ConfigError:
    return ConfigError(
        f"The headers file cannot be read: {why}.",
        where=f"{where}, line {number}",
        hint="Build the site again, or correct the line.",
    )
