// What a visitor looks at or has picked out: which photos are selected, which one is enlarged, which class is next.

import { signal } from '@preact/signals';

/** @typedef {import('./state.js').ClassEntry} ClassEntry */

/** @type {import('@preact/signals').Signal<{classId: string, ids: ReadonlySet<number>}|null>} photos of one class */
export const selection = signal(/** @type {{classId: string, ids: ReadonlySet<number>}|null} */ (null));

/** @type {import('@preact/signals').Signal<{classId: string, id: number}|null>} the photo that is shown large */
export const enlarged = signal(/** @type {{classId: string, id: number}|null} */ (null));

/** @type {import('@preact/signals').Signal<string|null>} id of the class whose hands-free settings are asked for */
export const askingHandsFree = signal(/** @type {string|null} */ (null));

/** @type {import('@preact/signals').Signal<string|null>} id of the class that something was last added to */
export const lastClassId = signal(/** @type {string|null} */ (null));

/**
 * Shows a photo large, with the ways to remove or move it.
 * @param {ClassEntry} entry
 * @param {number} id of the photo
 */
export function enlarge(entry, id) {
  enlarged.value = { classId: entry.id, id };
}

/**
 * The selected photos of a class that are still there; null where none of its photos can be selected now.
 * @param {ClassEntry} entry
 * @returns {ReadonlySet<number>|null}
 */
export function selectedOf(entry) {
  const { value } = selection;
  if (value?.classId !== entry.id) return null;
  return new Set(entry.photos.value.filter(({ id }) => value.ids.has(id)).map(({ id }) => id));
}

/**
 * @param {ClassEntry} entry
 * @param {Iterable<number>} ids of photos
 */
export function select(entry, ids) {
  selection.value = { classId: entry.id, ids: new Set(ids) };
}

export function endSelection() {
  selection.value = null;
}
