"""Classes as a visitor handles them: naming, colouring, ordering, leaving out, removing, taking back."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser import pages
from tests.browser.pages import Opened, button, name_box
from tests.support.camera import CHROMIUM_ARGS

BROWSER_FLAGS = CHROMIUM_ARGS


def names(page: Page) -> list[str]:
    """The names of all classes in their order."""
    boxes = page.get_by_role("textbox", name="Name of class")
    return [box.input_value() for box in boxes.all()]


def record(page: Page, name: str, count: int = 1) -> None:
    """Take photos, and wait until the last is told."""
    pages.take(page, name, count)
    expect(page.get_by_role("status")).to_have_text(f"Recorded 1 photo of {name}.")


def test_a_name_is_kept_on_enter_and_taken_back_on_escape(opened: Opened) -> None:
    with opened() as page:
        box = name_box(page, 1)
        box.click()
        box.fill("Mug")
        page.keyboard.press("Enter")
        expect(box).not_to_be_focused()
        button(page, "Undo").click()
        expect(page.get_by_role("status")).to_have_text("Undone: naming Mug.")
        expect(box).to_have_value("Class 1")
        button(page, "Redo").click()
        expect(box).to_have_value("Mug")

        box.click()
        box.fill("A slip of the hand")
        page.keyboard.press("Escape")
        expect(box).to_have_value("Mug")
        expect(button(page, "Hold to record Mug")).to_be_visible()
        page.keyboard.press("Tab")
        # Nothing was renamed, so there is nothing new to undo.
        button(page, "Undo").click()
        expect(page.get_by_role("status")).to_have_text("Undone: naming Mug.")


def test_two_classes_of_one_name_are_allowed_and_told(opened: Opened) -> None:
    with opened() as page:
        expect(page.get_by_text("Two classes have this name.")).to_have_count(0)
        name_box(page, 2).fill(" class 1 ")
        expect(page.get_by_text("Two classes have this name.")).to_have_count(2)
        expect(name_box(page, 2)).to_have_accessible_description("Two classes have this name.")
        name_box(page, 2).fill("Pen")
        expect(page.get_by_text("Two classes have this name.")).to_have_count(0)


def test_the_menu_recolours_by_name_and_by_arrow_key(opened: Opened) -> None:
    with opened() as page:
        more = button(page, "More for Class 2")
        more.click()
        expect(more).to_have_attribute("aria-expanded", "true")
        colours = page.get_by_role("radiogroup", name="Colour")
        expect(colours.get_by_role("radio")).to_have_count(10)
        expect(colours.get_by_role("radio", name="Orange")).to_be_checked()
        colour = "(one) => getComputedStyle(one.querySelector('[role=progressbar] > *')).backgroundColor"
        card = page.get_by_role("listitem").filter(has=name_box(page, 2))
        before = card.evaluate(colour)
        colours.get_by_role("radio", name="Teal").click()
        teal = card.evaluate(colour)
        assert teal != before
        page.keyboard.press("ArrowRight")
        expect(colours.get_by_role("radio", name="Red")).to_be_checked()
        assert card.evaluate(colour) != teal
        page.keyboard.press("Escape")
        expect(colours).to_have_count(0)
        expect(more).to_be_focused()
        page.keyboard.press("Control+z")
        expect(page.get_by_role("status")).to_have_text("Undone: the colour of Class 2.")
        assert card.evaluate(colour) == teal
        # A press elsewhere closes it too.
        more.click()
        expect(colours).to_be_visible()
        name_box(page, 1).click()
        expect(colours).to_have_count(0)


def test_order_changes_by_key_and_the_focus_goes_along(opened: Opened) -> None:
    with opened() as page:
        name_box(page, 1).fill("Mug")
        button(page, "More for Mug").focus()
        page.keyboard.press("Enter")
        down = button(page, "Move down")
        expect(button(page, "Move up")).to_be_disabled()
        down.focus()
        page.keyboard.press("Enter")
        expect(name_box(page, 2)).to_have_value("Mug")
        expect(down).to_be_focused()
        expect(page.get_by_role("status")).to_have_text("Mug is now class 2 of 3.")
        page.keyboard.press("Enter")
        expect(name_box(page, 3)).to_have_value("Mug")
        expect(down).to_be_disabled()
        button(page, "Move up").click()
        assert names(page) == ["Class 2", "Mug", "Class 3"]
        page.keyboard.press("Escape")
        for left in (
            ["Class 2", "Class 3", "Mug"],
            ["Class 2", "Mug", "Class 3"],
            ["Mug", "Class 2", "Class 3"],
        ):
            page.keyboard.press("Control+z")
            expect(page.get_by_role("status")).to_have_text("Undone: moving Mug.")
            assert names(page) == left


def test_a_class_that_is_left_out_is_not_trained_on(opened: Opened) -> None:
    with opened() as page:
        for name in ("Class 1", "Class 2", "Class 3"):
            record(page, name)
        button(page, "More for Class 2").click()
        switch = page.get_by_role("switch", name="Take part in training")
        expect(switch).to_be_checked()
        switch.click()
        expect(switch).not_to_be_checked()
        page.keyboard.press("Escape")
        button(page, "Train").click()
        expect(page.get_by_role("status")).to_contain_text("Trained on 2 photos")
        bar = page.get_by_role("progressbar", name="Class 2", exact=True)
        expect(bar).to_have_attribute("aria-valuetext", "Left out")
        photos = page.get_by_role("list", name="Photos of Class 2").get_by_role("listitem")
        expect(photos).to_have_count(1)
        button(page, "Undo").click()
        expect(page.get_by_role("status")).to_have_text("Undone: leaving Class 2 out.")
        button(page, "Train").click()
        expect(page.get_by_role("status")).to_contain_text("Trained on 3 photos")
        expect(bar).to_have_attribute("aria-valuetext", pages.PERCENT)


def test_what_was_removed_comes_back_by_keys_but_not_from_a_text_box(opened: Opened) -> None:
    with opened() as page:
        record(page, "Class 1", 2)
        photos = page.get_by_role("list", name="Photos of Class 1").get_by_role("listitem")
        button(page, "Remove Class 1").click()
        assert names(page) == ["Class 2", "Class 3"]
        # The neighbour takes the focus, and two classes stay.
        expect(button(page, "Remove Class 2")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("Keep at least two classes.")
        page.keyboard.press("Control+z")
        expect(photos).to_have_count(2)
        page.keyboard.press("Control+Shift+z")
        assert names(page) == ["Class 2", "Class 3"]
        page.keyboard.press("Control+z")
        expect(photos).to_have_count(2)
        page.keyboard.press("Control+y")
        assert names(page) == ["Class 2", "Class 3"]
        page.keyboard.press("Control+z")

        button(page, "More for Class 1").click()
        button(page, "Remove all photos").click()
        expect(photos).to_have_count(0)
        expect(page.get_by_role("status")).to_have_text("Removed 2 photos of Class 1.")
        name_box(page, 2).click()
        page.keyboard.press("Control+z")
        expect(photos).to_have_count(0)
        button(page, "More for Class 1").focus()
        page.keyboard.press("Control+z")
        expect(photos).to_have_count(2)


def test_a_class_for_what_is_none_of_them(opened: Opened) -> None:
    with opened() as page:
        button(page, "Add “None of these”").click()
        expect(name_box(page, 4)).to_have_value("None of these")
        expect(page.get_by_text("Record what the camera sees when nothing is there")).to_be_visible()
        expect(button(page, "Add “None of these”")).to_have_count(0)
        record(page, "None of these")
        expect(page.get_by_text("Record what the camera sees when nothing is there")).to_have_count(0)
        # It is a class as any other.
        button(page, "Remove None of these").click()
        expect(button(page, "Add “None of these”")).to_be_visible()


def test_everything_of_a_class_is_reached_by_tab(opened: Opened) -> None:
    with opened() as page:
        record(page, "Class 1", 3)
        name_box(page, 1).focus()
        wanted = [
            "More for Class 1",
            "Remove Class 1",
            "Hold to record Class 1",
            "Record Class 1 hands-free",
            "Upload photos to Class 1",
            "Select photos of Class 1",
            # One of the photos; arrow keys lead to the others.
            "Enlarge photo 3 of Class 1",
            "Remove photo 3 of Class 1",
            "Name of class 2",
        ]
        reached = []
        for _ in wanted:
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.ariaLabel"))
        assert reached == wanted


def test_fingers_have_room_on_a_phone(opened: Opened) -> None:
    with opened(width=390, height=844, has_touch=True, is_mobile=True) as page:
        record(page, "Class 1", 2)
        button(page, "More for Class 1").tap()
        expect(button(page, "Remove all photos")).to_be_visible()
        small = page.get_by_role("button").evaluate_all(
            """(all) => all.map((one) => [one.ariaLabel ?? one.textContent, one.getBoundingClientRect()])
              .filter(([, box]) => box.width && Math.min(box.width, box.height) < 44).map(([name]) => name)"""
        )
        assert small == []
        assert page.evaluate("document.documentElement.scrollWidth") == 390
