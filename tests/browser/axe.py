"""Asks axe-core what of a page is hard to use without eyes, hands or colours."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from onthefly_studio.places import TEMPLATE_ROOT

SOURCE = TEMPLATE_ROOT / "node_modules" / "axe-core" / "axe.min.js"

_RUN_JS = """
async () => {
  const {passes, violations} = await axe.run(document, {resultTypes: ['violations']});
  return {
    rules: passes.length,
    violations: violations.flatMap(({id, nodes}) =>
      nodes.map(({target, failureSummary}) => `${id}: ${target.join(' ')}: ${failureSummary}`)),
  };
}
"""


@cache
def _source(path: Path) -> str:
    return path.read_text("utf-8")


def violations(page: Page) -> list[str]:
    """What is wrong with the page as it stands now, one line each, by all of axe-core's rules.

    The page's policy forbids foreign scripts; what a test evaluates is not held to it.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(f"() => {{ {_source(SOURCE)} }}")
    told: dict[str, Any] = page.evaluate(_RUN_JS)
    assert told["rules"] > 10, "axe-core looked at something"
    found: list[str] = told["violations"]
    return found
