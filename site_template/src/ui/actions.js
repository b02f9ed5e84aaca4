// What a visitor can do. The only module of the page that talks to the worker.

import { batch, signal } from '@preact/signals';
import * as Comlink from 'comlink';
import { open } from '../client.js';
import { ProjectError } from '../project/errors.js';
import { exportProject, importProject } from '../project/transfer.js';
import { chosenBackend, rememberBackend } from './backend-choice.js';
import { grabFrame, startCameraIfGranted } from './camera.js';
import { seconds } from './format.js';
import * as state from './state.js';
import { strings } from './strings.js';

/** @typedef {import('../protocol.js').Site} Site */
/** @typedef {import('../protocol.js').WorkerApi} WorkerApi */
/** @typedef {import('./state.js').ClassEntry} ClassEntry */

/** @type {Site} */
let site;
/** @type {import('../client.js').RemoteWorker|null} */
let worker = null;
let endWorker = () => {};
let lastClassId = 0;

/** @param {Site} described */
export function openPage(described) {
  site = described;
  state.classes.value = initialClasses();
  startCameraIfGranted();
  startModel();
}

export async function startModel() {
  state.startup.value = { phase: 'connect', bytes: 0, total: 0 };
  say(strings.startup.status);
  try {
    await openModel(chosenBackend());
    await worker?.setClasses(keptIds());
    say(strings.startup.ready);
    keepOffline();
  } catch (error) {
    state.startup.value = { phase: 'failed', message: messageOf(error) };
    say('');
  }
}

/**
 * Puts a worker on the given backend, or the first that computes right, in the place of the one there is.
 * @param {import('../protocol.js').BackendName|null} backend
 */
async function openModel(backend) {
  const base = new URL('.', document.baseURI).href;
  const opened = await open(site, base, { backend, onProgress: showProgress });
  const taught = await worker?.snapshot();
  if (taught) await opened.worker.restore(taught);
  endWorker();
  ({ worker, terminate: endWorker } = opened);
  batch(() => {
    state.ready.value = opened.ready;
    state.skipped.value = opened.skipped;
    state.startup.value = { phase: 'ready', bytes: 0, total: 0 };
    state.frameMs.value = null;
  });
}

/**
 * Computes on another backend from now on; what was taught goes along.
 * @param {import('../protocol.js').BackendName|null} backend null leaves the choice to the page
 */
export async function chooseBackend(backend) {
  if (state.training.value || state.startup.value.phase !== 'ready') return;
  rememberBackend(backend);
  state.startup.value = { phase: 'connect', bytes: 0, total: 0 };
  say(strings.startup.status);
  try {
    await openModel(backend);
    say(strings.startup.ready);
  } catch (error) {
    // The worker that was there goes on.
    state.startup.value = { phase: 'ready', bytes: 0, total: 0 };
    complain(strings.hood.backendFailed, error);
  }
}

/** Lets the browser keep the site's files, once everything needed has come: later visits need no connection. */
function keepOffline() {
  navigator.serviceWorker?.register('sw.js').catch(() => {
    // Refused, as in some private windows: the page works, but only with a connection.
  });
}

/** @param {import('../protocol.js').StartProgress} progress */
function showProgress(progress) {
  // Reports travel beside the answer, and the last may arrive after it.
  const { phase } = state.startup.value;
  if (phase !== 'ready' && phase !== 'failed') state.startup.value = progress;
}

/** @param {string} text */
export function say(text) {
  state.notice.value = { tone: 'info', text };
}

/**
 * @param {string} what failed, in words for a visitor
 * @param {unknown} error
 */
function complain(what, error) {
  state.notice.value = { tone: 'error', text: `${what} ${messageOf(error)}` };
}

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error && error.message) || strings.unexpected;

// --- classes ---------------------------------------------------------------------------------------------------------

/**
 * @param {string} name
 * @param {number} tone
 * @returns {ClassEntry}
 */
function newClass(name, tone) {
  lastClassId += 1;
  return { id: `c${lastClassId}`, tone, name: signal(name), photos: signal(/** @type {state.Photo[]} */ ([])) };
}

const initialClasses = () => site.classes.map((name, i) => newClass(name, i % state.TONES));

/** Adds a class and returns its id. */
export function addClass() {
  const used = new Set(state.classes.value.map((entry) => entry.tone));
  let tone = 0;
  while (used.has(tone) && tone < state.TONES - 1) tone += 1;
  if (used.has(tone)) tone = state.classes.value.length % state.TONES;

  const names = new Set(state.classes.value.map(state.nameOf));
  let number = state.classes.value.length + 1;
  while (names.has(strings.classes.unnamed(number))) number += 1;

  const entry = newClass(strings.classes.unnamed(number), tone);
  state.classes.value = [...state.classes.value, entry];
  forgetRemoved();
  return entry.id;
}

/**
 * Takes a class off the page. The worker keeps its examples until the next step, so that Undo is instant.
 * @param {string} id
 */
export function removeClass(id) {
  const index = state.classes.value.findIndex((entry) => entry.id === id);
  if (index < 0) return;
  if (state.classes.value.length <= state.MIN_CLASSES) {
    say(strings.classes.keepTwo);
    return;
  }
  forgetRemoved();
  const entry = state.classes.value[index];
  const name = state.nameOf(entry);
  batch(() => {
    state.classes.value = state.classes.value.filter((other) => other !== entry);
    state.removed.value = { entry, index };
    if (entry.photos.value.length) state.examplesVersion.value += 1;
  });
  say(strings.classes.removed(name));
}

export function undoRemove() {
  const gone = state.removed.value;
  if (!gone) return;
  const { entry, photo, index } = gone;
  batch(() => {
    if (photo) entry.photos.value = inserted(entry.photos.value, index, photo);
    else state.classes.value = inserted(state.classes.value, index, entry);
    state.removed.value = null;
    // Only the removal had changed the examples since: taking it back makes the head up to date again.
    if (photo || entry.photos.value.length) state.examplesVersion.value -= 1;
  });
  const name = state.nameOf(entry);
  say(photo ? strings.photos.restored(name) : strings.classes.restored(name));
}

/**
 * @template T
 * @param {T[]} list
 * @param {number} index
 * @param {T} item
 */
const inserted = (list, index, item) => [...list.slice(0, index), item, ...list.slice(index)];

/** Lets go of what Undo would bring back, and tells the worker what there is. */
export function forgetRemoved() {
  const photo = state.removed.value?.photo;
  revokeRemoved();
  const told = [worker?.setClasses(keptIds()), photo && worker?.removeExample(photo.id)];
  Promise.all(told).catch((error) => complain(strings.unexpected, error));
}

const keptIds = () => state.classes.value.map((entry) => entry.id);

/** @param {state.Photo[]} photos */
const revoke = (photos) => photos.forEach((photo) => URL.revokeObjectURL(photo.url));

function revokeRemoved() {
  const gone = state.removed.value;
  if (gone) revoke(gone.photo ? [gone.photo] : gone.entry.photos.value);
  state.removed.value = null;
}

// --- photos ----------------------------------------------------------------------------------------------------------

/** @type {Promise<unknown>} */
let lastPhoto = Promise.resolve();

/**
 * Adds the frame on show to a class, after the photo before it has been added: one frame is on its way at a time.
 * @param {string} classId
 * @returns {Promise<boolean>} whether a photo was added
 */
export function takePhoto(classId) {
  const photo = lastPhoto.then(() => addFrame(classId));
  lastPhoto = photo;
  return photo;
}

/** @param {string} classId */
async function addFrame(classId) {
  try {
    const frame = await grabFrame();
    if (!frame || !worker) {
      frame?.close();
      return false;
    }
    const added = await worker.addExample(Comlink.transfer(frame, [frame]), classId);
    const entry = state.classes.value.find((candidate) => candidate.id === classId);
    if (!entry) return false;
    const photo = { id: added.id, url: URL.createObjectURL(added.thumbnail) };
    batch(() => {
      entry.photos.value = [...entry.photos.value, photo];
      state.examplesVersion.value += 1;
    });
    return true;
  } catch (error) {
    complain(strings.record.failed, error);
    return false;
  }
}

/**
 * Takes a photo off the page; like a class, it stays with the worker until the next step.
 * @param {ClassEntry} entry
 * @param {number} photoId
 */
export function removePhoto(entry, photoId) {
  const index = entry.photos.value.findIndex((candidate) => candidate.id === photoId);
  if (index < 0) return;
  forgetRemoved();
  const photo = entry.photos.value[index];
  batch(() => {
    entry.photos.value = entry.photos.value.filter((other) => other !== photo);
    state.removed.value = { entry, photo, index };
    state.examplesVersion.value += 1;
  });
  say(strings.photos.removed(state.nameOf(entry)));
}

// --- training and predicting -----------------------------------------------------------------------------------------

export async function train() {
  if (state.training.value) return;
  if (state.trainBlocked.value || !worker) {
    say(state.trainBlocked.value);
    return;
  }
  forgetRemoved();
  const version = state.examplesVersion.value;
  state.training.value = { epoch: null, stopping: false };
  say(strings.train.running(state.photoCount.value));
  try {
    const result = await worker.train(site.head, Comlink.proxy(showEpoch));
    if (result.outcome === 'trained') {
      state.head.value = { history: result.history, version };
      say(strings.train.done(result.examples, seconds(result.ms)));
    } else {
      say(result.outcome === 'stopped' ? strings.train.stopped : strings.train.tooFew);
    }
  } catch (error) {
    complain(strings.train.failed, error);
  } finally {
    state.training.value = null;
  }
}

/** @param {import('../protocol.js').EpochReport} epoch */
function showEpoch(epoch) {
  if (state.training.value) state.training.value = { ...state.training.value, epoch };
}

export async function stopTraining() {
  if (!state.training.value || !worker) return;
  state.training.value = { ...state.training.value, stopping: true };
  await worker.stopTraining();
}

/** Asks the worker about the frame on show. Does nothing where there is no head, or no picture. */
export async function predictFrame() {
  const asked = state.head.value;
  if (!worker || !asked) return;
  const frame = await grabFrame();
  if (!frame) return;
  const answer = await worker.predict(Comlink.transfer(frame, [frame]));
  // The camera may have been stopped, or everything forgotten, while the worker computed.
  if (state.camera.value.status !== 'on' || !state.head.value) return;
  batch(() => {
    state.prediction.value = answer;
    if (answer) {
      const before = state.frameMs.value ?? answer.ms;
      state.frameMs.value = before + (answer.ms - before) * 0.1;
    } else if (state.head.value === asked) {
      state.head.value = null;
    }
  });
}

export async function reset() {
  try {
    await stopTraining();
    state.classes.value.forEach((entry) => revoke(entry.photos.value));
    batch(() => {
      revokeRemoved();
      state.classes.value = initialClasses();
      state.head.value = null;
      state.prediction.value = null;
      state.frameMs.value = null;
      state.examplesVersion.value += 1;
    });
    await worker?.reset();
    await worker?.setClasses(keptIds());
    say(strings.reset.done);
  } catch (error) {
    complain(strings.reset.failed, error);
  }
}

// --- projects --------------------------------------------------------------------------------------------------------

/** Hands everything that was taught to the visitor as a file. */
export async function exportToFile() {
  if (state.projectBlocked.value || !worker) return;
  if (state.photoCount.value === 0) {
    say(strings.project.nothing);
    return;
  }
  forgetRemoved();
  try {
    const named = state.classes.value.map((entry) => ({ id: entry.id, name: state.nameOf(entry), tone: entry.tone }));
    const { file, fileName, examples, withoutHead } = await exportProject(worker, site, named);
    download(file, fileName);
    const told = strings.project.exported(examples);
    say(withoutHead ? `${told} ${strings.project.withoutHead}` : told);
  } catch (error) {
    complain(strings.project.exportFailed, error);
  }
}

/**
 * @param {Blob} file
 * @param {string} name
 */
function download(file, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser reads the address after this task.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * Puts the contents of a project file in the place of what was taught here; all of it, or nothing.
 * @param {File} file
 * @param {boolean} reembed whether its photos are to be learned anew with this site's backbone
 * @returns {Promise<'imported'|'other-backbone'|'refused'>}
 */
export async function importFromFile(file, reembed) {
  if (state.projectBlocked.value || !worker) return 'refused';
  say(strings.project.reading);
  try {
    const imported = await importProject(worker, site, file, {
      reembed,
      onProgress: (done, total) => say(strings.project.progress(done, total)),
      newId: () => `c${++lastClassId}`,
    });
    showImported(imported);
    const told = strings.project.imported(imported.examples.length);
    say(imported.head ? told : `${told} ${strings.project.trainAgain}`);
    return 'imported';
  } catch (error) {
    if (error instanceof ProjectError && error.code === 'other-backbone') {
      say('');
      return 'other-backbone';
    }
    complain(strings.project.importFailed, error);
    return 'refused';
  }
}

/** @param {Awaited<ReturnType<typeof importProject>>} imported which the worker holds already */
function showImported({ classes, examples, head }) {
  state.classes.value.forEach((entry) => revoke(entry.photos.value));
  batch(() => {
    revokeRemoved();
    state.classes.value = classes.map(({ id, name, tone }) => ({
      ...{ id, tone: tone % state.TONES, name: signal(name) },
      photos: signal(
        examples
          .filter(({ classId }) => classId === id)
          .map((example) => ({ id: example.id, url: URL.createObjectURL(example.picture) })),
      ),
    }));
    state.examplesVersion.value += 1;
    state.prediction.value = null;
    state.head.value = head && { history: head.history, version: state.examplesVersion.value };
  });
}

/** @returns {Promise<{tensors: number, bytes: number, examples: number}|null>} null before the worker has started */
export async function readMemory() {
  return worker ? worker.memory() : null;
}
