// Trying backends that compute on a graphics card, next to the one in use, while nobody needs the machine.

import { effect } from '@preact/signals';
import { type Connection, connect, type RemoteWorker } from '../../client.ts';
import { errorReport } from '../../errors.ts';
import type { BackendName, Ready } from '../../protocol.ts';
import { session } from '../document/session.ts';
import * as state from '../document/state.ts';
import { CANDIDATES, chosenBackend, fastest, foresee, rememberedTrials, savesData } from './backend-choice.ts';
import { noteTrial, useConnection } from './start.ts';

type Started = Connection & { ready: Ready };

/** How long nothing may have happened before a trial begins. */
const IDLE_MS = 4000;
/** Frames before the first that counts: graphics cards wake up slowly. */
const WARM_UP = 3;
const FRAMES = 10;
/** A trial that is disturbed so often is given up. */
const ATTEMPTS = 3;

/** Whether nobody needs the machine now, and a faster one would be of use. */
const isIdle = () =>
  state.startup.value.phase === 'ready' &&
  state.ready.value?.backend === 'wasm' &&
  !state.training.value &&
  !state.recording.value &&
  (state.camera.value.status === 'on' || state.photoCount.value > 0);

class Disturbed extends Error {}

function requireIdle() {
  if (!isIdle() || document.hidden || chosenBackend()) throw new Disturbed();
}

/** Tries the candidates once, when the page has been idle for a while. */
export function keepTrying() {
  let attempts = 0;
  const stop = effect(() => {
    if (!isIdle()) return undefined;
    const timer = setTimeout(async () => {
      if (document.hidden || chosenBackend()) return;
      attempts += 1;
      if ((await tryAll()) || attempts === ATTEMPTS) stop();
    }, IDLE_MS);
    return () => clearTimeout(timer);
  });
}

/**
 * Measures the candidates that nothing is known of, and goes over to the fastest if that is clearly faster than wasm.
 * @returns whether that came to an end undisturbed
 */
async function tryAll(): Promise<boolean> {
  /** A candidate that runs. */
  let best: { backend: BackendName; started: Started } | null = null;
  try {
    state.trials.value = rememberedTrials(session.site);
    for (const backend of savesData() ? [] : unknown()) {
      const started = await tryOne(backend);
      if (!started) continue;
      const isBest = fastest(state.trials.value) === backend;
      (isBest ? best?.started : started)?.terminate();
      if (isBest) best = { backend, started };
    }
    const backend = fastest(state.trials.value);
    if (!backend) return true;
    best ??= { backend, started: await start(backend) }; // measured on an earlier visit
    requireIdle();
    await useConnection(best.started);
    best = null;
    return true;
  } catch (error) {
    if (error instanceof Disturbed) return false;
    const backend = fastest(state.trials.value);
    if (backend) noteTrial({ backend, outcome: 'failed', error: errorReport(error) });
    return true;
  } finally {
    best?.started.terminate();
  }
}

function unknown() {
  const known = new Set(state.trials.value.map(({ backend }) => backend));
  return CANDIDATES.filter((backend) => !known.has(backend));
}

/**
 * Finds out about a candidate and notes it.
 * @returns null where it cannot be used
 */
async function tryOne(backend: BackendName): Promise<Started | null> {
  let started: Started | null = null;
  try {
    const foreseen = await foresee(backend);
    requireIdle();
    if (!foreseen) started = await start(backend);
    noteTrial(foreseen ?? { backend, outcome: 'measured', ...(await measure(started!.worker)) });
    return started;
  } catch (error) {
    started?.terminate();
    if (error instanceof Disturbed) throw error;
    noteTrial({ backend, outcome: 'failed', error: errorReport(error) });
    return null;
  }
}

/** @returns which has checked itself */
async function start(backend: BackendName): Promise<Started> {
  const base = new URL('.', document.baseURI).href;
  const connection = await connect(session.site, base, backend);
  try {
    return { ...connection, ready: await connection.worker.start(session.site, base) };
  } catch (error) {
    connection.terminate();
    throw error;
  }
}

/**
 * Frames on the candidate and on wasm in turns, so that whatever else the machine does slows both.
 * @returns medians
 */
async function measure(candidate: RemoteWorker): Promise<{ ms: number; wasmMs: number }> {
  const times: number[] = [];
  const wasmTimes: number[] = [];
  for (let i = 0; i < WARM_UP + FRAMES; i++) {
    requireIdle();
    const wasm = session.worker!;
    const pair = [await wasm.timeFrame(), await candidate.timeFrame()];
    if (i < WARM_UP) continue;
    wasmTimes.push(pair[0]);
    times.push(pair[1]);
  }
  return { ms: median(times), wasmMs: median(wasmTimes) };
}

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];
