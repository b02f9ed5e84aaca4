"""Live training: predictions go on meanwhile, and changes are gathered; with thousands of examples too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import calls, pages

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
  const said = async () => JSON.stringify((await worker.predict(grey())).probabilities);
  await worker.train(settings);
  const before = await said();
  let over = false;
  const long = worker.train({...settings, epochs: 1000, seed: 7}).finally(() => { over = true; });
  const during = [];
  const added = [];
  while (during.length < 20 && !over) {
    during.push(await said());
    if (during.length % 10 === 5) added.push((await worker.addExample(grey(), 'a')).id);
  }
  const went = !over;
  // Another run takes its place, and what was added meanwhile takes part.
  const next = await worker.train({...settings, seed: 7});
  const {outcome, examples} = await long;
  const {examples: taught} = await worker.head();
  return {before, during, went, after: await said(), added, outcome, examples, next, taught: taught.length};
}
"""


@pytest.fixture(scope="module", params=[2_000, pytest.param(10_000, marks=pytest.mark.long)])
def many(request: pytest.FixtureRequest) -> int:
    """How many examples there are."""
    count: int = request.param
    return count


@pytest.fixture(scope="module")
def taught(many: int, url: str, chromium: Any) -> Iterator[Page]:
    """A page whose worker was started, which `TEACH_JS` teaches examples."""
    with chromium(camera=False) as visit:
        pages.open_module(visit.page, url)
        yield visit.page
        assert visit.complaints == []


def test_predictions_and_photos_go_on_while_thousands_of_examples_train(taught: Page, many: int) -> None:
    taught.evaluate(TEACH_JS, many)
    found = taught.evaluate(DURING_JS)
    assert found["went"], "a thousand epochs outlast twenty answers"
    assert len(found["during"]) == 20
    assert set(found["during"]) == {found["before"]}
    assert found["after"] != found["before"]
    assert len(found["added"]) == 2, "photos can be added meanwhile"
    assert (found["outcome"], found["examples"]) == ("stopped", many), "they wait for the next run"
    assert found["next"]["outcome"] == "trained"
    assert found["next"]["examples"] == found["taught"] == many + 2
    assert taught.evaluate("async () => (await window.worker.memory()).examples") == many + 2


def test_a_run_can_be_stopped_at_once_and_a_newer_one_takes_its_place(taught: Page, many: int) -> None:
    taught.evaluate(TEACH_JS, many)
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


def until_rest(page: Page) -> None:
    """Wait until nothing trains, and nothing has begun to by itself some answers later."""
    page.wait_for_function("() => window.calls.every(({name, open}) => name !== 'train' || !open)")
    calls.further(page, "predict")


def test_changes_during_a_run_are_gathered_into_one_next_run(url: str, chromium: Any) -> None:
    with chromium() as visit:
        page = visit.page
        calls.watch(page)
        pages.open_ready(page, url, live=True)
        expect(page.get_by_role("button", name="Stop camera")).to_be_visible()
        # A run goes on for as long as the page has not heard of its end.
        calls.hold(page, "train")
        pages.take(page, "Class 1")
        assert calls.of(page, "train") == [], "one class is not enough"
        pages.take(page, "Class 2")
        calls.until(page, "train", 1)
        for name in ("Class 1", "Class 2", "Class 1"):
            pages.take(page, name)
        assert [call["open"] for call in calls.of(page, "train")] == [True], "the first run still goes on"
        calls.let_go(page, "train")
        calls.until(page, "train", 2)
        calls.further(page, "predict", 5)  # the head there was predicts meanwhile
        assert [call["open"] for call in calls.of(page, "train")] == [False, True]
        calls.let_go(page, "train", all_=True)
        until_rest(page)
        trained = calls.of(page, "train")
        assert len(trained) == 2, "three changes, one run"
        assert [call["beside"] for call in trained] == [0, 0], "one at a time"
        assert max(call["beside"] for call in calls.of(page, "predict")) == 0, "one frame in flight"
        assert visit.complaints == []


def test_with_live_off_only_train_trains(url: str, chromium: Any) -> None:
    with chromium() as visit:
        page = visit.page
        calls.watch(page)
        pages.open_ready(page, url, live=True)
        page.get_by_role("switch", name="Live").uncheck()
        expect(page.get_by_role("button", name="Stop camera")).to_be_visible()
        pages.take(page, "Class 1")
        # Of what a photo might set off, the next ones hear: they come after it.
        pages.take(page, "Class 2", 3)
        assert calls.of(page, "train") == []
        assert calls.of(page, "predict") == [], "nothing to ask yet"
        page.get_by_role("button", name="Train", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("Trained on 4 photos")
        until_rest(page)
        pages.take(page, "Class 2")
        calls.further(page, "predict")
        assert len(calls.of(page, "train")) == 1
        page.get_by_role("switch", name="Live").check()
        calls.until(page, "train", 2)
        until_rest(page)
        assert len(calls.of(page, "train")) == 2
        assert visit.complaints == []
