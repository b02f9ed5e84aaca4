// What a visitor looks at or has picked out: which photos are selected, which one is enlarged, which class is next.

import { signal } from '@preact/signals';
import type { ClassEntry } from '../document/state.ts';

/** Photos of one class. */
export const selection = signal<{ classId: string; ids: ReadonlySet<number> } | null>(null);

/** The photo that is shown large. */
export const enlarged = signal<{ classId: string; id: number } | null>(null);

/** Id of the class whose hands-free settings are asked for. */
export const askingHandsFree = signal<string | null>(null);

/** Id of the class that something was last added to. */
export const lastClassId = signal<string | null>(null);

/**
 * Shows a photo large, with the ways to remove or move it.
 * @param id of the photo
 */
export function enlarge(entry: ClassEntry, id: number) {
  enlarged.value = { classId: entry.id, id };
}

/** The selected photos of a class that are still there; null where none of its photos can be selected now. */
export function selectedOf(entry: ClassEntry): ReadonlySet<number> | null {
  const { value } = selection;
  if (value?.classId !== entry.id) return null;
  return new Set(entry.photos.value.filter(({ id }) => value.ids.has(id)).map(({ id }) => id));
}

/** @param ids of photos */
export function select(entry: ClassEntry, ids: Iterable<number>) {
  selection.value = { classId: entry.id, ids: new Set(ids) };
}

export function endSelection() {
  selection.value = null;
}
