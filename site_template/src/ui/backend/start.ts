// Starting the model, and changing what it computes on.

import { batch } from '@preact/signals';
import { type Connection, open } from '../../client.ts';
import type { BackendName, Ready, StartProgress } from '../../protocol.ts';
import { arrange } from '../document/document.ts';
import { complain, say, session } from '../document/session.ts';
import type { Trial } from '../document/state.ts';
import * as state from '../document/state.ts';
import { messageOf, WordedError } from '../i18n/error-words.ts';
import { strings } from '../i18n/strings.ts';
import { chosenBackend, rememberBackend, rememberTrials } from './backend-choice.ts';
import { WorkerProxy } from './worker-proxy.ts';

/** Null until the model is there. */
let proxy: WorkerProxy | null = null;

export async function startModel() {
  state.startup.value = { phase: 'connect', bytes: 0, total: 0 };
  say(strings.startup.status);
  try {
    await openModel(chosenBackend());
    say(strings.startup.ready);
    keepOffline();
  } catch (error) {
    state.startup.value = { phase: 'failed', message: messageOf(error) };
    say('');
  }
}

/**
 * Puts a worker on the given backend, or the first that computes right, in the place of the one there is.
 * @param lost why the one there is cannot compute any more
 */
async function openModel(backend: BackendName | null, lost?: Error) {
  const base = new URL('.', document.baseURI).href;
  const opened = await open(session.site, base, { backend, onProgress: showProgress, after: painted() });
  await useConnection(opened, lost);
  batch(() => {
    state.skipped.value = opened.skipped;
    state.startup.value = { phase: 'ready', bytes: 0, total: 0 };
  });
}

/** How long to wait for the first picture of the page: a page that nobody looks at is not painted. */
const PAINT_MS = 300;

/** @returns once the page has been seen: its first picture goes before the model */
function painted(): Promise<void> {
  if (performance.getEntriesByName('first-paint').length > 0) return Promise.resolve();
  return new Promise((resolve) => {
    setTimeout(resolve, PAINT_MS);
    // The second frame begins after the first was shown.
    requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
  });
}

/**
 * Computes with a worker from now on; what was taught goes along.
 * @param lost why the one there is cannot compute any more
 */
export async function useConnection(opened: Connection & { ready: Ready }, lost?: Error) {
  if (proxy) {
    try {
      await proxy.moveTo(opened, lost);
    } catch (error) {
      opened.terminate();
      throw error;
    }
  } else {
    await session.restoreInto(opened.worker);
    proxy = new WorkerProxy(opened);
    session.worker = proxy.worker;
  }
  watch(opened);
  arrange();
  batch(() => {
    state.ready.value = opened.ready;
    state.frameMs.value = null;
  });
}

/** @param trial which takes the place of what was known of that backend */
export function noteTrial(trial: Trial) {
  state.trials.value = [...state.trials.value.filter(({ backend }) => backend !== trial.backend), trial];
  rememberTrials(session.site, state.trials.value);
}

/** Goes back to the processor when the graphics card is taken away, as by another program or by sleep. */
async function watch(opened: Connection & { ready: Ready }) {
  await opened.worker.lost();
  if (proxy?.connection.worker !== opened.worker) return;
  const { backend } = opened.ready;
  noteTrial({ backend, outcome: 'lost' });
  state.startup.value = { phase: 'connect', bytes: 0, total: 0 };
  try {
    await openModel(null, new WordedError(strings.hood.lost(backend)));
    say(strings.hood.lost(backend));
  } catch (error) {
    state.startup.value = { phase: 'failed', message: messageOf(error) };
  }
}

/**
 * Computes on another backend from now on; what was taught goes along.
 * @param backend null leaves the choice to the page
 */
export async function chooseBackend(backend: BackendName | null) {
  if (state.training.value || state.adding.value || state.startup.value.phase !== 'ready') return;
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

function showProgress(progress: StartProgress) {
  // Reports travel apart from the answer, and the last may arrive after it.
  const { phase } = state.startup.value;
  if (phase !== 'ready' && phase !== 'failed') state.startup.value = progress;
}

/** @returns null before the worker has started */
export async function readMemory(): Promise<{ tensors: number; bytes: number; examples: number } | null> {
  return session.worker ? session.worker.memory() : null;
}
