// The main thread's side of the worker: starts it so that the page's policy holds inside it.
//
// A worker loaded from the network is bound by the headers it came with, and a static host sends none:
// such a worker could talk to any server. A worker from a blob inherits the policy of the page that made
// it. So its code is fetched, checked against the hash the page was built with, and started from a blob.

import { proxy, wrap } from 'comlink';
import { BACKENDS } from './contract.js';
import './error-crossing.js';
import { CodedError, errorReport } from './errors.js';
import { underPolicy } from './policy.js';
import { fetchVerified } from './verified.js';

/** @import {Asset, BackendName, Site} from './protocol.js' */
/** @typedef {import('comlink').Remote<import('./protocol.js').WorkerApi>} RemoteWorker */

/**
 * Why this browser or address cannot run the site, as a code the page has words for; null if it can.
 * @returns {'insecure'|'no-worker'|null}
 */
export function obstacle() {
  if (!globalThis.crypto?.subtle) return 'insecure';
  if (typeof Worker === 'undefined') return 'no-worker';
  return null;
}

export const START_MESSAGES = /** @type {const} */ ({
  'not-started': 'The worker could not be started in this browser.',
});

/**
 * The worker's code does not run.
 * @extends {CodedError<keyof typeof START_MESSAGES>}
 */
export class StartError extends CodedError {
  /** @param {import('./errors.js').Given<typeof START_MESSAGES>} given */
  constructor(...[key, data]) {
    super('StartError', START_MESSAGES, key, data);
  }
}

/**
 * A running worker: its functions, and the way to end it.
 * @typedef {object} Connection
 * @property {RemoteWorker} worker
 * @property {() => void} terminate
 */

/**
 * Starts the worker of a backend. It is idle until its `start` is called.
 * @param {Site} site
 * @param {string} base absolute URL of the site's root
 * @param {BackendName} [backend]
 * @returns {Promise<Connection>}
 */
export async function connect(site, base, backend = 'wasm') {
  const code = await fetchVerified(site.workers[backend], base);
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  /** @type {Worker|undefined} */
  let thread;
  try {
    return await underPolicy(
      () => {
        thread = new Worker(url, { type: 'module', name: `onthefly ${backend}` });
        return answering(thread);
      },
      // A policy may forbid workers, or addresses for them that are plain text.
      ({ effectiveDirective }) => ['worker-src', 'require-trusted-types-for'].includes(effectiveDirective),
    );
  } catch (error) {
    thread?.terminate();
    throw error;
  } finally {
    URL.revokeObjectURL(url);
  }
}

/**
 * @param {Worker} thread
 * @returns {Promise<Connection>} once it answers
 */
async function answering(thread) {
  const failed = new Promise((_, reject) => {
    thread.addEventListener('error', () => reject(new StartError('not-started')), { once: true });
  });
  const worker = /** @type {RemoteWorker} */ (wrap(thread));
  await Promise.race([worker.memory(), failed]);
  return { worker, terminate: () => thread.terminate() };
}

/**
 * A backend that was tried and not taken.
 * @typedef {object} Skipped
 * @property {BackendName} backend
 * @property {import('./errors.js').ErrorReport} error why
 */

/** The smallest module with a SIMD instruction in it: what refuses it has none. */
const SIMD = [
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0],
  ...[10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
];

/**
 * Downloads the site's files, each once, however often it is asked for.
 * @param {string} base
 * @param {(asset: Asset, bytes: number) => void} onBytes
 */
function downloader(base, onBytes) {
  /** @type {Map<string, Promise<ArrayBuffer>>} */
  const begun = new Map();
  /** @type {Map<string, unknown>} errors by URL */
  const failures = new Map();
  /** @param {Asset} asset */
  const take = (asset) => {
    const known = begun.get(asset.url);
    if (known) return known;
    const bytes = fetchVerified(asset, base, (more) => onBytes(asset, more));
    bytes.catch((error) => failures.set(asset.url, error)); // whoever asks for the file is told
    begun.set(asset.url, bytes);
    return bytes;
  };
  return { take, failures };
}

/** @param {Site} site */
const modelFiles = ({ model }) => [model.graph, ...model.shards];

/** @param {Site} site */
const goldenFiles = ({ golden }) => [golden.index, golden.features];

/**
 * Begins to download the model, and what wasm starts from, beside the worker's own code.
 * @param {Site} site
 * @param {string} base
 * @param {BackendName} backend that is tried first
 * @param {(progress: import('./protocol.js').StartProgress) => void} [onProgress]
 */
function beginDownloads(site, base, backend, onProgress) {
  const { model, wasm } = site;
  const parts = modelFiles(site);
  const total = parts.reduce((sum, part) => sum + part.bytes, 0);
  let bytes = 0;
  const downloads = downloader(base, (asset, more) => {
    if (parts.includes(asset)) onProgress?.({ phase: 'download', bytes: (bytes += more), total });
  });
  const { take } = downloads;
  // Some browsers can be set to have no WebAssembly.
  if (backend === 'wasm' && typeof WebAssembly !== 'undefined') {
    take(WebAssembly.validate(Uint8Array.from(SIMD)) ? wasm.simd : wasm.plain);
    if (model.plan) take(model.plan);
  }
  [...parts, ...goldenFiles(site)].forEach(take);
  return downloads;
}

/**
 * The error for which no other backend needs to be tried: a file that all of them need is not to be had, or any file is
 * another one than the site was built with, or no worker may be started at all.
 * @param {unknown} error of the backend that was tried, if it failed
 * @param {Site} site
 * @param {Map<string, unknown>} failures of downloads, by URL
 * @returns {unknown} null where another backend may help
 */
function final(error, site, failures) {
  for (const { url } of [...modelFiles(site), ...goldenFiles(site)]) if (failures.has(url)) return failures.get(url);
  const changed = [error, ...failures.values()].find((one) => is(one, 'DownloadError', 'changed'));
  return changed ?? (is(error, 'PolicyError', 'worker') || is(error, 'PolicyError', 'download') ? error : null);
}

/**
 * Whether an error is of this kind, wherever it was thrown.
 * @param {unknown} error
 * @param {string} name
 * @param {string} code
 */
function is(error, name, code) {
  const report = errorReport(error);
  return report.name === name && report.code === code;
}

/**
 * Starts the first backend that computes what the site was built with.
 * @param {Site} site
 * @param {string} base absolute URL of the site's root
 * @param {object} [options]
 * @param {BackendName|null} [options.backend] tried before all others
 * @param {(progress: import('./protocol.js').StartProgress) => void} [options.onProgress]
 * @param {Promise<void>} [options.after] the model's files are asked for after this
 * @returns {Promise<Connection & {ready: import('./protocol.js').Ready, skipped: Skipped[]}>} rejects with the first
 *   backend's error where none can be used
 */
export async function open(site, base, { backend = null, onProgress, after } = {}) {
  const order = backend ? [backend, ...BACKENDS.filter((other) => other !== backend)] : BACKENDS;
  const begun = Promise.resolve(after).then(() => beginDownloads(site, base, order[0], onProgress));
  const take = proxy(async (/** @type {Asset} */ asset) => (await begun).take(asset));
  /** @type {Skipped[]} */
  const skipped = [];
  /** @type {unknown} */
  let firstError;
  for (const name of order) {
    /** @type {Connection|undefined} */
    let connection;
    try {
      connection = await connect(site, base, name);
      const ready = await connection.worker.start(site, base, onProgress && proxy(onProgress), take);
      // It may have started without a file that it can do without.
      const changed = final(null, site, (await begun).failures);
      if (changed) throw changed;
      return { ...connection, ready, skipped };
    } catch (error) {
      connection?.terminate();
      const reason = final(error, site, (await begun).failures);
      if (reason) throw reason;
      firstError ??= error;
      skipped.push({ backend: name, error: errorReport(error) });
    }
  }
  throw firstError;
}
