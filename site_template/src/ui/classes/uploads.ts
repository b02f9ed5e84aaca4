// Pictures from files: into one class, or a whole dataset of folders at once. Each is one step for Undo.

import { batch, effect, signal } from '@preact/signals';
import { bitmapOf, ImageError, weightOf } from '../../images.ts';
import { inParts } from '../../parts.ts';
import { nameKey } from '../../project/names.ts';
import { arrange, remember } from '../document/document.ts';
import { complain, say } from '../document/session.ts';
import type { ClassEntry } from '../document/state.ts';
import * as state from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { newClass } from './classes.ts';
import { addFrames } from './photos.ts';
import { byFolder, type Found, sortOut } from './picture-files.ts';
import { lastClassId } from './selection.ts';

/** Files that were not taken, by name. */
export interface Leftover {
  /** Pictures that this browser could not decode, and those that are too large. */
  unreadable: string[];
  /** How many of them are. */
  tooLarge: number;
  /** That are no pictures. */
  others: string[];
  /** Pictures in no folder, where folders were asked for. */
  beside: string[];
}

const NOTHING: Leftover = { unreadable: [], tooLarge: 0, others: [], beside: [] };

/** What goes into a class. */
type Group = { entry: ClassEntry; pictures: Found[] };

/** Of the last upload; null where all were taken. */
export const leftover = signal<Leftover | null>(null);

/** Uploads follow one another. */
let last: Promise<void> = Promise.resolve();
let cancelled = false;

/** Adds the pictures among files to a class. */
export function addFiles(entry: ClassEntry, found: Found[]) {
  return inTurn(async () => {
    const { pictures, others } = sortOut(found);
    await addAll([{ entry, pictures }], { ...NOTHING, others });
  });
}

/** Makes every folder that holds pictures a class: the one of this name, or a new one. */
export function addFolders(found: Found[]) {
  return inTurn(async () => {
    const { pictures, others } = sortOut(found);
    const { folders, beside } = byFolder(pictures);
    const before = state.classes.value;
    const groups = folders.size ? makeRoom(folders) : [];
    await addAll(groups, { ...NOTHING, others, beside }, (count) => tidy(groups, before, count));
  });
}

/** Ends the upload that goes on. What was added until now stays. */
export function cancelAdding() {
  cancelled = true;
}

function inTurn(upload: () => Promise<void>): Promise<void> {
  last = last.then(upload).catch((error) => complain(strings.uploads.failed, error));
  return last;
}

/** Finds or adds the class of each folder. Classes that nobody has named or filled give way to them. */
function makeRoom(folders: Map<string, Found[]>): Group[] {
  const known = new Map([...state.classes.value].reverse().map((entry) => [nameKey(state.nameOf(entry)), entry]));
  const named = new Set([...folders.keys()].map((name) => known.get(nameKey(name))));
  return batch(() => {
    const kept = state.classes.value.filter((entry) => named.has(entry) || !isUntouched(entry));
    const fresh = folders.size - [...named].filter(Boolean).length;
    if (kept.length + fresh >= state.MIN_CLASSES) state.classes.value = kept;
    const groups = [...folders].map(([name, pictures]) => ({
      entry: known.get(nameKey(name)) ?? newClass(name),
      pictures,
    }));
    arrange();
    return groups;
  });
}

function isUntouched(entry: ClassEntry) {
  const given = state.classes.value.map((_, i) => strings.classes.unnamed(i + 1));
  return entry.photos.value.length === 0 && entry.enabled.value && given.includes(state.nameOf(entry));
}

/**
 * Takes away classes that were made for folders of which nothing was taken.
 * @param before the classes that there were
 * @param count photos that were added
 */
function tidy(groups: Group[], before: ClassEntry[], count: number) {
  const isFresh = (entry: ClassEntry) => !before.includes(entry);
  const empty = groups.map(({ entry }) => entry).filter((entry) => isFresh(entry) && !entry.photos.value.length);
  const now = state.classes.value.filter((entry) => !empty.includes(entry));
  const enough = count > 0 && now.length >= state.MIN_CLASSES;
  state.classes.value = enough ? now : [...before, ...now.filter(isFresh)];
  arrange();
}

/**
 * Adds pictures to classes, in order, and says how it went.
 * @param rest files that are no part of them
 * @param end before Undo gets its step; learns how many photos were added
 */
async function addAll(groups: Group[], rest: Leftover, end?: (count: number) => void) {
  const jobs = groups.flatMap(({ entry, pictures }) => pictures.map(({ file }) => ({ entry, file })));
  const total = jobs.length;
  const unreadable: string[] = [];
  let tooLarge = 0;
  const added = new Map<ClassEntry, number>();
  let done = 0;
  cancelled = false;
  leftover.value = null;
  try {
    if (total) {
      lastClassId.value = jobs[0].entry.id;
      state.adding.value = { done, total };
      say(strings.uploads.begun(total));
    }
    if (total && !(await modelArrives())) {
      say(strings.train.noModel);
      return;
    }
    await inParts(jobs, {
      weight: ({ file }) => weightOf(file),
      decode: ({ file }) =>
        bitmapOf(file).catch((error) => {
          if (error instanceof ImageError && error.code === 'too-large') tooLarge++;
          return null;
        }),
      send: sendPart,
      stopped: () => cancelled,
      done(part, { addedTo, broken }) {
        for (const entry of addedTo) if (entry) added.set(entry, (added.get(entry) ?? 0) + 1);
        unreadable.push(...broken);
        done += part.length;
        state.adding.value = { done, total };
      },
    });
  } finally {
    state.adding.value = null;
    const { others, beside } = rest;
    if (unreadable.length || others.length || beside.length) leftover.value = { unreadable, tooLarge, others, beside };
    const count = [...added.values()].reduce((sum, n) => sum + n, 0);
    end?.(count);
    remember(strings.history.record(count, whereOf(added)));
  }
  tell(added, cancelled ? total : null);
}

function whereOf(added: Map<ClassEntry, number>) {
  const [entry] = added.keys();
  return added.size === 1 ? state.nameOf(entry) : strings.uploads.classes(added.size);
}

/** @returns the class that each picture went to, and names of files that could not be read */
async function sendPart(
  jobs: { entry: ClassEntry; file: File }[],
  frames: (ImageBitmap | null)[],
): Promise<{ addedTo: (ClassEntry | null)[]; broken: string[] }> {
  const read = jobs.flatMap(({ entry }, i) => {
    const frame = frames[i];
    if (!frame) return [];
    if (state.classes.value.includes(entry)) return [{ entry, frame }];
    frame.close();
    return [];
  });
  const ids = read.map(({ entry }) => entry.id);
  const sent = read.map(({ frame }) => frame);
  return {
    addedTo: sent.length ? await addFrames(sent, ids) : [],
    broken: jobs.filter((_, i) => !frames[i]).map(({ file }) => file.name),
  };
}

/**
 * @param added how many photos each class got
 * @param wanted how many it should have been, where it was cancelled
 */
function tell(added: Map<ClassEntry, number>, wanted: number | null) {
  const count = [...added.values()].reduce((sum, n) => sum + n, 0);
  const where = whereOf(added);
  const { unreadable, tooLarge, others, beside } = leftover.value ?? NOTHING;
  const parts = [
    wanted === null ? count > 0 && strings.uploads.done(count, where) : strings.uploads.stopped(count, wanted),
    unreadable.length > 0 && strings.uploads.unreadable(unreadable.length, named(unreadable)),
    tooLarge > 0 && strings.uploads.tooLarge(tooLarge),
    others.length > 0 && strings.uploads.others(others.length),
    beside.length > 0 && strings.uploads.beside(beside.length),
  ];
  say(parts.filter(Boolean).join(' ') || strings.uploads.nothing);
}

const named = (names: string[]) => names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '');

/** @returns when the model is there, or false when it did not start */
const modelArrives = (): Promise<boolean> =>
  new Promise((resolve) => {
    const stop = effect(() => {
      const { phase } = state.startup.value;
      if (phase !== 'ready' && phase !== 'failed') return;
      queueMicrotask(() => stop());
      resolve(phase === 'ready');
    });
  });
