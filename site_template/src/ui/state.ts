// Everything the page shows, in one place. Components read it, actions write it.

import { computed, signal } from '@preact/signals';
import { HEAD_SETTINGS, HELD_OUT_PERCENT } from '../contract.js';
import { strings } from './strings.js';

/** @typedef {import('../protocol.js').Site} Site */
/** @typedef {import('../protocol.js').Ready} Ready */
/** @typedef {import('../protocol.js').EpochReport} EpochReport */
/** @typedef {import('../protocol.js').Prediction} Prediction */
/** @typedef {import('../protocol.js').HeadSettings} HeadSettings */

/**
 * @template T
 * @typedef {import('@preact/signals').Signal<T>} Signal
 */

/**
 * @typedef {object} Photo
 * @property {number} id of the worker's example
 * @property {Blob} picture JPEG of the square that was learned from; the browser holds it outside the script's memory
 */

/**
 * @typedef {object} ClassEntry
 * @property {string} id never used twice, so that a late answer cannot reach a newer class
 * @property {Signal<number>} tone which class colour, 0 to CLASS_TONES - 1
 * @property {Signal<string>} name
 * @property {Signal<boolean>} enabled whether it takes part in training
 * @property {Signal<Photo[]>} photos in the order of adding, their ids rising; never changed in place
 */

/** @typedef {'refused'|'system'|'policy'|'missing'|'busy'|'constraints'|'unplugged'|'unknown'} CameraFault */

/**
 * @typedef {object} CameraState
 * @property {'off'|'starting'|'on'|'asleep'|'failed'} status asleep: open, and sends no picture
 * @property {CameraFault} [fault]
 * @property {'size'|'other'} [compromise] what was wished for and not given: the picture's size, or the camera
 */

/** @typedef {'user'|'environment'} Facing towards whoever holds the device, or away */

/**
 * @typedef {{phase: 'connect'|'download'|'compile'|'check'|'ready', bytes: number, total: number}
 *   | {phase: 'failed', message: string}} Startup
 */

/**
 * @typedef {object} TrainingRun
 * @property {EpochReport[]} epochs so far
 * @property {number} total epochs
 * @property {boolean} stopping
 * @property {boolean} live whether it began by itself, after a change
 * @property {boolean} shown whether it is worth showing: it was asked for, or it goes on for long
 */

/**
 * The head that predicts.
 * @typedef {object} Head
 * @property {EpochReport[]} history
 * @property {number} version of the examples that it was trained on
 * @property {number} ms its training took; 0 where it came from a file
 * @property {number} examples
 * @property {import('../protocol.js').Engine|null} engine null where it came from a file
 */

export const MIN_CLASSES = 2;

/** @type {Signal<Startup>} */
export const startup = signal(/** @type {Startup} */ ({ phase: 'connect', bytes: 0, total: 0 }));
/** @type {Signal<Ready|null>} */
export const ready = signal(/** @type {Ready|null} */ (null));

/** @type {Signal<import('../client.js').Skipped[]>} backends that were tried and not taken */
export const skipped = signal(/** @type {import('../client.js').Skipped[]} */ ([]));

/** @type {Signal<import('./backend-choice.js').Trial[]>} backends that were measured, or could not be */
export const trials = signal(/** @type {import('./backend-choice.js').Trial[]} */ ([]));

/** @type {Signal<CameraState>} */
export const camera = signal(/** @type {CameraState} */ ({ status: 'off' }));
/** @type {Signal<{id: string, facing: Facing|null}|null>} the open camera, or the last one that was */
export const lens = signal(/** @type {{id: string, facing: Facing|null}|null} */ (null));
/** @type {Signal<{id: string, label: string}[]>} those the browser tells of; without ids and labels before permission */
export const cameras = signal(/** @type {{id: string, label: string}[]} */ ([]));
/** @type {Signal<PermissionState|null>} whether the page may use cameras; null where the browser does not say */
export const permission = signal(/** @type {PermissionState|null} */ (null));

// --- what the visitor makes: the document ----------------------------------------------------------------------------

/** @type {Signal<ClassEntry[]>} in display order */
export const classes = signal(/** @type {ClassEntry[]} */ ([]));
/** @type {Signal<HeadSettings>} of the next training; the site's own until the visitor changes them */
export const settings = signal(
  /** @type {HeadSettings} */ (
    Object.fromEntries(Object.entries(HEAD_SETTINGS).map(([name, setting]) => [name, setting.default]))
  ),
);
/**
 * Names the state of the document that training depends on: equal numbers, equal examples, classes and settings.
 * Undo brings the number back with the state.
 */
export const version = signal(0);

/** What Undo and Redo would take back or do again, in words; null where there is nothing. */
export const undoable = signal(/** @type {string|null} */ (null));
export const redoable = signal(/** @type {string|null} */ (null));

/** The project's name; empty while it has none. */
export const projectName = signal('');
/** Id of the project in this browser's storage; null until there is something to keep. */
export const projectId = signal(/** @type {string|null} */ (null));

/**
 * Whether what is taught is kept in this browser.
 * @typedef {{status: 'opening'|'new'|'saving'|'kept'} | {status: 'failed', message: string}} Keeping
 */
/** @type {Signal<Keeping>} */
export const keeping = signal(/** @type {Keeping} */ ({ status: 'opening' }));

// --- what the visitor chose for this browser -------------------------------------------------------------------------

/** Whether the head trains by itself after every change. */
export const live = signal(true);
/** The share of every class's photos that is held out for figures. */
export const heldOutShare = signal(HELD_OUT_PERCENT.default / 100);
/** The probability below which the answer is "not sure"; 0 where there is always an answer. */
export const threshold = signal(0);
/** The camera to open; empty where any will do. */
export const cameraId = signal('');
/** @type {Signal<Facing>} which way the camera is to look, where none was chosen */
export const facing = signal(/** @type {Facing} */ ('user'));
/** @type {Signal<Record<Facing, boolean>>} whether the preview is mirrored; what is learned from never is */
export const mirror = signal({ user: true, environment: false });

// --- what goes on ----------------------------------------------------------------------------------------------------

/** @type {Signal<string|null>} id of the class being recorded */
export const recording = signal(/** @type {string|null} */ (null));
/** @type {Signal<string|null>} id of the class that is recorded hands-free, the countdown before it included */
export const handsFree = signal(/** @type {string|null} */ (null));
/** @type {Signal<number|null>} seconds until a hands-free recording begins */
export const countdown = signal(/** @type {number|null} */ (null));
/** @type {Signal<{done: number, total: number}|null>} how far the files that are being added are */
export const adding = signal(/** @type {{done: number, total: number}|null} */ (null));
/** @type {Signal<TrainingRun|null>} null while nothing trains */
export const training = signal(/** @type {TrainingRun|null} */ (null));
/** @type {Signal<Head|null>} */
export const head = signal(/** @type {Head|null} */ (null));
/** @typedef {import('../protocol.js').HeldOutResult & {version: number, share: number, seed: number}} HeldOut */
/** @type {Signal<HeldOut|null>} figures on photos that a head did not see */
export const heldOut = signal(/** @type {HeldOut|null} */ (null));
/** Whether such figures are on their way. */
export const checking = signal(false);

/** @type {Signal<File|null>} the photo that the model is asked about, in the camera's place */
export const probe = signal(/** @type {File|null} */ (null));
/** Whether preview and answer fill the screen. */
export const showing = signal(false);

/** @type {Signal<Prediction|null>} */
export const prediction = signal(/** @type {Prediction|null} */ (null));
/** @type {Signal<number|null>} milliseconds per frame, smoothed */
export const frameMs = signal(/** @type {number|null} */ (null));

/** @type {Signal<{tone: 'info'|'error', text: string}>} the last thing worth telling */
export const notice = signal(/** @type {{tone: 'info'|'error', text: string}} */ ({ tone: 'info', text: '' }));

// --- what follows from it --------------------------------------------------------------------------------------------

/** Whether the preview is mirrored now. */
export const mirrored = computed(() => mirror.value[lens.value?.facing ?? facing.value]);

/** Classes that take part in training: enabled, and with photos. */
export const filledClasses = computed(() =>
  classes.value.filter((entry) => entry.enabled.value && entry.photos.value.length > 0),
);

export const photoCount = computed(() => classes.value.reduce((sum, entry) => sum + entry.photos.value.length, 0));

/** Whether the head was trained on something else than what is shown. */
export const stale = computed(() => head.value !== null && head.value.version !== version.value);

/** Why no photo can be taken now; empty when one can. */
export const recordBlocked = computed(() => {
  if (startup.value.phase === 'failed') return strings.record.noModel;
  if (startup.value.phase !== 'ready') return strings.record.loading;
  if (probe.value) return strings.record.photoShown;
  if (camera.value.status === 'asleep') return strings.record.noPicture;
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

/** Why no head can be asked about photos that it has not seen; empty when one can. */
export const heldOutBlocked = computed(() => {
  const able = filledClasses.value.filter((entry) => entry.photos.value.length >= 2).length;
  if (able < MIN_CLASSES) return strings.heldOut.tooFew(able);
  return head.value ? '' : strings.heldOut.noHead;
});

/** Why nothing can be exported or imported now; empty when it can. */
export const projectBlocked = computed(() => {
  if (startup.value.phase !== 'ready') return strings.project.loading;
  if (recording.value || adding.value || (training.value && !training.value.live)) return strings.project.busy;
  return '';
});

/** The most probable class; null while there is no prediction, and where that class was removed since. */
export const winner = computed(() => {
  const ranked = Object.entries(prediction.value?.probabilities ?? {}).sort(([, a], [, b]) => b - a);
  if (ranked.length === 0) return null;
  const [id, probability] = ranked[0];
  const entry = classes.value.find((candidate) => candidate.id === id);
  return entry ? { entry, probability, sure: probability >= threshold.value } : null;
});

export const winnerId = computed(() => (winner.value?.sure ? winner.value.entry.id : null));

/**
 * The name to show and to say: never empty, because buttons are named by it.
 * @param {ClassEntry} entry
 */
export function nameOf(entry) {
  return entry.name.value.trim() || strings.classes.unnamed(classes.value.indexOf(entry) + 1);
}
