"""Live training: predictions go on meanwhile, and changes are gathered; with ten thousand examples too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from builder.pipeline import Built
from builder.site.server import SiteServer
from tests.browser import pages

MANY = 10_000
TEACH_JS = """
async (count) => {
  // Made-up features of three classes that can be told apart; a worker that was taught them.
  await window.worker.setClasses(['a', 'b', 'c']);
  const width = window.ready.features;
  let state = 1;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const picture = new Blob(['no picture']);
  const examples = Array.from({length: count}, (_, i) => ({
    id: i + 1,
    classId: 'abc'[i % 3],
    picture,
    features: Float32Array.from({length: width}, (_, f) => random() + (f % 3 === i % 3)),
  }));
  await window.worker.restore({classes: ['a', 'b', 'c'], examples, head: null});
  window.settings = {hidden: 128, epochs: 1, batch: 5, rate: 0.001, seed: 1};
  window.grey = () => ({data: new Uint8ClampedArray(224 * 224 * 4).fill(128), width: 224, height: 224});
}
"""
DURING_JS = """
async () => {
  // Asks again and again while a head trains; what was said by which head, and what is said afterwards.
  const {worker, settings, grey} = window;
  const said = ({probabilities}) => JSON.stringify(probabilities);
  await worker.train(settings);
  const before = said(await worker.predict(grey()));
  let over = false;
  const run = worker.train({...settings, epochs: 2, seed: 7}).finally(() => { over = true; });
  const during = [];
  const added = [];
  while (!over) {
    const answer = await worker.predict(grey());
    if (!over) during.push(said(answer));
    if (during.length % 10 === 5) {
      const {id} = await worker.addExample(grey(), 'a');
      if (!over) added.push(id);
    }
  }
  const {outcome, examples} = await run;
  const {examples: taught} = await worker.head();
  const after = said(await worker.predict(grey()));
  return {before, during, after, added, outcome, examples, taught: taught.length};
}
"""


@pytest.fixture(scope="module")
def url(site: Callable[..., Built], serving: Callable[[Path], SiteServer]) -> str:
    return serving(site("embedded").out).url


@pytest.fixture(scope="module")
def taught(url: str, chromium: Any) -> Iterator[Page]:
    """A page whose worker was taught ten thousand examples."""
    with chromium(camera=False) as visit:
        visit.page.goto(url)
        visit.page.evaluate(pages.CLIENT_JS)
        visit.page.evaluate(TEACH_JS, MANY)
        yield visit.page
        assert visit.complaints == []


def test_predictions_and_photos_go_on_while_ten_thousand_examples_train(taught: Page) -> None:
    found = taught.evaluate(DURING_JS)
    assert found["outcome"] == "trained"
    # A run of 4000 steps: many answers fit into it, each from the head that was there before.
    assert len(found["during"]) >= 20
    assert set(found["during"]) == {found["before"]}
    assert found["after"] != found["before"]
    assert found["added"], "photos can be added meanwhile"
    assert found["examples"] == found["taught"] == MANY, "they wait for the next run"
    assert taught.evaluate("async () => (await window.worker.memory()).examples") >= MANY + len(
        found["added"]
    )


def test_a_run_can_be_stopped_at_once_and_a_newer_one_takes_its_place(taught: Page) -> None:
    found = taught.evaluate("""async () => {
      const {worker, settings} = window;
      const stopped = worker.train({...settings, epochs: 1000});
      await worker.stopTraining();
      const {outcome, history} = await stopped;
      const older = worker.train({...settings, epochs: 1000});
      const newer = await worker.train(settings);
      return [outcome, history.length, (await older).outcome, newer.outcome];
    }""")
    assert found == ["stopped", 0, "stopped", "trained"]


# Every call to the worker, in order: its name, how many of that name were open then, and whether it still is.
WATCH_JS = """
{
  const calls = (window.calls = []);
  window.Worker = class extends Worker {
    constructor(...given) {
      super(...given);
      // Before whoever waits for the answer hears of it and calls again.
      this.addEventListener('message', ({data}) => {
        for (const call of calls) if (call.id === data?.id) call.open = false;
      });
    }
    postMessage(message, ...rest) {
      if (message?.path) {
        const name = message.path.join('.');
        const beside = calls.filter((call) => call.name === name && call.open).length;
        calls.push({id: message.id, name, beside, open: true});
      }
      super.postMessage(message, ...rest);
    }
  };
}
"""


def calls(page: Page, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(
        "(name) => window.calls.filter((call) => call.name === name)", name
    )
    return found


def take(page: Page, name: str) -> None:
    """One photo for a class; returns when it is shown."""
    photos = page.get_by_role("list", name=f"Photos of {name}", exact=True).get_by_role("listitem")
    before = photos.count()
    page.get_by_role("button", name=f"Hold to record {name}", exact=True).click()
    expect(photos).to_have_count(before + 1)


def until_rest(page: Page) -> None:
    """Wait until nothing trains, and nothing begins to by itself."""
    page.wait_for_function(
        "() => window.calls.every(({name, open}) => name !== 'train' || !open)", timeout=pages.READY_MS
    )
    page.wait_for_timeout(300)


def test_changes_during_a_run_are_gathered_into_one_next_run(
    site: Callable[..., Built], serving: Callable[[Path], SiteServer], chromium: Any
) -> None:
    # Settings with which a run takes seconds, even of a handful of photos.
    slow = site("embedded", head={"hidden": 4096, "epochs": 60})
    with chromium() as visit:
        page = visit.page
        page.add_init_script(WATCH_JS)
        pages.open_ready(page, serving(slow.out).url, live=True)
        expect(page.get_by_role("button", name="Stop camera")).to_be_visible()
        take(page, "Class 1")
        assert calls(page, "train") == [], "one class is not enough"
        take(page, "Class 2")
        page.wait_for_function("() => window.calls.some(({name}) => name === 'train')")
        for name in ("Class 1", "Class 2", "Class 1"):
            take(page, name)
        assert [call["open"] for call in calls(page, "train")] == [True], "the first run still goes on"
        page.wait_for_function(
            "() => window.calls.filter(({name}) => name === 'train').length > 1", timeout=pages.READY_MS
        )
        asked = len(calls(page, "predict"))
        until_rest(page)
        assert len(calls(page, "predict")) > asked + 5, "the head there was predicts meanwhile"
        trained = calls(page, "train")
        assert len(trained) == 2, "three changes, one run"
        assert [call["beside"] for call in trained] == [0, 0], "one at a time"
        assert max(call["beside"] for call in calls(page, "predict")) == 0, "one frame in flight"
        assert visit.complaints == []


def test_with_live_off_only_train_trains(url: str, chromium: Any) -> None:
    with chromium() as visit:
        page = visit.page
        page.add_init_script(WATCH_JS)
        pages.open_ready(page, url, live=True)
        page.get_by_role("switch", name="Live").uncheck()
        expect(page.get_by_role("button", name="Stop camera")).to_be_visible()
        take(page, "Class 1")
        take(page, "Class 2")
        page.wait_for_timeout(500)
        assert calls(page, "train") == []
        assert calls(page, "predict") == [], "nothing to ask yet"
        page.get_by_role("button", name="Train", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("Trained on 2 photos")
        until_rest(page)
        page.wait_for_function("() => window.calls.some(({name}) => name === 'predict')")
        take(page, "Class 2")
        page.wait_for_timeout(500)
        assert len(calls(page, "train")) == 1
        page.get_by_role("switch", name="Live").check()
        page.wait_for_function("() => window.calls.filter(({name}) => name === 'train').length === 2")
        until_rest(page)
        assert len(calls(page, "train")) == 2
        assert visit.complaints == []
