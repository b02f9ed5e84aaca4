// The main thread's side of the worker: starts it so that the page's policy holds inside it.
//
// A worker loaded from the network is bound by the headers it came with, and a static host sends none:
// such a worker could talk to any server. A worker from a blob inherits the policy of the page that made
// it. So its code is fetched, checked against the hash the page was built with, and started from a blob.

import { proxy, type Remote, wrap } from 'comlink';
import { BACKENDS } from './contract.ts';
import './error-crossing.ts';
import { CodedError, type ErrorReport, errorReport, type Given } from './errors.ts';
import { underPolicy } from './policy.ts';
import type { Asset, BackendName, Ready, Site, StartProgress, WorkerApi } from './protocol.ts';
import { fetchVerified } from './verified.ts';

export type RemoteWorker = Remote<WorkerApi>;

/** Why this browser or address cannot run the site, as a code that the page has words for; null if it can. */
export function obstacle(): 'insecure' | 'no-worker' | null {
  if (!globalThis.crypto?.subtle) return 'insecure';
  if (typeof Worker === 'undefined') return 'no-worker';
  return null;
}

export const START_MESSAGES = {
  'not-started': 'The worker could not be started in this browser.',
} as const;

/** The worker's code does not run. */
class StartError extends CodedError<keyof typeof START_MESSAGES> {
  constructor(...[key, data]: Given<typeof START_MESSAGES>) {
    super('StartError', START_MESSAGES, key, data);
  }
}

/** A running worker: its functions, and the way to end it. */
export interface Connection {
  worker: RemoteWorker;
  terminate: () => void;
}

/**
 * Starts the worker of a backend. It is idle until its `start` is called.
 * @param base absolute URL of the site's root
 */
export async function connect(site: Site, base: string, backend: BackendName = 'wasm'): Promise<Connection> {
  const code = await fetchVerified(site.workers[backend], base);
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  let thread: Worker | undefined;
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

/** @returns once it answers */
async function answering(thread: Worker): Promise<Connection> {
  const failed = new Promise((_, reject) => {
    thread.addEventListener('error', () => reject(new StartError('not-started')), { once: true });
  });
  const worker = wrap(thread) as RemoteWorker;
  await Promise.race([worker.memory(), failed]);
  return { worker, terminate: () => thread.terminate() };
}

/** A backend that was tried and not taken. */
export interface Skipped {
  backend: BackendName;
  /** Why. */
  error: ErrorReport;
}

/** The smallest module with a SIMD instruction in it: what refuses it has none. */
const SIMD = [
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0],
  ...[10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
];

/** Downloads the site's files, each once, however often it is asked for. */
function downloader(base: string, onBytes: (asset: Asset, bytes: number) => void) {
  const begun = new Map<string, Promise<ArrayBuffer>>();
  /** Errors by URL. */
  const failures = new Map<string, unknown>();
  const readFile = (asset: Asset) => {
    const known = begun.get(asset.url);
    if (known) return known;
    const bytes = fetchVerified(asset, base, (more) => onBytes(asset, more));
    bytes.catch((error) => failures.set(asset.url, error)); // whoever asks for the file is told
    begun.set(asset.url, bytes);
    return bytes;
  };
  return { readFile, failures };
}

const modelFiles = ({ model }: Site) => [model.graph, ...model.shards];

const goldenFiles = ({ golden }: Site) => [golden.index, golden.features];

/**
 * Begins to download the model, and what wasm starts from, beside the worker's own code.
 * @param backend that is tried first
 */
function beginDownloads(
  site: Site,
  base: string,
  backend: BackendName,
  onProgress?: (progress: StartProgress) => void,
) {
  const { model, wasm } = site;
  const parts = modelFiles(site);
  const total = parts.reduce((sum, part) => sum + part.bytes, 0);
  let bytes = 0;
  const downloads = downloader(base, (asset, more) => {
    if (parts.includes(asset)) onProgress?.({ phase: 'download', bytes: (bytes += more), total });
  });
  const { readFile } = downloads;
  // Some browsers can be set to have no WebAssembly.
  if (backend === 'wasm' && typeof WebAssembly !== 'undefined') {
    readFile(WebAssembly.validate(Uint8Array.from(SIMD)) ? wasm.simd : wasm.plain);
    if (model.plan) readFile(model.plan);
  }
  [...parts, ...goldenFiles(site)].forEach(readFile);
  return downloads;
}

/**
 * The error for which no other backend needs to be tried: a file that all of them need is not available, or any file is
 * not the one that the site was built with, or no worker may be started at all.
 * @param error of the backend that was tried, if it failed
 * @param failures of downloads, by URL
 * @returns null where another backend may help
 */
function final(error: unknown, site: Site, failures: Map<string, unknown>): unknown {
  for (const { url } of [...modelFiles(site), ...goldenFiles(site)]) if (failures.has(url)) return failures.get(url);
  const changed = [error, ...failures.values()].find((one) => is(one, 'DownloadError', 'changed'));
  return changed ?? (is(error, 'PolicyError', 'worker') || is(error, 'PolicyError', 'download') ? error : null);
}

/** Whether an error is of this kind, wherever it was thrown. */
function is(error: unknown, name: string, code: string) {
  const report = errorReport(error);
  return report.name === name && report.code === code;
}

/**
 * Starts the first backend that computes what the site was built with.
 * @param base absolute URL of the site's root
 * @returns rejects with the first backend's error where none can be used
 */
export async function open(
  site: Site,
  base: string,
  {
    backend = null,
    onProgress,
    after,
  }: {
    /** Tried before all others. */
    backend?: BackendName | null;
    onProgress?: (progress: StartProgress) => void;
    /** The model's files are asked for after this. */
    after?: Promise<void>;
  } = {},
): Promise<Connection & { ready: Ready; skipped: Skipped[] }> {
  const order = backend ? [backend, ...BACKENDS.filter((other) => other !== backend)] : BACKENDS;
  const begun = Promise.resolve(after).then(() => beginDownloads(site, base, order[0], onProgress));
  const readFile = proxy(async (asset: Asset) => (await begun).readFile(asset));
  const skipped: Skipped[] = [];
  let firstError: unknown;
  for (const name of order) {
    let connection: Connection | undefined;
    try {
      connection = await connect(site, base, name);
      const ready = await connection.worker.start(site, base, onProgress && proxy(onProgress), readFile);
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
