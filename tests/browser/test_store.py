"""What the page keeps in a browser: `src/store` alone, on a page of its own, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser import pages
from tests.browser.pages import Opened
from tests.browser.stores import NOTHING, tab
from tests.support.browsers import Visit


def test_what_is_kept_comes_back_bit_for_bit(opened_store: Opened) -> None:
    with opened_store() as page:
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


def test_several_projects_are_listed_changed_and_removed(opened_store: Opened) -> None:
    with opened_store() as page:
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


def test_calls_take_effect_in_their_order(opened_store: Opened) -> None:
    with opened_store() as page:
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


def test_a_failure_changes_nothing_and_the_next_call_works(opened_store: Opened) -> None:
    with opened_store() as page:
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
def test_a_photo_that_lost_its_content_is_not_passed_over(opened_store: Opened, photos: int) -> None:
    with opened_store() as page:
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


def test_a_database_of_a_newer_version_is_left_alone(opened_store: Opened) -> None:
    with opened_store() as page:
        told = page.evaluate(
            """async () => {
              const id = await (await kept.openStore()).create(doc('Mine'));
              const newer = [...kept.MIGRATIONS, (database) => database.createObjectStore('more')];
              (await kept.openDatabase('onthefly', newer, () => {})).database.close();
              return [await code(kept.openStore()), await records()];
            }"""
        )
        assert told == ["StoreError newer", {**NOTHING, "docs": 1, "more": 0, "projects": 1}]


def test_an_upgrade_closes_older_tabs_and_keeps_what_they_kept(browser: Browser, store_url: str) -> None:
    context = browser.new_context()
    with tab(context, store_url) as older, tab(context, store_url) as newer:
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


def test_a_tab_that_stands_in_the_way_of_an_upgrade_is_told(opened_store: Opened) -> None:
    with opened_store() as page:
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


def test_a_second_tab_knows_which_project_is_open(browser: Browser, store_url: str) -> None:
    context = browser.new_context()
    first, second = Visit(context.new_page()), Visit(context.new_page())
    for visit in (first, second):
        visit.page.goto(store_url)
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


def test_where_a_browser_has_no_locks_every_claim_is_granted(opened_store: Opened) -> None:
    with opened_store("delete Navigator.prototype.locks") as page:
        assert page.evaluate("async () => (await kept.openStore()).claim('a')") is True


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
    count: int, opened_store: Opened
) -> None:
    with opened_store(SPY_JS) as page:
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
