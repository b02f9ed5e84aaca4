"""What goes wrong is said in Dutch on a Dutch page, and its numbers and dates are Dutch too."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from onthefly_studio.pipeline import Built
from onthefly_studio.site.server import SiteServer
from tests.browser import cameras, languages, pages
from tests.browser.pages import NO_WEBASSEMBLY_JS, button
from tests.support.browsers import NO_SOFTWARE_GRAPHICS

Site = Callable[..., Built]
BROWSER_FLAGS = NO_SOFTWARE_GRAPHICS
READY = "Het model is klaar."


@pytest.fixture(scope="module")
def dutch(site: Site) -> Built:
    return site("embedded", lang="nl")


@pytest.fixture(scope="module")
def url(dutch: Built, serving: Callable[[Path], SiteServer]) -> str:
    return serving(dutch.out).url


@contextmanager
def opened(browser: Browser, english: list[str]) -> Iterator[Page]:
    """A page that must not have said a word of English when the block ends."""
    with browser.new_page(service_workers="block") as page:
        yield page
        assert languages.found(english, page.evaluate(languages.SAID_JS)) == []


def is_ready(page: Page) -> None:
    expect(page.get_by_role("status")).to_have_text(READY, timeout=2 * pages.READY_MS)


def take(page: Page, name: str) -> None:
    """One photo for a class, as assistive technology clicks."""
    record = button(page, f"Vasthouden voor opname van {name}")
    expect(record).to_be_enabled()
    record.evaluate("(button) => button.click()")
    card = page.locator("li.class-card").filter(has=record)
    expect(card.get_by_role("listitem")).to_have_count(1)


# Downloads ------------------------------------------------------------------------------------------------


def changed(dutch: Built, url: str) -> bytes:
    original = (dutch.out / url).read_bytes()
    return original[:-8] + bytes(byte ^ 1 for byte in original[-8:])


@pytest.mark.parametrize("fault", ["status", "unreachable", "page", "changed"])
def test_a_file_that_cannot_be_had(
    fault: str, browser: Browser, dutch: Built, url: str, english: list[str]
) -> None:
    shard = dutch.site.model.shards[0].url
    answers: dict[str, tuple[Callable[[Route], None], str]] = {
        "status": (
            lambda route: route.fulfill(status=404),
            "kon niet worden gedownload: de server antwoordde 404.",
        ),
        "unreachable": (
            lambda route: route.abort("internetdisconnected"),
            "kon niet worden gedownload. Controleer de verbinding en probeer het opnieuw.",
        ),
        "page": (
            lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"),
            "kon niet worden gedownload: de server stuurde in plaats daarvan een webpagina.",
        ),
        "changed": (
            lambda route: route.fulfill(body=changed(dutch, shard)),
            "is niet het bestand waarmee deze site is gebouwd.",
        ),
    }
    answer, said = answers[fault]
    with opened(browser, english) as page:
        page.route(f"**/{shard}", answer)
        page.goto(url)
        expect(page.get_by_role("alert")).to_contain_text(f"{shard} {said}", timeout=pages.READY_MS)


# The worker -----------------------------------------------------------------------------------------------


def test_a_backend_that_is_missing(browser: Browser, url: str, english: list[str]) -> None:
    with opened(browser, english) as page:
        page.add_init_script(NO_WEBASSEMBLY_JS)
        page.goto(url)
        is_ready(page)
        assert pages.fact_text(page, "Rekenwijze") == "cpu"
        assert pages.fact_text(page, "Waarom niet wasm") == "Deze browser heeft geen WebAssembly."


BROKEN_WORKER_JS = """
globalThis.Blob = class extends Blob {
  constructor(parts, options) {
    super(options?.type === 'text/javascript' ? ['throw new Error("broken");'] : parts, options);
  }
};
"""


def test_a_worker_that_does_not_start(browser: Browser, url: str, english: list[str]) -> None:
    with opened(browser, english) as page:
        page.add_init_script(BROKEN_WORKER_JS)
        page.goto(url)
        expect(page.get_by_role("alert")).to_contain_text(
            "Het rekenprogramma kon in deze browser niet worden gestart.", timeout=pages.READY_MS
        )


def test_a_self_check_that_refuses(browser: Browser, dutch: Built, url: str, english: list[str]) -> None:
    strict = re.sub(r'("limit": ?)[\d.e-]+', r"\g<1>0", (dutch.out / "index.html").read_text("utf-8"))
    with opened(browser, english) as page:
        page.route(url, lambda route: route.fulfill(body=strict, content_type="text/html"))
        page.goto(url)
        expect(page.get_by_role("alert")).to_contain_text(
            re.compile(
                r"Met wasm komt deze browser op andere getallen uit .*\(afwijking 0,0\d+, grens 0\)\."
            ),
            timeout=4 * pages.READY_MS,
        )


# Project files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("project", "said"),
    [
        (
            {"kind": "onthefly-project", "format": 1},
            "Dit project is beschadigd: project.json: mist generator.",
        ),
        (
            {"kind": "onthefly-project", "format": 2},
            "Dit project is met een nieuwere versie gemaakt. Open het op de site waar het vandaan komt.",
        ),
        ({"kind": "something else"}, "Dit bestand is geen project van On-the-Fly."),
    ],
    ids=["damaged", "newer", "another file"],
)
def test_a_project_file_that_is_refused(
    project: dict[str, Any], said: str, browser: Browser, url: str, english: list[str], tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "project.zip", "w") as archive:
        archive.writestr("project.json", json.dumps(project))
    with opened(browser, english) as page:
        page.goto(url)
        is_ready(page)
        page.get_by_label("Projectbestand").set_input_files(tmp_path / "project.zip")
        expect(page.get_by_role("status")).to_have_text(
            f"Het bestand is niet geïmporteerd, en er is niets veranderd. {said}"
        )


# This browser's storage -----------------------------------------------------------------------------------


def test_storage_that_is_refused(browser: Browser, url: str, english: list[str]) -> None:
    with opened(browser, english) as page:
        page.add_init_script(
            "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); };"
        )
        page.goto(url)
        expect(page.locator(".project-status")).to_have_text(
            "Niet bewaard in deze browser: Deze browser laat deze pagina niets bewaren. "
            "Exporteer het voor je weggaat."
        )


def test_storage_that_is_full(browser: Browser, url: str, english: list[str]) -> None:
    with opened(browser, english) as page:
        cameras.install(page)
        page.goto(url)
        is_ready(page)
        page.evaluate(
            """() => {
              IDBObjectStore.prototype.put = () => {
                throw new DOMException('no room', 'QuotaExceededError');
              };
            }"""
        )
        take(page, "Klasse 1")
        expect(page.locator(".project-status")).to_have_text(
            "Niet bewaard in deze browser: Er is geen ruimte meer in deze browser. "
            "Wis een project of foto’s en probeer het opnieuw. Exporteer het voor je weggaat."
        )


# Numbers --------------------------------------------------------------------------------------------------


def test_numbers_and_dates(browser: Browser, url: str, english: list[str]) -> None:
    with opened(browser, english) as page:
        cameras.install(page)
        page.goto(url)
        is_ready(page)
        for name in ("Klasse 1", "Klasse 2"):
            take(page, name)
        expect(page.get_by_text(re.compile(r"verlies (< )?\d,\d{3}"))).to_be_visible()
        page.get_by_text("Instellingen en krommen").click()
        rate = page.get_by_role("textbox", name="Leersnelheid")
        expect(rate).to_have_value("0,001")
        rate.fill("0,0025")
        rate.press("Enter")
        expect(rate).to_have_value("0,0025")
        curve = page.get_by_role("img", name=re.compile(r"^Verlies: \d,\d{3} na ronde 1"))
        expect(curve).to_be_visible()
        assert re.fullmatch(r"\d+,\d ms", pages.fact_text(page, "Tijd per beeld"))
        assert re.match(r"afwijking \d,\de-\d+, grens \de-\d+,", pages.fact_text(page, "Zelfcontrole"))
        assert re.search(r"\(\d+,\d MB\)$", pages.fact_text(page, "TF.js-tensors"))
        button(page, "Projecten").click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text(re.compile(r"\d,\d [MG]B gebruikt\.$"))).to_be_visible()
        written = "(at) => new Date(at).toLocaleString('nl', {dateStyle: 'medium', timeStyle: 'short'})"
        time = dialog.get_by_role("time")
        expect(time).to_have_text(page.evaluate(written, time.get_attribute("datetime")))
