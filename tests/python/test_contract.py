"""What Python and the page must agree on has one owner, and the page's copy is fresh."""

from __future__ import annotations

import json
import re
from typing import get_args

from onthefly_studio import contract
from onthefly_studio.contract import Backend
from onthefly_studio.graph import portability as rules
from onthefly_studio.places import PROJECT_ROOT
from tools.contract import files

SOURCE = PROJECT_ROOT / "site_template"


def test_the_pages_copy_is_what_would_be_written() -> None:
    stale = [path.name for path, contents in files().items() if path.read_text("utf-8") != contents]
    assert not stale, "run: make contract"


def test_the_page_is_built_with_the_version_that_exports_name() -> None:
    lock = json.loads((SOURCE / "package-lock.json").read_text("utf-8"))
    locked = {
        name.rsplit("/", 1)[1]: entry["version"]
        for name, entry in lock["packages"].items()
        if re.fullmatch(r"node_modules/@tensorflow/tfjs-(core|converter|backend-\w+)", name)
    }
    assert {f"tfjs-backend-{name}" for name in contract.BACKENDS} <= set(locked)
    assert set(locked.values()) == {contract.TENSORFLOW_JS}


def test_the_style_sheets_have_every_tone() -> None:
    styles = "".join(path.read_text("utf-8") for path in (SOURCE / "src").rglob("*.css"))
    tones = {int(number) for number in re.findall(r"\.tone-(\d+)", styles)}
    assert tones == set(range(contract.CLASS_TONES))


def test_every_backend_has_its_rules() -> None:
    assert set(rules.BACKENDS) == set(get_args(Backend))
