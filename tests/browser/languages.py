"""What the page says, and which of it only a page in another language may say."""

from __future__ import annotations

import json
import re
from pathlib import Path

from onthefly_studio.site.render import words
from tests.support.node import run

WORDS = Path(__file__).with_name("words.ts")

SAID_JS = """
() => [
  document.title,
  document.body.innerText,
  ...[...document.querySelectorAll('[aria-label], [title], [placeholder], [alt], .visually-hidden, option')]
    .filter((element) => !element.closest('[lang=en]:not(html)'))
    .flatMap((element) => [
      element.ariaLabel, element.title, element.placeholder, element.alt, element.textContent,
    ]),
].filter(Boolean).join('\\n')
"""
"""Everything that a page says, to those who see it and to those who listen."""


def only_english(lang: str) -> list[str]:
    """What the English page says, and the one in another language does not."""
    said = json.loads(run(WORDS))
    other = "\n".join([*said[lang], *words(lang).values()])
    return [
        text
        for text in [*said["en"], *words("en").values()]
        if len(text) > 3 and re.search("[a-z]{3}", text) and not found([text], other)
    ]


def found(phrases: list[str], text: str) -> list[str]:
    """Those of the phrases that stand in a text, as whole words."""
    return [
        phrase
        for phrase in phrases
        if phrase in text and re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text)
    ]
