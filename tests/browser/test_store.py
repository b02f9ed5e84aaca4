"""What the page keeps in a browser: `src/store` alone, on a page of its own, in a real Chromium."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from onthefly_studio.site.assets import TEMPLATE_ROOT
from onthefly_studio.site.server import SiteServer
from onthefly_studio.validate.chromium import LAUNCH_ARGS, find_browser, launch_options
from tests.browser import pages
from tests.conftest import Visit
from tests.support.patience import wait_until

ENTRY = """
export { openStore } from './src/store/store.ts';
export { MIGRATIONS, openDatabase } from './src/store/database.ts';
"""

HELPERS = """
'use strict';
const BACKBONE = {modelHash: '0123456789abcdef', name: 'A backbone', features: 1024};
const doc = (name, classes = ['Cup', 'Hand']) =>
  ({
    name, classes: classes.map((each, i) => ({id: `c${i}`, name: each})), backbone: BACKBONE,
    settings: {seed: 7},
  });

// An example whose every bit follows from its id; NaNs and subnormal numbers are among the features.
function example(id, classId = 'c0', {width = 1024, size = 300} = {}) {
  const bits = Uint32Array.from({length: width}, (_, i) => Math.imul(id * 7919 + i, 2654435761));
  const bytes = Uint8Array.from({length: size}, (_, i) => (id * 31 + i * 17) & 255);
  const picture = new Blob([bytes], {type: 'image/jpeg'});
  return {id, classId, features: new Float32Array(bits.buffer), picture};
}
const series = (from, to, ...rest) => Array.from({length: to - from}, (_, i) => example(from + i, ...rest));
const head = () => ({
  classes: ['c0', 'c1'], settings: {hidden: 2, epochs: 1, batch: 5, rate: 0.001, seed: 7}, examples: [1, 2],
  history: [{epoch: 1, epochs: 1, loss: 0.5, accuracy: 1}],
  trace: {losses: [0.5], norms: [[1, 0, 1, 0], [1, 0, 1, 0]]},
  shape: {features: 2, hidden: 2, classes: 2},
  kernel1: new Float32Array([1, -0, 1e-45, 4]), bias1: new Float32Array(2),
  kernel2: new Float32Array([5, 6, 7, 8]), bias2: new Float32Array([9, 9, 1, 2, 9]).subarray(2, 4),
});
const equalBytes = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);
const bytesOf = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

// Whether an example that was read is the one of its id, bit for bit; else what is wrong with it.
async function fault(read, expected = example(read.id, read.classId)) {
  if (!(read.features instanceof Float32Array)) return 'features are no floats';
  if (!equalBytes(bytesOf(read.features), bytesOf(expected.features))) return 'features';
  if (read.features.buffer.byteLength !== read.features.byteLength) return 'features drag a buffer along';
  if (read.picture.type !== 'image/jpeg') return 'type of the picture';
  const [a, b] = await Promise.all([read.picture, expected.picture].map((blob) => blob.arrayBuffer()));
  return equalBytes(new Uint8Array(a), new Uint8Array(b)) ? null : 'bytes of the picture';
}
const faults = async (examples) => (await Promise.all(examples.map((each) => fault(each)))).filter(Boolean);

// What a call's failure says; 'kept' where it did not fail.
const code = (promise) => promise.then(() => 'kept', (error) => `${error.name} ${error.code}`);
const idsOf = ({examples}) => examples.map(({id}) => id);
const withoutHelp = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
// How many records each object store of the database holds, by the browser's own interface.
async function records(name = 'onthefly') {
  const database = await withoutHelp(indexedDB.open(name));
  const counts = {};
  for (const store of database.objectStoreNames) {
    counts[store] = await withoutHelp(database.transaction(store).objectStore(store).count());
  }
  database.close();
  return counts;
}
"""

NOTHING = {"projects": 0, "docs": 0, "heads": 0, "examples": 0, "contents": 0}

Opened = Callable[..., AbstractContextManager[Page]]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, serving: Callable[[Path], SiteServer]) -> str:
    """The address of a page that has the store and what the tests do with it, and nothing else."""
    folder = tmp_path_factory.mktemp("store")
    esbuild = TEMPLATE_ROOT / "node_modules" / "esbuild" / "bin" / "esbuild"
    options = ["--bundle", "--format=iife", "--global-name=kept", "--target=es2022", "--log-level=warning"]
    subprocess.run(
        [esbuild, *options, f"--outfile={folder / 'store.js'}"],
        input=ENTRY,
        text=True,
        cwd=TEMPLATE_ROOT,
        check=True,
    )
    (folder / "helpers.js").write_text(HELPERS)
    scripts = '<script src="store.js"></script><script src="helpers.js"></script>'
    (folder / "index.html").write_text(
        f'<!doctype html><link rel="icon" href="data:,"><title>Store</title>{scripts}'
    )
    return serving(folder).url


@pytest.fixture(scope="module")
def browser(chromium: Any) -> Iterator[Browser]:
    """One browser for the tests here; each has a context, and so a storage, of its own."""
    with chromium(camera=False) as visit:
        yield visit.page.context.browser


@pytest.fixture
def opened(browser: Browser, url: str) -> Opened:
    """Opens the page in a context of its own, and afterwards demands that nothing was complained of."""

    @contextmanager
    def open_page(script: str = "") -> Iterator[Page]:
        context = browser.new_context()
        try:
            with tab(context, url, script) as page:
                yield page
        finally:
            context.close()

    return open_page


@contextmanager
def tab(context: BrowserContext, url: str, script: str = "") -> Iterator[Page]:
    visit = Visit(context.new_page())
    if script:
        visit.page.add_init_script(script)
    visit.page.goto(url)
    yield visit.page
    assert visit.complaints == []
    visit.page.close()


def test_what_is_kept_comes_back_bit_for_bit(opened: Opened) -> None:
    with opened() as page:
        project = page.evaluate(
            """async () => {
              const store = await kept.openStore();
              const id = await store.create(doc('Mine'));
              // A part of a larger array, which the caller then uses for something else.
              const large = new Float32Array(4096);
              const [first, ...others] = series(1, 8);
              large.set(first.features, 512);
              const part = {...first, features: large.subarray(512, 1536)};
              const writing = store.putExamples(id, [part, ...others]);
              large.fill(1);
              const changing = {...doc('Mine'), open: true};
              const saving = store.saveDoc(id, changing);
              changing.open = false;
              await Promise.all([writing, saving, store.saveHead(id, head())]);
              await store.close();
              return id;
            }"""
        )
        page.reload()
        read = page.evaluate(
            """async (id) => {
              const store = await kept.openStore();
              const read = await store.load(id);
              const {kernel1, bias1, kernel2, bias2, ...rest} = read.head;
              const expected = head();
              const tensors = ['kernel1', 'bias1', 'kernel2', 'bias2'].map((name) => {
                const [a, b] = [read.head[name], expected[name]];
                return [equalBytes(bytesOf(a), bytesOf(b)), a.buffer.byteLength];
              });
              for (const name of ['kernel1', 'bias1', 'kernel2', 'bias2']) delete expected[name];
              return {
                ids: idsOf(read), classes: read.examples.map(({classId}) => classId), doc: read.doc,
                faults: await faults(read.examples), tensors, rest, expected,
                none: await store.load('no such id'),
              };
            }""",
            project,
        )
        assert read["ids"] == [1, 2, 3, 4, 5, 6, 7]
        assert set(read["classes"]) == {"c0"}
        assert read["faults"] == []
        assert read["doc"]["open"] is True
        assert read["doc"]["settings"] == {"seed": 7}
        assert read["tensors"] == [[True, 16], [True, 8], [True, 16], [True, 8]]
        assert read["rest"] == read["expected"]
        assert read["none"] is None


def test_several_projects_are_listed_changed_and_removed(opened: Opened) -> None:
    with opened() as page:
        told = page.evaluate(
            """async () => {
              const store = await kept.openStore();
              const later = async () => { for (const now = Date.now(); Date.now() === now;) await null; };
              const list = async () => (await store.projects()).map((info) => {
                const {id, updated, ...rest} = info;
                return rest;
              });
              const names = async () => (await store.projects()).map(({name}) => name);
              const told = {empty: await list()};
              const a = await store.create(doc('A'));
              await later();
              const b = await store.create(doc('B', ['Left', 'Right', 'Up']));
              told.both = await list();
              await later();
              await store.putExamples(a, series(1, 4));
              await later();
              await store.saveHead(b, head());
              told.b_changed_last = await names();
              told.filled = await list();
              await later();
              // Two again, one of them larger; and one new.
              await store.putExamples(a, [...series(2, 4, 'c1', {size: 500}), example(9)]);
              await store.assignExamples(a, [{id: 1, classId: 'c1'}, {id: 9, classId: null}]);
              await store.removeExamples(a, [2, 2, 77]);
              await store.rename(a, 'Another');
              told.changed = await list();
              const read = await store.load(a);
              told.doc = read.doc;
              told.examples = read.examples.map(({id, classId}) => [id, classId]);
              told.faults = [await fault(read.examples[0]), await fault(read.examples[2]),
                await fault(read.examples[1], example(3, 'c1', {size: 500}))];
              await store.saveHead(b, null);
              told.without_head = [(await store.load(b)).head, (await list())[0]];
              await store.saveDoc(b, {...doc('B'), classes: ['Only']});
              told.plain_names = (await list())[0].classes;
              await store.putExamples(b, series(1, 3));
              await store.saveHead(b, head());
              await store.remove(a);
              told.left = [await names(), await store.load(a), idsOf(await store.load(b)), await records()];
              await store.remove(b);
              await store.remove(b);
              told.nothing = [await list(), await records()];
              return told;
            }"""
        )
        backbone = {"modelHash": "0123456789abcdef", "name": "A backbone"}
        each = 1024 * 4 + 300
        a = {"name": "A", "classes": ["Cup", "Hand"], "backbone": backbone, "examples": 0, "bytes": 0}
        b = {**a, "name": "B", "classes": ["Left", "Right", "Up"]}
        assert told["empty"] == []
        assert told["both"] == [b, a], "the last changed comes first"
        assert told["b_changed_last"] == ["B", "A"]
        assert told["filled"] == [{**b, "bytes": 48}, {**a, "examples": 3, "bytes": 3 * each}]
        assert told["changed"][0] == {**a, "name": "Another", "examples": 3, "bytes": 3 * each + 200}
        assert told["doc"]["name"] == "Another"
        assert told["doc"]["settings"] == {"seed": 7}
        assert told["examples"] == [[1, "c1"], [3, "c1"], [9, None]]
        assert told["faults"] == [None, None, None]
        assert told["without_head"] == [None, {**b, "bytes": 0}]
        assert told["plain_names"] == ["Only"]
        counts = {"projects": 1, "docs": 1, "heads": 1, "examples": 2, "contents": 2}
        assert told["left"] == [["B"], None, [1, 2], counts]
        assert told["nothing"] == [[], NOTHING]


def test_calls_take_effect_in_their_order(opened: Opened) -> None:
    with opened() as page:
        told = page.evaluate(
            """async () => {
              const store = await kept.openStore();
              const id = await store.create(doc('Mine'));
              // Ids fall, as when Undo brings an older photo back; nothing is awaited in between.
              const calls = [];
              for (const each of series(1, 40).reverse()) calls.push(store.putExamples(id, [each]));
              calls.push(store.removeExamples(id, [5, 6]));
              calls.push(store.putExamples(id, [example(5, 'c1')]));
              calls.push(store.assignExamples(id, [{id: 5, classId: 'c0'}, {id: 7, classId: 'c1'}]));
              calls.push(store.rename(id, 'First'), store.rename(id, 'Second'));
              const read = store.load(id);
              calls.push(store.removeExamples(id, [1]), store.rename(id, 'Third'));
              const closing = store.close();
              const late = store.rename(id, 'Too late');
              await Promise.all(calls);
              const {doc: {name}, examples} = await read;
              await closing;
              const again = await (await kept.openStore()).load(id);
              return {
                name, examples: examples.map(({id, classId}) => [id, classId]),
                late: await code(late), again: [again.doc.name, again.examples.length],
              };
            }"""
        )
        expected = [[id, "c1" if id == 7 else "c0"] for id in range(1, 40) if id != 6]
        assert told["name"] == "Second"
        assert told["examples"] == expected
        assert told["late"] == "StoreError closed"
        assert told["again"] == ["Third", 37]


def test_a_failure_changes_nothing_and_the_next_call_works(opened: Opened) -> None:
    with opened() as page:
        told = page.evaluate(
            """async () => {
              const store = await kept.openStore();
              const id = await store.create(doc('Mine'));
              await store.putExamples(id, series(1, 4));
              const before = await records();
              const detached = example(9);
              structuredClone(detached.features, {transfer: [detached.features.buffer]});
              const codes = await Promise.all([
                store.assignExamples(id, [{id: 1, classId: 'c1'}, {id: 77, classId: 'c1'}]),
                store.putExamples('removed elsewhere', series(1, 4)),
                store.saveDoc('removed elsewhere', doc('Mine')),
                store.saveHead('removed elsewhere', head()),
                store.saveDoc(id, {...doc('Mine'), call: () => {}}),
                store.putExamples(id, [example(8), {...example(9), classId: Symbol('no class')}]),
                store.putExamples(id, [example(8), detached]),
                store.rename(id, 'Renamed'),
              ].map(code));
              const read = await store.load(id);
              return {codes, unchanged: JSON.stringify(before) === JSON.stringify(await records()),
                name: read.doc.name, examples: read.examples.map(({id, classId}) => [id, classId]),
                counted: (await store.projects())[0].examples};
            }"""
        )
        assert told["codes"] == ["StoreError missing"] * 4 + ["StoreError failed"] * 3 + ["kept"]
        assert told["unchanged"]
        assert told["name"] == "Renamed"
        assert told["examples"] == [[1, "c0"], [2, "c0"], [3, "c0"]]
        assert told["counted"] == 3


@pytest.mark.parametrize("photos", [3, 300], ids=["read at once", "read in parts"])
def test_a_photo_that_lost_its_content_is_not_passed_over(opened: Opened, photos: int) -> None:
    with opened() as page:
        told = page.evaluate(
            """async (photos) => {
              const store = await kept.openStore();
              const id = await store.create(doc('Mine'));
              await store.putExamples(id, series(1, photos + 1));
              const database = await withoutHelp(indexedDB.open('onthefly'));
              const contents = database.transaction('contents', 'readwrite').objectStore('contents');
              await withoutHelp(contents.delete([id, 2]));
              database.close();
              return code(store.load(id));
            }""",
            photos,
        )
        assert told == "StoreError failed"


def test_a_database_of_a_newer_version_is_left_alone(opened: Opened) -> None:
    with opened() as page:
        told = page.evaluate(
            """async () => {
              const id = await (await kept.openStore()).create(doc('Mine'));
              const newer = [...kept.MIGRATIONS, (database) => database.createObjectStore('more')];
              (await kept.openDatabase('onthefly', newer, () => {})).database.close();
              return [await code(kept.openStore()), await records()];
            }"""
        )
        assert told == ["StoreError newer", {**NOTHING, "docs": 1, "more": 0, "projects": 1}]


def test_an_upgrade_closes_older_tabs_and_keeps_what_they_kept(browser: Browser, url: str) -> None:
    context = browser.new_context()
    with tab(context, url) as older, tab(context, url) as newer:
        project = older.evaluate(
            """async () => {
              window.lost = [];
              window.store = await kept.openStore('onthefly', {onLost: (error) => lost.push(error.code)});
              const id = await store.create(doc('Mine'));
              await store.putExamples(id, series(1, 4));
              return id;
            }"""
        )
        upgrade = """
            async (name) => {
              // Renames every project, as a migration might.
              const migration = (database, transaction) => {
                const projects = transaction.objectStore('projects');
                projects.getAll().then((all) => {
                  for (const each of all) projects.put({...each, name: 'Migrated'});
                });
              };
              const {database} = await kept.openDatabase(name, [...kept.MIGRATIONS, migration], () => {});
              const [{name: renamed}] = await database.getAll('projects');
              const kinds = [...database.objectStoreNames];
              database.close();
              return [renamed, kinds];
            }"""
        assert newer.evaluate(upgrade, "onthefly") == ["Migrated", sorted(NOTHING)]
        assert older.evaluate("() => lost") == ["closed"]
        assert older.evaluate("(id) => code(store.rename(id, 'Lost'))", project) == "StoreError closed"
        assert older.evaluate("(id) => code(store.load(id))", project) == "StoreError closed"
        assert older.evaluate("() => code(kept.openStore())") == "StoreError newer"
    context.close()


def test_a_tab_that_stands_in_the_way_of_an_upgrade_is_told(opened: Opened) -> None:
    with opened() as page:
        told = page.evaluate(
            """async () => {
              const id = await (await kept.openStore()).create(doc('Mine'));
              const stubborn = await withoutHelp(indexedDB.open('onthefly'));  // it never listens
              const newer = [...kept.MIGRATIONS, () => {}];
              let lost = 0;
              const blocked = await code(kept.openDatabase('onthefly', newer, () => lost++));
              stubborn.close();
              // The upgrade that nobody waits for any more leaves no connection behind to block the next.
              const {database} = await kept.openDatabase('onthefly', [...newer, () => {}], () => {});
              const count = await database.count('projects');
              database.close();
              return [blocked, count, database.version, lost];
            }"""
        )
        assert told == ["StoreError blocked", 1, 3, 0]


@pytest.mark.parametrize(
    "script",
    [
        "Object.defineProperty(window, 'indexedDB', {value: undefined})",
        "Object.defineProperty(window, 'indexedDB', {get() { throw new DOMException('', 'SecurityError') }})",
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); }",
    ],
    ids=["absent", "forbidden to look", "forbidden to open"],
)
def test_a_browser_without_storage_refuses(opened: Opened, script: str) -> None:
    with opened(script) as page:
        assert page.evaluate("() => code(kept.openStore())") == "StoreError refused"


def test_a_frame_that_belongs_to_nobody_is_refused(opened: Opened, url: str) -> None:
    with opened() as page:
        page.set_content(f'<iframe sandbox="allow-scripts" src="{url}"></iframe>')
        frame = page.frames[1]
        frame.wait_for_load_state()
        assert frame.evaluate("() => code(kept.openStore())") == "StoreError refused"


def test_a_visitor_who_blocks_site_data_is_told(playwright: Any, url: str, tmp_path: Path) -> None:
    preferences = tmp_path / "Default" / "Preferences"
    preferences.parent.mkdir()
    # The setting "Don't allow sites to save data on your device".
    preferences.write_text(json.dumps({"profile": {"default_content_setting_values": {"cookies": 2}}}))
    context = playwright.chromium.launch_persistent_context(tmp_path, **launch_options())
    try:
        with tab(context, url) as page:
            assert page.evaluate("() => code(kept.openStore())") == "StoreError refused"
    finally:
        context.close()


def test_a_full_disk_is_told_and_costs_nothing_that_was_kept(opened: Opened, url: str) -> None:
    origin = url.rstrip("/")
    with opened() as page:
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


def test_a_visitor_may_have_the_browser_promise_to_keep_it(opened: Opened, url: str) -> None:
    with opened() as page:
        persist = "async () => (await kept.openStore()).persist()"
        assert page.evaluate(persist) is False
        target = page.context.new_cdp_session(page).send("Target.getTargetInfo")["targetInfo"]
        page.context.browser.new_browser_cdp_session().send(
            "Browser.setPermission",
            {
                "permission": {"name": "persistent-storage"},
                "setting": "granted",
                "origin": url,
                "browserContextId": target["browserContextId"],
            },
        )
        assert page.evaluate(persist) is True


def test_no_room_at_all_is_told(opened: Opened, url: str) -> None:
    with opened() as page:
        storage = page.context.new_cdp_session(page)
        storage.send("Storage.overrideQuotaForOrigin", {"origin": url.rstrip("/"), "quotaSize": 1})
        told = page.evaluate("() => code(kept.openStore().then((store) => store.create(doc('Mine'))))")
        assert told == "StoreError full"


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


def test_a_full_disk_at_the_first_photo_says_nothing_of_blobs(opened: Opened) -> None:
    with opened(FULL_ONCE_JS) as page:
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


STORED_PICTURES = """
async () => {
  const database = await withoutHelp(indexedDB.open('onthefly'));
  const contents = await withoutHelp(database.transaction('contents').objectStore('contents').getAll());
  database.close();
  return contents.map(({picture}) => picture instanceof Blob ? 'Blob' : picture.bytes.constructor.name);
}
"""


@pytest.mark.parametrize("again", [0, 1, *(pytest.param(i, marks=pytest.mark.long) for i in range(2, 8))])
def test_data_that_is_cleared_under_an_open_page_is_told(opened: Opened, url: str, again: int) -> None:
    """Several times: what a write is just doing when it happens is not the same each time."""
    with opened() as page:
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
        storage.send("Storage.clearDataForOrigin", {"origin": url.rstrip("/"), "storageTypes": "indexeddb"})
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


def test_a_write_that_the_browser_forgets_is_told(opened: Opened) -> None:
    with opened(ENDLESS_JS) as page:
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


def test_another_tab_may_delete_everything(opened: Opened) -> None:
    with opened() as page:
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


def test_a_second_tab_knows_which_project_is_open(browser: Browser, url: str) -> None:
    context = browser.new_context()
    first, second = Visit(context.new_page()), Visit(context.new_page())
    for visit in (first, second):
        visit.page.goto(url)
        visit.page.evaluate("async () => { window.store = await kept.openStore(); }")
    claim = "(id) => store.claim(id)"
    a, b = first.page.evaluate("async () => [await store.create(doc('A')), await store.create(doc('B'))]")
    assert first.page.evaluate("(id) => Promise.all([store.claim(id), store.claim(id)])", a) == [True, True]
    assert second.page.evaluate(claim, a) is False
    assert second.page.evaluate(claim, a) is False
    assert second.page.evaluate(claim, b) is True
    assert first.page.evaluate(claim, b) is False
    # Let go, given up with the project, and ended with the tab.
    first.page.evaluate("(id) => store.release(id)", a)
    assert second.page.evaluate(claim, a) is True
    second.page.evaluate("(id) => store.remove(id)", b)
    assert first.page.evaluate(claim, b) is True
    second.page.evaluate("() => store.close()")
    assert first.page.evaluate(claim, a) is True
    assert second.page.evaluate("async (id) => (await kept.openStore()).claim(id)", a) is False
    assert second.page.evaluate("async (id) => (await kept.openStore('another')).claim(id)", a) is True
    first.page.close()
    # A store of its own for all tries: each holds what it was given.
    second.page.evaluate("async () => { window.store = await kept.openStore(); }")
    pages.wait_for_promise(second.page, claim, "the claim of the tab that was closed", a)
    assert first.complaints + second.complaints == []
    context.close()


def test_where_a_browser_has_no_locks_every_claim_is_granted(opened: Opened) -> None:
    with opened("delete Navigator.prototype.locks") as page:
        assert page.evaluate("async () => (await kept.openStore()).claim('a')") is True


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
def test_pictures_are_blobs_where_the_browser_keeps_them(opened: Opened, blobs: bool) -> None:
    with opened("" if blobs else NO_BLOBS_JS) as page:
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


SPY_JS = """
// Counts the requests to IndexedDB, and keeps how transactions were asked for.
window.asked = {requests: 0, reads: [], durability: new Set()};
const READS = ['get', 'getKey', 'getAll', 'getAllKeys', 'getAllRecords', 'openCursor', 'openKeyCursor'];
for (const name of [...READS, 'count', 'put', 'add', 'delete', 'clear']) {
  if (!(name in IDBObjectStore.prototype)) continue;
  const real = IDBObjectStore.prototype[name];
  IDBObjectStore.prototype[name] = function (...given) {
    asked.requests++;
    if (name === 'getAll' && this.name !== 'projects') asked.reads.push(given[1]);
    return real.apply(this, given);
  };
}
const transaction = IDBDatabase.prototype.transaction;
IDBDatabase.prototype.transaction = function (...given) {
  const made = transaction.apply(this, given);
  if (made.mode === 'readwrite') asked.durability.add(made.durability);
  return made;
};
"""


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.long)])
def test_thousands_of_photos_load_and_one_more_costs_as_little_as_the_first(
    count: int, opened: Opened
) -> None:
    with opened(SPY_JS) as page:
        told = page.evaluate(
            """async (count) => {
              const store = await kept.openStore();
              const id = await store.create(doc('Many'));
              await store.putExamples(id, series(1, 101));
              const one = async (next) => {
                asked.requests = 0;
                await store.putExamples(id, [example(next, 'c1')]);
                return asked.requests;
              };
              const hundredth = await one(101);
              for (let from = 102; from < count; from += 500) {
                await store.putExamples(id, series(from, Math.min(from + 500, count)));
              }
              const last = await one(count);
              asked.reads = [];
              const progress = [];
              let turns = 0, loading = true;
              const channel = new MessageChannel();
              channel.port1.onmessage = () => { turns++; if (loading) channel.port2.postMessage(null); };
              channel.port2.postMessage(null);
              const {examples} = await store.load(id, (done, total) => progress.push([done, total]));
              loading = false;
              const {length} = examples;
              return {
                hundredth, last, length, turns, reads: Math.max(...asked.reads), progress,
                rising: examples.every(({id}, i) => id === i + 1),
                faults: await faults(examples.filter((_, i) => i % 97 === 0)),
                counted: (await store.projects())[0].examples,
                ones: examples.filter(({classId}) => classId === 'c1').map(({id}) => id),
                durability: [...asked.durability],
              };
            }""",
            count,
        )
        assert told["last"] == told["hundredth"] <= 6
        assert told["length"] == told["counted"] == count
        assert told["rising"]
        assert told["faults"] == []
        assert told["ones"] == [101, count]
        assert told["reads"] == 100, "it is read in parts"
        assert told["progress"] == [[done, count] for done in range(100, count + 1, 100)]
        assert told["turns"] > 10, "the page can do something else in between"
        assert told["durability"] == ["strict"], "what is kept has reached the disk"


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
        number = lines[0]
        yield playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{number}"), kill
    finally:
        if process.poll() is None:
            kill()


def test_what_was_kept_outlives_a_killed_browser(playwright: Any, url: str, tmp_path: Path) -> None:
    acknowledged: list[int] = []
    with a_browser_to_kill(playwright, tmp_path) as (browser, kill):
        page = browser.contexts[0].new_page()
        page.goto(url)
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
        with tab(context, url) as page:
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
