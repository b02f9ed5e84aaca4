// Keeps what is taught in this browser while it is taught, so that a reload, a crash or an empty battery loses nothing.
// What has to be written is gathered while a write is under way, and written in the order in which it makes sense:
// the document before its photos, photos before they move, moves before photos go.

import type { HeadSettings, Preprocess } from '../../protocol.ts';
import { openStore, type Store, type StoredExample, type StoredProject } from '../../store/store.ts';
import { onPhoto } from '../classes/photos.ts';
import { currentDocument, onDocument, onForgotten } from '../document/document.ts';
import { session } from '../document/session.ts';
import * as state from '../document/state.ts';
import { messageOf } from '../i18n/error-words.ts';
import { onTrained } from '../training/training.ts';

/** What is kept of a document; its photos are kept as examples. */
interface SavedDocument {
  /** Of the project. */
  name: string;
  /** In display order. */
  classes: { id: string; name: string; tone: number; enabled: boolean }[];
  settings: HeadSettings;
  backbone: { modelHash: string; name: string };
  preprocess: Preprocess;
}

/** How long a new head waits for the next one: while a visitor records there are several a second. */
const HEAD_DELAY = 1000;
/** Photos written at once. */
const PART = 100;

/** Null where this browser keeps nothing. */
let store: Store<SavedDocument> | null = null;
/** The writes under way; never rejects. */
let writing: Promise<void> = Promise.resolve();
/** Which class each photo belongs to, as far as the store knows, or is about to. */
let placed = new Map<number, string | null>();
let waiting = nothing();
/** Whether what is on the page is as the site brought it: that is kept once the visitor changes something. */
let untouched = false;

function nothing() {
  return {
    document: false,
    head: false,
    photos: [] as StoredExample[],
    moves: new Map() as Map<number, string | null>,
    forgotten: new Set() as Set<number>,
  };
}

/** Where the id of the project that was open last is: sites of one host do not share it. */
const KEY = `onthefly project ${new URL('.', document.baseURI).pathname}`;

/**
 * Opens this browser's storage and begins to keep things there.
 * @returns null where it keeps nothing; `state.autosave` says why
 */
export async function openAutosave(): Promise<Store<SavedDocument> | null> {
  try {
    const { pathname } = new URL('.', document.baseURI);
    store = await openStore(`onthefly ${pathname}`, { onLost: failed });
    state.autosave.value = { status: 'new' };
  } catch (error) {
    failed(error);
    return null;
  }
  onDocument(({ classes }) => {
    const present = new Map(classes.flatMap(({ id, photos }) => photos.map((photo) => [photo.id, id])));
    for (const [id, before] of placed) {
      const now = present.get(id) ?? null;
      if (now === before) continue;
      placed.set(id, now);
      waiting.moves.set(id, now);
    }
    waiting.document = true;
    untouched = false;
    write();
  });
  onPhoto((photo) => {
    untouched = false;
    placed.set(photo.id, photo.classId);
    waiting.photos.push(photo);
    write();
  });
  onForgotten((ids) => {
    for (const id of ids) {
      placed.delete(id);
      waiting.moves.delete(id);
      waiting.forgotten.add(id);
    }
    write();
  });
  onTrained(() => {
    waiting.head = true;
    setTimeout(write, HEAD_DELAY);
  });
  // The last chance on phones, where a page that is put away may never come back.
  document.addEventListener('visibilitychange', () => document.hidden && write());
  return store;
}

function failed(error: unknown) {
  state.autosave.value = { status: 'failed', message: messageOf(error) };
}

/** Writes what waits, after what is being written. */
function write() {
  writing = writing.then(writeWaiting);
}

/** Resolves when everything so far is kept, or could not be. */
export function flush() {
  write();
  return writing;
}

async function writeWaiting() {
  const { document, head, photos, moves, forgotten } = waiting;
  if (!store || untouched || !(document || head || photos.length || moves.size || forgotten.size)) return;
  waiting = nothing();
  if (state.autosave.value.status !== 'failed') state.autosave.value = { status: 'saving' };
  try {
    const id = state.projectId.value ?? (await begin(store));
    if (document) await store.saveDoc(id, describe());
    // A photo that was forgotten before it was written is not written at all.
    const wanted = photos.filter((photo) => !forgotten.has(photo.id));
    for (let i = 0; i < wanted.length; i += PART) await store.putExamples(id, wanted.slice(i, i + PART));
    if (moves.size)
      await store.assignExamples(
        id,
        Array.from(moves, ([photo, classId]) => ({ id: photo, classId })),
      );
    if (forgotten.size) await store.removeExamples(id, forgotten);
    if (head) await store.saveHead(id, (await session.worker?.head()) ?? null);
    state.autosave.value = { status: 'kept' };
  } catch (error) {
    // All of it is written again with the next change: writing something twice does no harm.
    waiting = {
      document: document || waiting.document,
      head: head || waiting.head,
      photos: [...photos, ...waiting.photos],
      moves: new Map([...moves, ...waiting.moves]),
      forgotten: new Set([...forgotten, ...waiting.forgotten]),
    };
    failed(error);
  }
}

async function begin(opened: Store<SavedDocument>) {
  const id = await opened.create(describe());
  await opened.claim(id);
  open(id);
  return id;
}

function open(id: string | null) {
  state.projectId.value = id;
  try {
    if (id) localStorage.setItem(KEY, id);
    else localStorage.removeItem(KEY);
  } catch {
    // Storage for short texts is refused: the newest project is opened at the next visit.
  }
}

function describe(): SavedDocument {
  const { classes, settings } = currentDocument();
  const { backbone, model, preprocess } = session.site;
  return {
    name: state.projectName.value,
    classes: classes.map(({ id, name, tone, enabled }) => ({ id, name, tone, enabled })),
    settings,
    backbone: { modelHash: model.hash, name: backbone.name },
    preprocess,
  };
}

/** Leaves the project, after everything of it is kept. What comes next is a new one until `enter` says otherwise. */
export async function leave() {
  await flush();
  const id = state.projectId.value;
  if (id) await store?.release(id);
  begun();
}

function begun() {
  untouched = false;
  open(null);
  placed = new Map();
  waiting = nothing();
  state.projectName.value = '';
  if (store && state.autosave.value.status !== 'failed') state.autosave.value = { status: 'new' };
}

/** Removes the project from this browser, and leaves it. */
export async function discard() {
  const id = state.projectId.value;
  waiting = nothing();
  await writing;
  if (id) await store?.remove(id);
  begun();
}

/**
 * What the last visit left.
 * @returns the id of its project; null where there is none, or where another tab has it open
 */
export async function lastProject(): Promise<string | null> {
  const projects = await store?.projects();
  if (!projects?.length) return null;
  const last = projects.find(({ id }) => id === remembered()) ?? projects[0];
  return (await store?.claim(last.id)) ? last.id : null;
}

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/**
 * @param id of a project that was claimed
 * @returns null where it is no longer there
 */
export async function enter(id: string): Promise<StoredProject<SavedDocument> | null> {
  const project = await store?.load(id);
  if (!project) return null;
  // What Undo could have brought back belongs to no class, and nothing can bring it back now.
  const ids = new Set(project.doc.classes.map((each) => each.id));
  const belongs = ({ classId }: StoredExample) => classId !== null && ids.has(classId);
  const examples = project.examples.filter(belongs);
  const lost = project.examples.filter((each) => !belongs(each)).map((each) => each.id);
  if (lost.length) await store?.removeExamples(id, lost);
  placed = new Map(examples.map((each) => [each.id, each.classId]));
  waiting = nothing();
  state.projectName.value = project.doc.name;
  open(id);
  if (state.autosave.value.status !== 'failed') state.autosave.value = { status: 'kept' };
  return { ...project, examples };
}

/**
 * Keeps something that came as a whole, as from a file, as a project of its own.
 * @param whole which the worker holds too
 */
export async function saveWhole(whole: { examples: StoredExample[]; head: object | null }, name: string) {
  adoptWhole(whole);
  state.projectName.value = name;
  await flush();
}

/**
 * Takes over the starter project. It is kept with the visitor's first change.
 * @param whole which the worker holds too
 */
export function adoptStarter(whole: { examples: StoredExample[]; head: object | null }) {
  adoptWhole(whole);
  untouched = true;
}

function adoptWhole({ examples, head }: { examples: StoredExample[]; head: object | null }) {
  begun();
  placed = new Map(examples.map(({ id, classId }) => [id, classId]));
  waiting = { ...nothing(), document: true, head: head !== null, photos: [...examples] };
}

/** The photos were learned anew: their features, and what they were made with, are kept. */
export async function saveRelearned(examples: StoredExample[]) {
  waiting.document = true;
  waiting.photos.push(...examples);
  const id = state.projectId.value;
  if (id) await store?.saveHead(id, null);
  await flush();
}

export function nameProject(name: string) {
  state.projectName.value = name.trim();
  untouched = false;
  waiting.document = true;
  write();
}

export const savedProjects = (): Store<SavedDocument> | null => store;
