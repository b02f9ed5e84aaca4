// Classes: adding, naming, colouring, ordering, leaving out and removing them.

import { computed, signal } from '@preact/signals';
import { CLASS_TONES } from '../../contract.ts';
import { nameKey, normalName } from '../../project/names.ts';
import { arrange, remember, touch } from '../document/document.ts';
import { say } from '../document/session.ts';
import type { ClassEntry } from '../document/state.ts';
import * as state from '../document/state.ts';
import { strings } from '../i18n/strings.ts';

let lastClassId = 0;

/** An id that no class of this page had before. */
export const newClassId = () => `c${++lastClassId}`;

/** Makes sure that ids from elsewhere, as from this browser's storage, are not given again. */
export function reserveClassIds(ids: string[]) {
  for (const id of ids) lastClassId = Math.max(lastClassId, Number(/^c(\d+)$/.exec(id)?.[1] ?? 0));
}

/** Adds a class and returns its id. */
export function addClass(name: string = unusedName()) {
  const entry = newClass(name);
  arrange();
  remember(strings.history.addClass(state.nameOf(entry)));
  return entry.id;
}

/** Puts a new class behind the others. `arrange` and `remember` follow. */
export function newClass(name: string): ClassEntry {
  const entry = {
    id: newClassId(),
    name: signal(normalName(name)),
    tone: signal(unusedTone()),
    enabled: signal(true),
    photos: signal<state.Photo[]>([]),
  };
  state.classes.value = [...state.classes.value, entry];
  return entry;
}

/** Whether a class is there for what is none of the others. */
export const hasNone = computed(() => state.classes.value.some(isNone));

export const isNone = (entry: ClassEntry) => sameName(state.nameOf(entry), strings.classes.none);

/** Whether another class has the same name, as far as a reader can tell. */
export const isNamedTwice = (entry: ClassEntry) =>
  state.classes.value.some((other) => other !== entry && sameName(state.nameOf(other), state.nameOf(entry)));

const sameName = (a: string, b: string) => nameKey(a) === nameKey(b);

function unusedName() {
  const names = new Set(state.classes.value.map((entry) => nameKey(state.nameOf(entry))));
  let number = state.classes.value.length + 1;
  while (names.has(nameKey(strings.classes.unnamed(number)))) number += 1;
  return strings.classes.unnamed(number);
}

function unusedTone() {
  const used = new Set(state.classes.value.map((entry) => entry.tone.value));
  for (let tone = 0; tone < CLASS_TONES; tone++) if (!used.has(tone)) return tone;
  return state.classes.value.length % CLASS_TONES;
}

export function removeClass(id: string) {
  const entry = state.classes.value.find((candidate) => candidate.id === id);
  if (!entry) return;
  if (state.classes.value.length <= state.MIN_CLASSES) {
    say(strings.classes.keepTwo);
    return;
  }
  const name = state.nameOf(entry);
  changeTraining(entry, () => {
    state.classes.value = state.classes.value.filter((other) => other !== entry);
  });
  remember(strings.history.removeClass(name));
  say(strings.classes.removed(name));
}

/** While it is typed; `finishName` follows. */
export function typeName(entry: ClassEntry, name: string) {
  entry.name.value = name;
}

export function finishName(entry: ClassEntry) {
  entry.name.value = normalName(entry.name.value);
  remember(strings.history.rename(state.nameOf(entry)));
}

export function recolour(entry: ClassEntry, tone: number) {
  entry.tone.value = tone;
  remember(strings.history.recolour(state.nameOf(entry)));
}

export function enableClass(entry: ClassEntry, enabled: boolean) {
  changeTraining(entry, () => {
    entry.enabled.value = enabled;
  });
  const name = state.nameOf(entry);
  remember(enabled ? strings.history.enable(name) : strings.history.disable(name));
}

/** @param by places, negative towards the front */
export function moveClass(entry: ClassEntry, by: number) {
  const from = state.classes.value.indexOf(entry);
  const to = Math.min(Math.max(from + by, 0), state.classes.value.length - 1);
  if (from < 0 || from === to) return;
  const name = state.nameOf(entry);
  changeTraining(entry, () => {
    const others = state.classes.value.filter((other) => other !== entry);
    state.classes.value = [...others.slice(0, to), entry, ...others.slice(to)];
  });
  remember(strings.history.moveClass(name));
  say(strings.classes.moved(name, to + 1, state.classes.value.length));
}

/** A class without photos takes no part in training: changing it leaves the head up to date. */
function changeTraining(entry: ClassEntry, change: () => void) {
  if (entry.photos.value.length) touch(change);
  else change();
  arrange();
}
