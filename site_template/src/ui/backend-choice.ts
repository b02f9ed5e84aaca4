// Which backend computes: chosen by a visitor, in the address for once, in this browser for good; or by the page, which
// takes a graphics card only where that was measured to be clearly faster on this machine.

import { BACKENDS } from '../contract.js';

/** @import {BackendName, Site} from '../protocol.js' */

const KEY = 'onthefly backend';
const TRIALS_KEY = 'onthefly backend trials';

/** Tried in this order. @type {BackendName[]} */
export const CANDIDATES = ['webgl', 'webgpu'];

/** A candidate is taken where its frame takes less than this share of wasm's time. */
const CLEARLY = 0.7;

/**
 * What is known of a candidate.
 * @typedef {object} Trial
 * @property {BackendName} backend
 * @property {'measured'|'software'|'missing'|'failed'|'lost'} outcome 'software': computed on the processor after all
 * @property {number} [ms] median time of a frame
 * @property {number} [wasmMs] the same on wasm, measured in turns
 * @property {string} [detail] name of the device
 * @property {import('../errors.js').ErrorReport} [error] why it failed
 */

/**
 * The fastest candidate that is clearly faster than wasm.
 * @param {Trial[]} trials
 * @returns {BackendName|null} null: wasm stays
 */
export function fastest(trials) {
  /** @type {{backend: BackendName|null, share: number}} */
  let best = { backend: null, share: CLEARLY };
  for (const { backend, outcome, ms, wasmMs } of trials) {
    if (outcome !== 'measured' || !ms || !wasmMs) continue;
    if (ms / wasmMs < best.share) best = { backend, share: ms / wasmMs };
  }
  return best.backend;
}

/** Names of devices that are programs: by Google, Mesa, Microsoft and others. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|swrast|software|basic render|\bwarp\b/i;

/** @param {string} device its name in the browser's words */
export const isSoftware = (device) => SOFTWARE.test(device);

/**
 * What can be told of a candidate without downloading anything.
 * @param {BackendName} backend
 * @returns {Promise<Trial|null>} null: it may be worth a trial
 */
export async function foresee(backend) {
  const drawing = webglDevice();
  // Without a graphics card for WebGL there is none for WebGPU, and a browser complains when it is asked for one.
  const device = backend === 'webgpu' && drawing !== null && !isSoftware(drawing) ? await webgpuDevice() : drawing;
  if (device === null) return { backend, outcome: 'missing' };
  return isSoftware(device) ? { backend, outcome: 'software', detail: device } : null;
}

/** @returns {string|null} */
function webglDevice() {
  // Where the browser itself knows that it draws slowly there is nothing to gain.
  const context = document.createElement('canvas').getContext('webgl2', { failIfMajorPerformanceCaveat: true });
  if (!context) return null;
  const names = context.getExtension('WEBGL_debug_renderer_info');
  const device = String(context.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : context.RENDERER));
  context.getExtension('WEBGL_lose_context')?.loseContext(); // a page may have only a few
  return device;
}

/**
 * The parts of WebGPU that are asked for here.
 * @typedef {object} Gpu
 * @property {() => Promise<{isFallbackAdapter?: boolean, info?: GpuInfo}|null>} requestAdapter
 */

/** @typedef {{vendor?: string, architecture?: string, device?: string, description?: string, isFallbackAdapter?: boolean}} GpuInfo */

/** @returns {Promise<string|null>} */
async function webgpuDevice() {
  const { gpu } = /** @type {{gpu?: Gpu}} */ (/** @type {unknown} */ (navigator));
  const adapter = await gpu?.requestAdapter().catch(() => null);
  if (!adapter) return null;
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info ?? {};
  const name = [vendor, architecture, device, description].filter(Boolean).join(' ');
  return adapter.isFallbackAdapter || isFallbackAdapter ? `${name} software` : name;
}

/** Whether the visitor asks sites to download little. */
export function savesData() {
  const { connection } = /** @type {{connection?: {saveData?: boolean}}} */ (navigator);
  return connection?.saveData === true || matchMedia('(prefers-reduced-data: reduce)').matches;
}

/** @returns {BackendName|null} null where the choice is left to the page */
export function chosenBackend() {
  const asked = new URLSearchParams(location.search).get('backend') ?? stored(KEY);
  return BACKENDS.find((name) => name === asked) ?? null;
}

/** @param {BackendName|null} name */
export function rememberBackend(name) {
  const address = new URL(location.href);
  if (address.searchParams.has('backend')) {
    address.searchParams.delete('backend');
    history.replaceState(null, '', address);
  }
  store(KEY, name);
}

/**
 * What trials depend on: another browser, model or worker has to be measured anew.
 * @param {Site} site
 */
function circumstances({ model, workers }) {
  return [
    navigator.userAgent,
    model.hash,
    ...['wasm', ...CANDIDATES].map((name) => workers[/** @type {BackendName} */ (name)].sha256),
  ];
}

/**
 * The trials of an earlier visit, where they still hold.
 * @param {Site} site
 * @returns {Trial[]}
 */
export function rememberedTrials(site) {
  try {
    const { under, trials } = JSON.parse(stored(TRIALS_KEY) ?? 'null') ?? {};
    return JSON.stringify(under) === JSON.stringify(circumstances(site)) && Array.isArray(trials) ? trials : [];
  } catch {
    return []; // not written by this page
  }
}

/**
 * @param {Site} site
 * @param {Trial[]} trials
 */
export function rememberTrials(site, trials) {
  store(TRIALS_KEY, JSON.stringify({ under: circumstances(site), trials }));
}

/** @param {string} key */
function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {string|null} value
 */
function store(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Storage is refused here: it holds for this visit.
  }
}
