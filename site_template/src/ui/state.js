// Everything the page shows, in one place. Components read it, actions write it.

import { computed, signal } from '@preact/signals';
import { strings } from './strings.js';

/** @typedef {import('../protocol.js').Site} Site */
/** @typedef {import('../protocol.js').Ready} Ready */
/** @typedef {import('../protocol.js').EpochReport} EpochReport */
/** @typedef {import('../protocol.js').Prediction} Prediction */

/**
 * @template T
 * @typedef {import('@preact/signals').Signal<T>} Signal
 */

/**
 * @typedef {object} Photo
 * @property {number} id of the worker's example
 * @property {string} url of the thumbnail, a blob: URL to be revoked
 */

/**
 * @typedef {object} ClassEntry
 * @property {string} id never used twice, so that a late answer cannot reach a newer class
 * @property {number} tone which class colour, kept when classes before it are removed
 * @property {Signal<string>} name
 * @property {Signal<Photo[]>} photos in the order of adding
 */

/** @typedef {'refused'|'missing'|'busy'|'constraints'|'unplugged'|'unknown'} CameraFault */

/**
 * @typedef {{phase: 'connect'|'download'|'compile'|'check'|'ready', bytes: number, total: number}
 *   | {phase: 'failed', message: string}} Startup
 */

export const TONES = 10;
export const MIN_CLASSES = 2;

/** @type {Signal<Startup>} */
export const startup = signal(/** @type {Startup} */ ({ phase: 'connect', bytes: 0, total: 0 }));
/** @type {Signal<Ready|null>} */
export const ready = signal(/** @type {Ready|null} */ (null));

/** @type {Signal<import('../client.js').Skipped[]>} backends that were tried and not taken */
export const skipped = signal(/** @type {import('../client.js').Skipped[]} */ ([]));

/** @type {Signal<{status: 'off'|'starting'|'on'|'failed', fault?: CameraFault}>} */
export const camera = signal(
  /** @type {{status: 'off'|'starting'|'on'|'failed', fault?: CameraFault}} */ ({ status: 'off' }),
);

/** @type {Signal<ClassEntry[]>} in display order */
export const classes = signal(/** @type {ClassEntry[]} */ ([]));
/**
 * What Undo brings back: a class, or one photo of a class.
 * @typedef {object} Removed
 * @property {ClassEntry} entry
 * @property {Photo} [photo] absent where the whole class was removed
 * @property {number} index where it stood, among the classes or among the photos
 */

/** @type {Signal<Removed|null>} */
export const removed = signal(/** @type {Removed|null} */ (null));
/** @type {Signal<string|null>} id of the class being recorded */
export const recording = signal(/** @type {string|null} */ (null));

/** Counts every change of the examples, to tell whether a head knows them. */
export const examplesVersion = signal(0);

/** @type {Signal<{epoch: EpochReport|null, stopping: boolean}|null>} null while nothing trains */
export const training = signal(/** @type {{epoch: EpochReport|null, stopping: boolean}|null} */ (null));
/** @type {Signal<{history: EpochReport[], version: number}|null>} the head that predicts */
export const head = signal(/** @type {{history: EpochReport[], version: number}|null} */ (null));

/** @type {Signal<Prediction|null>} */
export const prediction = signal(/** @type {Prediction|null} */ (null));
/** @type {Signal<number|null>} milliseconds per frame, smoothed */
export const frameMs = signal(/** @type {number|null} */ (null));

/** @type {Signal<{tone: 'info'|'error', text: string}>} the last thing worth telling */
export const notice = signal(/** @type {{tone: 'info'|'error', text: string}} */ ({ tone: 'info', text: '' }));

/** Classes that have photos, and so take part in training. */
export const filledClasses = computed(() => classes.value.filter((entry) => entry.photos.value.length > 0));

export const photoCount = computed(() => classes.value.reduce((sum, entry) => sum + entry.photos.value.length, 0));

/** Whether the head was trained on other photos than those shown. */
export const stale = computed(() => head.value !== null && head.value.version !== examplesVersion.value);

/** Why no photo can be taken now; empty when one can. */
export const recordBlocked = computed(() => {
  if (startup.value.phase === 'failed') return strings.record.noModel;
  if (startup.value.phase !== 'ready') return strings.record.loading;
  if (camera.value.status !== 'on') return strings.record.noCamera;
  return '';
});

/** Why training cannot start now; empty when it can. */
export const trainBlocked = computed(() => {
  if (startup.value.phase === 'failed') return strings.train.noModel;
  if (filledClasses.value.length < MIN_CLASSES) return strings.train.tooFew;
  if (startup.value.phase !== 'ready') return strings.train.loading;
  return '';
});

/** Why nothing can be exported or imported now; empty when it can. */
export const projectBlocked = computed(() => {
  if (startup.value.phase !== 'ready') return strings.project.loading;
  if (training.value || recording.value) return strings.project.busy;
  return '';
});

/** The most probable class; null while there is no prediction, and where that class was removed since. */
export const winner = computed(() => {
  const ranked = Object.entries(prediction.value?.probabilities ?? {}).sort(([, a], [, b]) => b - a);
  if (ranked.length === 0) return null;
  const [id, probability] = ranked[0];
  const entry = classes.value.find((candidate) => candidate.id === id);
  return entry ? { entry, probability } : null;
});

export const winnerId = computed(() => winner.value?.entry.id ?? null);

/**
 * The name to show and to say: never empty, because buttons are named by it.
 * @param {ClassEntry} entry
 */
export function nameOf(entry) {
  return entry.name.value.trim() || strings.classes.unnamed(classes.value.indexOf(entry) + 1);
}
