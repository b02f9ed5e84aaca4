"""Training as a visitor meets it: by itself and on demand, its settings, its curves, and how good it is."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, Locator, Page, expect

from onthefly_studio.cli.evaluate import command as evaluate_command
from onthefly_studio.pipeline import Built
from onthefly_studio.project.format.model import Example, Project
from onthefly_studio.project.format.read import read
from onthefly_studio.project.format.schema import Preprocess, ProjectClass, folder_of
from onthefly_studio.reference.training import HeadSettings
from tests.browser import calls, pages
from tests.browser.pages import Opened, button, record_seen
from tests.support import projects
from tests.support.camera import CHROMIUM_ARGS

NAMES = ["Cup", "Hand", "Phone", "Neutral"]
MATRIX = "What it takes for what"
RIGHT = re.compile(r"^(\d+)% right: (\d+) of (\d+) photos that it had not seen\.$")

BROWSER_FLAGS = CHROMIUM_ARGS


def project(built: Built, counts: list[int], spread: float = 3.0, **changed: Any) -> Project:
    """Classes of features that overlap, as this site's backbone could have made them; no head yet."""
    site = built.site.for_page()
    width = site["backbone"]["features"]
    rng = np.random.default_rng(5)
    labels = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    centres = rng.normal(size=(len(counts), width)) * 0.3
    features = centres[labels] + spread * rng.normal(size=(len(labels), width))
    picture = {label: projects.jpeg(label, (64, 64)) for label in range(len(counts))}
    ids = [f"k{label}" for label in range(len(counts))]
    return Project(
        generator="onthefly 0.1.0",
        backbone=projects.backbone_of(built),
        preprocess=Preprocess(**site["preprocess"]),
        settings=replace(HeadSettings(**site["head"]), **changed),
        classes=[
            ProjectClass(id=ids[i], name=name, tone=i, folder=folder_of(name, i))
            for i, name in enumerate(NAMES[: len(counts)])
        ],
        examples=[Example(i + 1, ids[label], picture[label]) for i, label in enumerate(labels)],
        features=np.maximum(features, -0.375).astype(np.float32),
        head=None,
    )


@pytest.fixture
def opened(browser: Browser, url: str) -> Opened:
    """Opens the page with the model ready and training by itself; see `pages.open_page`."""
    return partial(pages.open_page, browser, url, camera=False, live=True, watched=True)


def bring(page: Page, path: Path) -> None:
    """Import a project."""
    page.get_by_label("Project file", exact=True).set_input_files(path)
    expect(status(page)).to_contain_text("Imported")


def status(page: Page) -> Locator:
    return page.get_by_role("region", name="Training", exact=True).get_by_role("status")


def setting(page: Page, name: str) -> Locator:
    return page.get_by_role("textbox", name=name, exact=True)


def curve(page: Page, name: str) -> Locator:
    return page.get_by_role("img", name=re.compile(f"^{name}: "))


def matrix(page: Page) -> list[list[int]]:
    """The counts in the confusion matrix."""
    rows = page.get_by_role("table", name=MATRIX).get_by_role("row").all()[1:]
    return [[int(cell) for cell in row.get_by_role("cell").all_text_contents()] for row in rows]


@pytest.mark.parametrize(("share", "seed"), [("20", "1"), ("35", "77")])
def test_the_figures_are_those_of_evaluate(
    share: str, seed: str, built: Built, opened: Opened, tmp_path: Path
) -> None:
    """What the page says of held-out photos, and what Python says of the project that it exports."""
    given = projects.save(tmp_path / "given.zip", project(built, [30, 24, 15, 40]))
    with opened() as page:
        bring(page, given)
        page.get_by_text("Settings and curves").click()
        setting(page, "Seed").fill(seed)
        setting(page, "Held-out share, %").fill(share)
        setting(page, "Held-out share, %").press("Enter")
        page.get_by_text("Under the hood").click()
        told = page.get_by_text(re.compile(f"{share}% of every class held out, seed {seed}, "))
        expect(told).to_be_visible()
        shown = matrix(page)
        lead = RIGHT.match(page.get_by_text(RIGHT).inner_text())
        columns = page.get_by_role("table", name=MATRIX).get_by_role("columnheader").all_text_contents()
        with page.expect_download() as download:
            button(page, "Export").click()
        path = tmp_path / "project.zip"
        download.value.save_as(path)
    head = read(path).trained_head()
    assert head.settings.seed == int(seed)
    done = CliRunner().invoke(evaluate_command, [str(path), "--held-out", str(int(share) / 100), "--json"])
    assert done.exit_code == 0, done.output
    expected = json.loads(done.stdout)
    assert columns == expected["labels"] == NAMES
    assert shown == expected["confusion"]
    assert 0 < expected["right"] < expected["photos"], "a task without mistakes would show little"
    assert lead
    assert (int(lead[2]), int(lead[3])) == (expected["right"], expected["photos"])


def test_it_trains_by_itself_and_keeps_quiet_about_it(opened: Opened) -> None:
    with opened() as page:
        bar = page.get_by_role("region", name="Training", exact=True)
        before = bar.bounding_box()
        said: list[str] = []
        page.expose_function("said", lambda text: said.append(text))
        page.evaluate("""() => {
          const region = document.querySelector('[role=status]');
          new MutationObserver(() => window.said(region.textContent)).observe(
            region, {childList: true, characterData: true, subtree: true});
        }""")
        record_seen(page, "Class 1", 2)
        record_seen(page, "Class 2", 2)
        shown = page.get_by_role("progressbar", name="Class 1", exact=True)
        expect(shown).to_have_attribute("aria-valuetext", re.compile(r"^\d+ percent$"))
        expect(bar.get_by_text(re.compile(r"^\d+% of its own photos right"))).to_be_visible()
        assert bar.bounding_box() == before
        assert said
        assert all(text.startswith("Recorded") for text in said), said
        # On demand it says what it did, live or not.
        expect(page.get_by_role("switch", name="Live")).to_be_checked()
        button(page, "Train").click()
        expect(status(page)).to_have_text(re.compile(r"^Trained on 4 photos in \d"))


LONG_JS = """
{
  // Two seconds are over for those who wait for them when `longEnough` is called, and not before.
  const waiting = new Map();
  const {setTimeout: wait, clearTimeout: forget} = window;
  window.setTimeout = (act, ms, ...given) => {
    if (ms !== 2000) return wait(act, ms, ...given);
    const id = -1 - waiting.size;
    waiting.set(id, act);
    return id;
  };
  window.clearTimeout = (id) => waiting.delete(id) || forget(id);
  window.longEnough = () => {
    const acts = [...waiting.values()];
    waiting.clear();
    acts.forEach((act) => act());
    return acts.length;
  };
}
"""


def test_a_long_run_can_be_stopped(built: Built, opened: Opened, tmp_path: Path) -> None:
    slow = project(built, [200, 200], epochs=1000, hidden=1024)
    given = projects.save(tmp_path / "slow.zip", slow)
    with opened(script=LONG_JS) as page:
        bring(page, given)
        # It began by itself; a run that goes on shows itself and can be stopped.
        progress = page.get_by_role("progressbar", name="Training progress")
        calls.until(page, "train", 1)
        expect(progress).to_have_count(0)
        assert page.evaluate("longEnough()") == 1
        expect(progress).to_be_visible()
        button(page, "Stop").click()
        expect(status(page)).to_have_text("Training was stopped.")
        expect(progress).to_have_count(0)
        expect(button(page, "Stop")).to_have_count(0)
        # It is not tried again, until something changes or Train is pressed, whose progress shows at once.
        page.get_by_text("Settings and curves").click()
        button(page, "Train").click()
        expect(progress).to_be_visible()
        expect(curve(page, "Loss")).to_have_count(1)
        page.wait_for_function("() => document.querySelector('.train progress').value > 0")
        button(page, "Stop").click()
        expect(status(page)).to_have_text("Training was stopped.")
        # Without a head the curves go; another setting trains again, and this time to the end.
        expect(curve(page, "Loss")).to_have_count(0)
        setting(page, "Epochs").fill("2")
        setting(page, "Epochs").press("Enter")
        expect(curve(page, "Loss")).to_have_accessible_name(
            re.compile(r"^Loss: \S+ after epoch 1, \S+ after epoch 2\.$")
        )


def test_settings_hold_at_once_and_can_be_undone(opened: Opened) -> None:
    with opened() as page:
        record_seen(page, "Class 1", 1)
        record_seen(page, "Class 2", 1)
        page.get_by_text("Settings and curves").click()
        accuracy = curve(page, "Accuracy")
        expect(accuracy).to_have_accessible_name(re.compile("after epoch 10\\.$"))
        back = button(page, "Back to the site’s settings")
        expect(back).to_have_attribute("aria-disabled", "true")

        epochs = setting(page, "Epochs")
        expect(epochs).to_have_accessible_description(
            "How many times training goes over all photos. A whole number from 1 to 1000."
        )
        for wrong in ("0", "1001", "2.5", "many", ""):
            epochs.fill(wrong)
            epochs.press("Enter")
            expect(epochs).to_have_attribute("aria-invalid", "true")
            expect(page.get_by_role("alert").get_by_text("A whole number from 1 to 1000.")).to_be_visible()
            expect(back).to_have_attribute("aria-disabled", "true")
        expect(accuracy).to_have_accessible_name(re.compile("after epoch 10\\.$"))
        epochs.press("Escape")
        expect(epochs).to_have_value("10")
        expect(epochs).to_have_attribute("aria-invalid", "false")

        # Typing is enough, after a pause; with Enter it is one step for Undo.
        epochs.fill("12")
        expect(accuracy).to_have_accessible_name(re.compile("after epoch 12\\.$"))
        epochs.fill("13")
        expect(accuracy).to_have_accessible_name(re.compile("after epoch 13\\.$"))
        epochs.press("Enter")
        setting(page, "Learning rate").fill("0,01")
        setting(page, "Learning rate").press("Enter")
        expect(setting(page, "Learning rate")).to_have_value("0.01")
        button(page, "Undo").click()
        expect(status(page)).to_have_text("Undone: a change of the settings.")
        expect(setting(page, "Learning rate")).to_have_value("0.001")
        expect(epochs).to_have_value("13")
        button(page, "Undo").click()
        expect(epochs).to_have_value("10")
        expect(accuracy).to_have_accessible_name(re.compile("after epoch 10\\.$"))
        button(page, "Redo").click()
        expect(epochs).to_have_value("13")

        back.click()
        expect(epochs).to_have_value("10")
        expect(back).to_have_attribute("aria-disabled", "true")
        expect(accuracy).to_have_accessible_name(re.compile("after epoch 10\\.$"))
        page.get_by_text("The figures", exact=True).click()
        rows = page.get_by_role("table", name="Training, epoch by epoch").get_by_role("row")
        expect(rows).to_have_count(1 + 10)
        # Of the curve and of the table, the first and the last epoch agree.
        first, last = (rows.nth(i).get_by_role("cell").all_text_contents()[2] for i in (1, 10))
        expect(accuracy).to_have_accessible_name(f"Accuracy: {first} after epoch 1, {last} after epoch 10.")


def test_without_live_training_waits(opened: Opened) -> None:
    with opened() as page:
        page.get_by_role("switch", name="Live").click()
        expect(status(page)).to_have_text("The model now waits for Train.")
        record_seen(page, "Class 1", 2)
        record_seen(page, "Class 2", 2)
        page.get_by_text("Settings and curves").click()
        page.get_by_text("Under the hood").click()
        expect(page.get_by_text("To check the model, train it first.")).to_be_visible()
        expect(page.get_by_role("img", name="The curves appear with the first training.")).to_have_count(2)
        button(page, "Train").click()
        expect(status(page)).to_contain_text("Trained on 4 photos")
        expect(page.get_by_text(RIGHT)).to_be_visible()
        expect(pages.fact(page, "Learned from")).to_have_text("4 photos")
        setting(page, "Seed").fill("9")
        setting(page, "Seed").press("Enter")
        expect(button(page, "Train")).to_have_accessible_description(
            "The model is older than the photos. Train again."
        )
        page.get_by_role("switch", name="Live").click()
        expect(page.get_by_text(re.compile("20% of every class held out, seed 9, "))).to_be_visible()


def test_what_is_missing_for_the_figures_is_said(opened: Opened) -> None:
    with opened() as page:
        page.get_by_text("Under the hood").click()
        heading = page.get_by_role("heading", name="How good is it?")
        part = page.get_by_role("region").filter(has=heading)
        expect(part).to_contain_text("two classes need two photos each; none has them.")
        record_seen(page, "Class 1", 2)
        record_seen(page, "Class 2", 1)
        expect(part).to_contain_text("two classes need two photos each; 1 has them.")
        # The page trains meanwhile, and gives advice on what it has.
        expect(part).to_contain_text("Class 2 has 1 photo. The model knows it better with 10 or more.")
        record_seen(page, "Class 3", 2)
        expect(page.get_by_text(RIGHT)).to_be_visible()
        classes = part.get_by_role("list", name="Right by class").get_by_role("listitem")
        expect(classes.nth(1)).to_contain_text("no photo to spare")


def test_confused_photos_are_shown_moved_and_removed(built: Built, opened: Opened, tmp_path: Path) -> None:
    given = projects.save(tmp_path / "given.zip", project(built, [12, 12, 40], spread=4.0))
    with opened(width=390, height=844) as page:
        bring(page, given)
        page.get_by_text("Under the hood").click()
        mistakes = page.get_by_role("list", name="Photos most often confused")
        removers = mistakes.get_by_role("button", name=re.compile("^Remove photo: Shows "))
        expect(removers.first).to_be_visible()
        counts = matrix(page)
        wrong = sum(map(sum, counts)) - sum(counts[i][i] for i in range(3))
        assert removers.count() == min(wrong, 12) >= 3

        advice = page.get_by_role("list", name="Balance").get_by_role("listitem")
        expect(advice).to_have_count(2)
        expect(advice.first).to_have_text(
            "Cup has 12 photos, Phone 40: the model will lean towards Phone. Record more of Cup."
        )

        # Many are right, and in the wrong class: the enlarged photo can be moved.
        name = removers.first.get_attribute("aria-label")
        assert name
        told = re.match(r"Remove photo: (Shows (\w+), called (\w+), \d+% sure)", name)
        assert told
        mistake, shows, said = told.groups()
        where = {
            each: page.get_by_role("list", name=f"Photos of {each}", exact=True) for each in (shows, said)
        }
        before = {each: where[each].get_by_role("listitem").count() for each in (shows, said)}
        assert min(before.values()) > 0
        button(page, f"Enlarge: {mistake}").first.click()
        dialog = page.get_by_role("dialog", name=mistake)
        expect(dialog.get_by_role("img")).to_have_count(0)  # it decorates; the title says what it is
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(button(page, f"Enlarge: {mistake}").first).to_be_focused()
        button(page, f"Enlarge: {mistake}").first.click()
        dialog.get_by_role("button", name=f"Move to {said}").click()
        expect(status(page)).to_have_text(f"Moved 1 photo to {said}.")
        button(page, "Undo").click()
        expect(status(page)).to_contain_text("Undone")

        # Removing says what went, trains again, and the figures follow.
        others = page.get_by_text(re.compile("trained on the other"))
        expect(removers.first).to_be_visible()
        expect(pages.fact(page, "Learned from")).to_have_text("64 photos")
        learned = int(others.inner_text().split("the other ")[1].split()[0])
        removers.first.focus()
        page.keyboard.press("Enter")
        expect(status(page)).to_contain_text("Removed 1 photo of ")
        expect(pages.fact(page, "Learned from")).to_have_text("63 photos")
        # The keyboard keeps its place, also when new figures bring another list.
        assert page.locator(".hood :focus").count() == 1
        expect(page.get_by_text(f"trained on the other {learned - 1} photos")).to_be_visible()
        assert page.locator(".hood :focus").count() == 1
        button(page, "Undo").click()
        expect(pages.fact(page, "Learned from")).to_have_text("64 photos")


def test_the_facts_are_said(opened: Opened) -> None:
    with opened() as page:
        record_seen(page, "Class 1", 2)
        record_seen(page, "Class 2", 2)
        page.get_by_text("Under the hood").click()
        for heading in ("Model", "How good is it?", "Speed", "Privacy"):
            expect(page.get_by_role("heading", name=heading, exact=True, level=3)).to_be_visible()
        expect(pages.fact(page, "Trained by")).to_have_text("the page’s own WebAssembly kernel (SIMD)")
        expect(pages.fact(page, "Training time")).to_have_text(
            re.compile(r"^[\d.]+ m?s \([\d.]+ ms for each photo and epoch\)$")
        )
        expect(pages.fact(page, "Layer that learns")).to_have_text("128 hidden units, 2 classes")
        expect(pages.fact(page, "Photos on this page")).to_have_text(re.compile(r"^4 photos, \d+ kB$"))
        expect(pages.fact(page, "Kept in this browser")).to_have_text(re.compile(r"^[\d.]+ [kM]B$"))
        expect(pages.fact(page, "Sent to others")).to_have_text("nothing")
