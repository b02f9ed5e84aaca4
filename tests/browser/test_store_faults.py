"""Where a browser keeps nothing, has no room or loses what it was given, the store says so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from onthefly_studio.validate.chromium import LAUNCH_ARGS, find_browser, launch_options
from tests.browser.pages import Opened
from tests.browser.stores import STORED_PICTURES, tab
from tests.support.patience import wait_until


@pytest.mark.parametrize(
    "script",
    [
        "Object.defineProperty(window, 'indexedDB', {value: undefined})",
        "Object.defineProperty(window, 'indexedDB', {get() { throw new DOMException('', 'SecurityError') }})",
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); }",
    ],
    ids=["absent", "forbidden to look", "forbidden to open"],
)
def test_a_browser_without_storage_refuses(opened_store: Opened, script: str) -> None:
    with opened_store(script) as page:
        assert page.evaluate("() => code(kept.openStore())") == "StoreError refused"


def test_a_frame_that_belongs_to_nobody_is_refused(opened_store: Opened, store_url: str) -> None:
    with opened_store() as page:
        page.set_content(f'<iframe sandbox="allow-scripts" src="{store_url}"></iframe>')
        frame = page.frames[1]
        frame.wait_for_load_state()
        assert frame.evaluate("() => code(kept.openStore())") == "StoreError refused"


def test_a_visitor_who_blocks_site_data_is_told(playwright: Any, store_url: str, tmp_path: Path) -> None:
    preferences = tmp_path / "Default" / "Preferences"
    preferences.parent.mkdir()
    # The setting "Don't allow sites to save data on your device".
    preferences.write_text(json.dumps({"profile": {"default_content_setting_values": {"cookies": 2}}}))
    context = playwright.chromium.launch_persistent_context(tmp_path, **launch_options())
    try:
        with tab(context, store_url) as page:
            assert page.evaluate("() => code(kept.openStore())") == "StoreError refused"
    finally:
        context.close()


def test_a_full_disk_is_told_and_costs_nothing_that_was_kept(opened_store: Opened, store_url: str) -> None:
    origin = store_url.rstrip("/")
    with opened_store() as page:
        storage = page.context.new_cdp_session(page)
        storage.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 2_000_000})
        project = page.evaluate(
            """async () => {
              window.store = await kept.openStore();
              await store.create(doc('Another'));
              const id = await store.create(doc('Mine'));
              await store.putExamples(id, series(1, 4));
              await store.saveHead(id, head());
              return id;
            }"""
        )
        put = "(id) => code(store.putExamples(id, series(10, 60, 'c0', {size: 100_000})))"
        assert page.evaluate(put, project) == "StoreError full"
        assert page.evaluate("async (id) => idsOf(await store.load(id))", project) == [1, 2, 3]
        counts = "async () => (await store.projects()).map(({examples}) => examples).sort()"
        assert page.evaluate(counts) == [0, 3]
        assert page.evaluate("(id) => code(store.rename(id, 'Renamed'))", project) == "StoreError full"
        # Whoever wants to make room can.
        rid = page.evaluate(
            """async (id) => {
              const other = (await store.projects()).find((info) => info.id !== id).id;
              const codes = await Promise.all([
                store.removeExamples(id, [1]), store.saveHead(id, null), store.remove(other),
                store.removeExamples('removed elsewhere', [1]),
              ].map(code));
              const [info] = await store.projects();
              return [codes, info.examples, info.bytes, await records()];
            }""",
            project,
        )
        assert rid[0] == ["kept"] * 3 + ["StoreError missing"]
        assert rid[1:3] == [2, 2 * (1024 * 4 + 300)]
        assert rid[3] == {"projects": 1, "docs": 1, "heads": 0, "examples": 2, "contents": 2}
        storage.send("Storage.overrideQuotaForOrigin", {"origin": origin})
        assert page.evaluate(put, project) == "kept"
        assert page.evaluate("async (id) => (await store.load(id)).examples.length", project) == 52
        room = page.evaluate("() => store.estimate()")
        assert 0 < room["usage"] < room["quota"]


def test_a_visitor_may_have_the_browser_promise_to_keep_it(opened_store: Opened, store_url: str) -> None:
    with opened_store() as page:
        persist = "async () => (await kept.openStore()).persist()"
        assert page.evaluate(persist) is False
        target = page.context.new_cdp_session(page).send("Target.getTargetInfo")["targetInfo"]
        page.context.browser.new_browser_cdp_session().send(
            "Browser.setPermission",
            {
                "permission": {"name": "persistent-storage"},
                "setting": "granted",
                "origin": store_url,
                "browserContextId": target["browserContextId"],
            },
        )
        assert page.evaluate(persist) is True


def test_no_room_at_all_is_told(opened_store: Opened, store_url: str) -> None:
    with opened_store() as page:
        storage = page.context.new_cdp_session(page)
        storage.send("Storage.overrideQuotaForOrigin", {"origin": store_url.rstrip("/"), "quotaSize": 1})
        told = page.evaluate("() => code(kept.openStore().then((store) => store.create(doc('Mine'))))")
        assert told == "StoreError full"
        storage.detach()  # with the session ends the limit, and not at some moment of the next test


FULL_ONCE_JS = """
const put = IDBObjectStore.prototype.put;
IDBObjectStore.prototype.put = function (value, ...key) {
  if (value.picture) {
    IDBObjectStore.prototype.put = put;
    throw new DOMException('no room', 'QuotaExceededError');
  }
  return put.call(this, value, ...key);
};
"""


def test_a_full_disk_at_the_first_photo_says_nothing_of_blobs(opened_store: Opened) -> None:
    with opened_store(FULL_ONCE_JS) as page:
        told = page.evaluate(
            """async () => {
              const store = await kept.openStore();
              const id = await store.create(doc('Mine'));
              const codes = [await code(store.putExamples(id, series(1, 4)))];
              return [...codes, await code(store.putExamples(id, series(1, 4)))];
            }"""
        )
        assert told == ["StoreError full", "kept"]
        assert page.evaluate(STORED_PICTURES) == ["Blob"] * 3


@pytest.mark.parametrize("again", [0, 1, *(pytest.param(i, marks=pytest.mark.long) for i in range(2, 8))])
def test_data_that_is_cleared_under_an_open_page_is_told(
    opened_store: Opened, store_url: str, again: int
) -> None:
    """Several times: what a write is just doing when it happens is not the same each time."""
    with opened_store() as page:
        project = page.evaluate(
            """async () => {
              window.lost = [];
              window.store = await kept.openStore('onthefly', {onLost: (error) => lost.push(error.code)});
              const id = await store.create(doc('Mine'));
              await store.putExamples(id, series(1, 4));
              // Writes go on while the data is cleared: none may hang, and none may end in silence.
              window.ends = [];
              window.writing = (async () => {
                for (let next = 10; !ends.some((end) => end !== 'kept'); next++) {
                  ends.push(await code(store.putExamples(id, [example(next)])));
                }
              })();
              return id;
            }"""
        )
        storage = page.context.new_cdp_session(page)
        storage.send(
            "Storage.clearDataForOrigin", {"origin": store_url.rstrip("/"), "storageTypes": "indexeddb"}
        )
        page.evaluate("() => writing")
        page.wait_for_function("() => lost.length")
        assert page.evaluate("() => lost") == ["closed"]
        assert page.evaluate("() => ends.filter((end) => end !== 'kept')") == ["StoreError closed"]
        assert page.evaluate("(id) => code(store.load(id))", project) == "StoreError closed"
        assert page.evaluate("async () => (await kept.openStore()).projects()") == []


ENDLESS_JS = """
// A transaction that never ends: in Chromium, one that begins just when the browser closes the connection.
const transaction = IDBDatabase.prototype.transaction;
IDBDatabase.prototype.transaction = function (...given) {
  const made = transaction.apply(this, given);
  if (window.endless) {
    window.database = this;
    const goOn = () => { made.objectStore(made.objectStoreNames[0]).count().onsuccess = goOn; };
    goOn();
  }
  return made;
};
"""


def test_a_write_that_the_browser_forgets_is_told(opened_store: Opened) -> None:
    with opened_store(ENDLESS_JS) as page:
        told = page.evaluate(
            """async () => {
              const lost = [];
              const store = await kept.openStore('onthefly', {onLost: (error) => lost.push(error.code)});
              const id = await store.create(doc('Mine'));
              window.endless = true;
              const writing = code(store.rename(id, 'Renamed'));
              while (!window.database) await new Promise((resolve) => setTimeout(resolve));
              window.database.dispatchEvent(new Event('close'));
              return [await writing, lost];
            }"""
        )
        assert told == ["StoreError closed", ["closed"]]


def test_another_tab_may_delete_everything(opened_store: Opened) -> None:
    with opened_store() as page:
        told = page.evaluate(
            """async () => {
              const lost = [];
              const store = await kept.openStore('onthefly', {onLost: (error) => lost.push(error.code)});
              await store.create(doc('Mine'));
              await withoutHelp(indexedDB.deleteDatabase('onthefly'));
              return [lost, await code(store.projects()), (await (await kept.openStore()).projects()).length];
            }"""
        )
        assert told == [["closed"], "StoreError closed", 0]


NO_BLOBS_JS = """
// As Safari in a private window.
const put = IDBObjectStore.prototype.put;
IDBObjectStore.prototype.put = function (value, ...key) {
  if (Object.values(value).some((each) => each instanceof Blob)) {
    throw new DOMException('no blobs', 'DataCloneError');
  }
  return put.call(this, value, ...key);
};
"""


@pytest.mark.parametrize("blobs", [True, False], ids=["blobs", "no blobs"])
def test_pictures_are_blobs_where_the_browser_keeps_them(opened_store: Opened, blobs: bool) -> None:
    with opened_store("" if blobs else NO_BLOBS_JS) as page:
        told = page.evaluate(
            """async () => {
              const store = await kept.openStore();
              const id = await store.create(doc('Mine'));
              await store.putExamples(id, series(1, 4));
              await store.putExamples(id, [example(4)]);
              const {examples} = await store.load(id);
              const [{bytes}] = await store.projects();
              return [examples.length, await faults(examples), bytes, await records()];
            }"""
        )
        assert told[:3] == [4, [], 4 * (1024 * 4 + 300)]
        assert told[3]["contents"] == 4, "what was tried left no trace"
        assert page.evaluate(STORED_PICTURES) == ["Blob" if blobs else "ArrayBuffer"] * 4


@contextmanager
def a_browser_to_kill(playwright: Any, profile: Path) -> Iterator[tuple[Any, Callable[[], None]]]:
    """A Chromium of our own with this profile, and what ends it as a crash or a dead battery would."""
    program = find_browser()
    assert program is not None
    command = [
        program,
        "--headless=new",
        "--remote-debugging-port=0",
        "--password-store=basic",
        f"--user-data-dir={profile}",
        *LAUNCH_ARGS,
    ]
    process = subprocess.Popen(
        [*map(str, command), "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

    def kill() -> None:
        if sys.platform == "win32":
            process.kill()
        else:  # with all of its processes
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    try:
        port = profile / "DevToolsActivePort"
        lines = wait_until(
            lambda: port.exists() and len(read := port.read_text().splitlines()) == 2 and read,
            "Chromium says where it is driven",
            alive=lambda: process.poll() is None,
        )
        assert lines
        number = lines[0]
        yield playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{number}"), kill
    finally:
        if process.poll() is None:
            kill()


def test_what_was_kept_outlives_a_killed_browser(playwright: Any, store_url: str, tmp_path: Path) -> None:
    acknowledged: list[int] = []
    with a_browser_to_kill(playwright, tmp_path) as (browser, kill):
        page = browser.contexts[0].new_page()
        page.goto(store_url)
        page.expose_function("acknowledge", lambda example: acknowledged.append(example))
        project = page.evaluate(
            """async () => {
              window.store = await kept.openStore();
              const id = await store.create(doc('Recording'));
              await store.saveHead(id, head());
              return id;
            }"""
        )
        page.evaluate(
            """(id) => {
              // Recording goes on until the end, several photos at a time.
              (async () => {
                for (let next = 1; ; next++) {
                  store.putExamples(id, [example(next)]).then(() => acknowledge(next));
                  if (next % 4 === 0) await store.rename(id, `Recording ${next}`);
                }
              })();
            }""",
            project,
        )
        wait_until(lambda: page.evaluate("true") and len(acknowledged) >= 40, "forty photos are kept")
        kill()
    context = playwright.chromium.launch_persistent_context(tmp_path, **launch_options())
    try:
        with tab(context, store_url) as page:
            told = page.evaluate(
                """async (id) => {
                  const store = await kept.openStore();
                  const {examples, doc, head: kernel} = await store.load(id);
                  const [info] = await store.projects();
                  return {ids: idsOf({examples}), faults: await faults(examples), counted: info.examples,
                    name: doc.name, listed: info.name, head: [...kernel.kernel2]};
                }""",
                project,
            )
    finally:
        context.close()
    assert len(acknowledged) >= 40
    assert set(acknowledged) <= set(told["ids"])
    assert told["ids"] == list(range(1, len(told["ids"]) + 1)), "no photo was overtaken by a later one"
    assert told["faults"] == []
    assert told["counted"] == len(told["ids"])
    assert told["name"] == told["listed"]
    assert told["name"].startswith("Recording ")
    assert told["head"] == [5, 6, 7, 8]
