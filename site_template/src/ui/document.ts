// The document, which is what a visitor makes: classes with their photos, and the settings of training. Every change
// goes through here, so that it can be undone, reaches the worker, and is kept.
//
// A document is a plain value that shares its parts with the one before. Photos that no document mentions any more,
// neither the present one nor one that Undo or Redo could bring back, are forgotten.

import { batch, signal } from '@preact/signals';
import { complain, say, session } from './session.js';
import * as state from './state.js';
import { strings } from './strings.js';

/** @typedef {import('./state.js').ClassEntry} ClassEntry */
/** @typedef {import('./state.js').Photo} Photo */

/**
 * @typedef {object} Document
 * @property {ClassDocument[]} classes
 * @property {import('../protocol.js').HeadSettings} settings
 * @property {number} version see `state.version`
 */

/**
 * @typedef {object} ClassDocument
 * @property {string} id
 * @property {string} name
 * @property {number} tone
 * @property {boolean} enabled
 * @property {Photo[]} photos
 */

/** How many changes can be undone. */
const DEPTH = 100;

/** @type {{document: Document, what: string}[]} the documents so far, each with the change that led to it */
let timeline = [];
let at = -1;
let lastVersion = 0;
/** The id of the last photo that this page has been told of. */
let lastPhotoId = 0;

/** Called with the document after every change, for whoever keeps it. @type {Set<(document: Document) => void>} */
const followers = new Set();
/** Called with the ids of photos that nothing can bring back. @type {Set<(ids: number[]) => void>} */
const forgetters = new Set();

/** @param {(document: Document) => void} follower */
export const onDocument = (follower) => followers.add(follower);
/** @param {(ids: number[]) => void} forgetter */
export const onForgotten = (forgetter) => forgetters.add(forgetter);

/**
 * @param {ClassDocument} document
 * @returns {ClassEntry}
 */
function entryOf({ id, name, tone, enabled, photos }) {
  return { id, name: signal(name), tone: signal(tone), enabled: signal(enabled), photos: signal(photos) };
}

/** @returns {Document} what the page shows now */
export function currentDocument() {
  return {
    classes: state.classes.value.map(({ id, name, tone, enabled, photos }) => ({
      ...{ id, name: name.value, tone: tone.value },
      ...{ enabled: enabled.value, photos: photos.value },
    })),
    settings: state.settings.value,
    version: state.version.value,
  };
}

/**
 * Begins with a document; what was before cannot be brought back. Nobody is told: it is no change.
 * @param {Omit<Document, 'version'>} document which the worker holds already, or will get by `arrange`
 */
export function openDocument(document) {
  const opened = { ...document, version: ++lastVersion };
  show(opened);
  timeline = [{ document: opened, what: '' }];
  at = 0;
  for (const { photos } of opened.classes) for (const { id } of photos) lastPhotoId = Math.max(lastPhotoId, id);
  offer();
}

/** @param {Document} document */
function show(document) {
  const known = new Map(state.classes.peek().map((entry) => [entry.id, entry]));
  batch(() => {
    state.classes.value = document.classes.map((wanted) => {
      const entry = known.get(wanted.id);
      if (!entry) return entryOf(wanted);
      entry.name.value = wanted.name;
      entry.tone.value = wanted.tone;
      entry.enabled.value = wanted.enabled;
      entry.photos.value = wanted.photos;
      return entry;
    });
    state.settings.value = document.settings;
    state.version.value = document.version;
  });
}

/**
 * Changes the document in a way that training depends on.
 * @param {() => void} change writes signals of `state.js`
 */
export function touch(change) {
  batch(() => {
    change();
    state.version.value = ++lastVersion;
  });
}

/**
 * Adds photos that the worker has already put into their class. `remember` follows when the recording ends.
 * @param {ClassEntry} entry
 * @param {Photo[]} photos
 */
export function addPhotos(entry, photos) {
  lastPhotoId = photos.reduce((last, { id }) => Math.max(last, id), lastPhotoId);
  touch(() => {
    entry.photos.value = [...entry.photos.value, ...photos];
  });
}

/**
 * Makes what stands now a step that Undo goes back from. Without a change since the last one it does nothing.
 * @param {string} what was done, in words
 */
export function remember(what) {
  const document = currentDocument();
  if (same(document, timeline[at].document)) return;
  const oldest = Math.max(0, at + 2 - DEPTH);
  const dropped = [...timeline.slice(at + 1), ...timeline.slice(0, oldest)];
  timeline = [...timeline.slice(oldest, at + 1), { document, what }];
  at = timeline.length - 1;
  offer();
  tell(document);
  forgetUnreachable(dropped.map((each) => each.document));
}

export function undo() {
  remember(strings.history.change); // of something that has not been finished, as a name still being typed
  if (at < 1) return;
  const { what } = timeline[at];
  go(at - 1);
  say(strings.history.undone(what));
}

export function redo() {
  remember(strings.history.change);
  if (at >= timeline.length - 1) return;
  go(at + 1);
  say(strings.history.redone(timeline[at].what));
}

/** @param {number} place */
function go(place) {
  at = place;
  show(timeline[at].document);
  offer();
  arrange();
  tell(timeline[at].document);
}

/** Tells the worker which photo belongs where. Those that Undo could bring back are set aside there. */
export function arrange() {
  const arranged = state.classes.peek().map(({ id, enabled, photos }) => ({
    id,
    enabled: enabled.peek(),
    examples: Uint32Array.from(photos.peek(), (photo) => photo.id),
  }));
  session.worker?.arrange(arranged, lastPhotoId).catch((error) => complain(strings.unexpected, error));
}

function offer() {
  state.undoable.value = at > 0 ? timeline[at].what : null;
  state.redoable.value = timeline[at + 1]?.what ?? null;
}

/** @param {Document} document */
const tell = (document) => followers.forEach((follower) => follower(document));

/** @param {Document[]} dropped documents that nothing leads to any more */
function forgetUnreachable(dropped) {
  const gone = new Set(listsOf(dropped).flatMap((photos) => photos.map(({ id }) => id)));
  // The nearest documents share the most photos, so a few of them are enough to see that none is gone.
  for (const photos of listsOf(timeline.map((each) => each.document))) {
    if (gone.size === 0) return;
    for (const { id } of photos) gone.delete(id);
  }
  const ids = [...gone];
  if (!ids.length) return;
  session.worker?.forget(ids).catch((error) => complain(strings.unexpected, error));
  forgetters.forEach((forgetter) => forgetter(ids));
}

/** @param {Document[]} documents */
const listsOf = (documents) => [...new Set(documents.flatMap(({ classes }) => classes.map(({ photos }) => photos)))];

/**
 * @param {Document} a
 * @param {Document} b
 */
const same = (a, b) =>
  a.version === b.version &&
  a.settings === b.settings &&
  a.classes.length === b.classes.length &&
  a.classes.every((one, i) => {
    const other = b.classes[i];
    return (
      one.id === other.id &&
      one.name === other.name &&
      one.tone === other.tone &&
      one.enabled === other.enabled &&
      one.photos === other.photos
    );
  });
