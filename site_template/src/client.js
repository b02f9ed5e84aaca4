// The main thread's side of the worker: starts it so that the page's policy holds inside it.
//
// A worker loaded from the network is bound by the headers it came with, and a static host sends none:
// such a worker could talk to any server. A worker from a blob inherits the policy of the page that made
// it. So its code is fetched, checked against the hash the page was built with, and started from a blob.

import {wrap} from 'comlink';
import {fetchVerified} from './verified.js';

/**
 * Why this browser or address cannot run the site, as a code the page has words for; null if it can.
 * @returns {'insecure'|'no-worker'|'no-wasm'|null}
 */
export function obstacle() {
  if (!globalThis.crypto?.subtle) return 'insecure';
  if (typeof Worker === 'undefined') return 'no-worker';
  if (typeof WebAssembly === 'undefined') return 'no-wasm';
  return null;
}

/**
 * A running worker: its functions, and the way to end it.
 * @typedef {object} Connection
 * @property {import('comlink').Remote<import('./protocol.js').WorkerApi>} worker
 * @property {() => void} terminate
 */

/**
 * Starts the worker. It is idle until its `start` is called.
 * @param {import('./protocol.js').Site} site
 * @param {string} base absolute URL of the site's root
 * @returns {Promise<Connection>}
 */
export async function connect(site, base) {
  const code = await fetchVerified(site.worker, base);
  const url = URL.createObjectURL(new Blob([code], {type: 'text/javascript'}));
  const thread = new Worker(url, {type: 'module', name: 'onthefly'});
  const failed = new Promise((_, reject) => {
    thread.addEventListener('error', () => reject(new Error('The worker could not be started in this browser.')), {once: true});
  });
  const worker = /** @type {import('comlink').Remote<import('./protocol.js').WorkerApi>} */ (wrap(thread));
  try {
    await Promise.race([worker.memory(), failed]);
  } catch (error) {
    thread.terminate();
    throw error;
  } finally {
    URL.revokeObjectURL(url);
  }
  return {worker, terminate: () => thread.terminate()};
}
