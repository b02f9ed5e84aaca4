// The document, which is what a visitor makes: classes with their photos, and the settings of training. Every change
// goes through here, so that it can be undone, reaches the worker, and is kept.
//
// A document is a plain value that shares its parts with the one before. Photos that no document mentions any more,
// neither the present one nor one that Undo or Redo could bring back, are forgotten.

import { batch, signal } from '@preact/signals';
import type { HeadSettings } from '../../protocol.ts';
import { strings } from '../i18n/strings.ts';
import { complain, say, session } from './session.ts';
import type { ClassEntry, Photo } from './state.ts';
import * as state from './state.ts';

interface Document {
  classes: ClassDocument[];
  settings: HeadSettings;
  /** See `state.version`. */
  version: number;
}

interface ClassDocument {
  id: string;
  name: string;
  tone: number;
  enabled: boolean;
  photos: Photo[];
}

/** How many changes can be undone. */
const DEPTH = 100;

/** The documents so far, each with the change that led to it. */
let timeline: { document: Document; what: string }[] = [];
let at = -1;
let lastVersion = 0;
/** The id of the last photo that this page knows of. */
let lastPhotoId = 0;

/** Called with the document after every change, for whoever keeps it. */
const followers = new Set<(document: Document) => void>();
/** Called with the ids of photos that nothing can bring back. */
const forgetters = new Set<(ids: number[]) => void>();

export const onDocument = (follower: (document: Document) => void) => followers.add(follower);
export const onForgotten = (forgetter: (ids: number[]) => void) => forgetters.add(forgetter);

function entryOf({ id, name, tone, enabled, photos }: ClassDocument): ClassEntry {
  return { id, name: signal(name), tone: signal(tone), enabled: signal(enabled), photos: signal(photos) };
}

/** @returns what the page shows now */
export function currentDocument(): Document {
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
 * Begins with a document; what was before cannot be brought back. Nobody hears of it: it is no change.
 * @param document which the worker holds already, or will get by `arrange`
 */
export function openDocument(document: Omit<Document, 'version'>) {
  const opened = { ...document, version: ++lastVersion };
  show(opened);
  timeline = [{ document: opened, what: '' }];
  at = 0;
  for (const { photos } of opened.classes) for (const { id } of photos) lastPhotoId = Math.max(lastPhotoId, id);
  offer();
}

function show(document: Document) {
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
 * @param change writes signals of `state.ts`
 */
export function touch(change: () => void) {
  batch(() => {
    change();
    state.version.value = ++lastVersion;
  });
}

/** Adds photos that the worker has already put into their class. `remember` follows when the recording ends. */
export function addPhotos(entry: ClassEntry, photos: Photo[]) {
  lastPhotoId = photos.reduce((last, { id }) => Math.max(last, id), lastPhotoId);
  touch(() => {
    entry.photos.value = [...entry.photos.value, ...photos];
  });
}

/**
 * Makes what there is now a step that Undo goes back from. Without a change since the last one it does nothing.
 * @param what was done, in words
 */
export function remember(what: string) {
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

function go(place: number) {
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

const tell = (document: Document) => followers.forEach((follower) => follower(document));

/** @param dropped documents that nothing leads to any more */
function forgetUnreachable(dropped: Document[]) {
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

const listsOf = (documents: Document[]) => [
  ...new Set(documents.flatMap(({ classes }) => classes.map(({ photos }) => photos))),
];

const same = (a: Document, b: Document) =>
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
