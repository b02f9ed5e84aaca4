// Which backend computes: chosen by a visitor, in the address for once, in this browser for good; or by the page, which
// takes a graphics card only where that was measured to be clearly faster on this machine.

import { BACKENDS } from '../../contract.ts';
import type { BackendName, Site } from '../../protocol.ts';
import type { Trial } from '../document/state.ts';

const KEY = 'onthefly backend';
const TRIALS_KEY = 'onthefly backend trials';

/** Tried in this order. */
export const CANDIDATES: BackendName[] = ['webgl', 'webgpu'];

/** A candidate is used where its frame takes less than this share of wasm's time. */
const CLEARLY = 0.7;

/**
 * The fastest candidate that is clearly faster than wasm.
 * @returns null: wasm stays
 */
export function fastest(trials: Trial[]): BackendName | null {
  let best: { backend: BackendName | null; share: number } = { backend: null, share: CLEARLY };
  for (const { backend, outcome, ms, wasmMs } of trials) {
    if (outcome !== 'measured' || !ms || !wasmMs) continue;
    if (ms / wasmMs < best.share) best = { backend, share: ms / wasmMs };
  }
  return best.backend;
}

/** Names of devices that are programs: by Google, Mesa, Microsoft and others. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|swrast|software|basic render|\bwarp\b/i;

/** @param device its name in the browser's words */
export const isSoftware = (device: string) => SOFTWARE.test(device);

/**
 * What is known of a candidate without downloading anything.
 * @returns null: it may be worth a trial
 */
export async function foresee(backend: BackendName): Promise<Trial | null> {
  const drawing = webglDevice();
  // Without a graphics card for WebGL there is none for WebGPU, and a browser complains when it is asked for one.
  const device = backend === 'webgpu' && drawing !== null && !isSoftware(drawing) ? await webgpuDevice() : drawing;
  if (device === null) return { backend, outcome: 'missing' };
  return isSoftware(device) ? { backend, outcome: 'software', detail: device } : null;
}

function webglDevice(): string | null {
  // Where the browser itself knows that it draws slowly there is nothing to gain.
  const context = document.createElement('canvas').getContext('webgl2', { failIfMajorPerformanceCaveat: true });
  if (!context) return null;
  const names = context.getExtension('WEBGL_debug_renderer_info');
  const device = String(context.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : context.RENDERER));
  context.getExtension('WEBGL_lose_context')?.loseContext(); // a page may have only a few
  return device;
}

/** The parts of WebGPU that are asked for here. */
interface Gpu {
  requestAdapter: () => Promise<{ isFallbackAdapter?: boolean; info?: GpuInfo } | null>;
}

type GpuInfo = {
  vendor?: string;
  architecture?: string;
  device?: string;
  description?: string;
  isFallbackAdapter?: boolean;
};

async function webgpuDevice(): Promise<string | null> {
  const { gpu } = navigator as unknown as { gpu?: Gpu };
  const adapter = await gpu?.requestAdapter().catch(() => null);
  if (!adapter) return null;
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info ?? {};
  const name = [vendor, architecture, device, description].filter(Boolean).join(' ');
  return adapter.isFallbackAdapter || isFallbackAdapter ? `${name} software` : name;
}

/** Whether the visitor asks sites to download little. */
export function savesData() {
  const { connection } = navigator as { connection?: { saveData?: boolean } };
  return connection?.saveData === true || matchMedia('(prefers-reduced-data: reduce)').matches;
}

/** @returns null where the choice is left to the page */
export function chosenBackend(): BackendName | null {
  const asked = new URLSearchParams(location.search).get('backend') ?? stored(KEY);
  return BACKENDS.find((name) => name === asked) ?? null;
}

export function rememberBackend(name: BackendName | null) {
  const address = new URL(location.href);
  if (address.searchParams.has('backend')) {
    address.searchParams.delete('backend');
    history.replaceState(null, '', address);
  }
  store(KEY, name);
}

/** What trials depend on: another browser, model or worker has to be measured anew. */
function circumstances({ model, workers }: Site) {
  return [
    navigator.userAgent,
    model.hash,
    ...['wasm', ...CANDIDATES].map((name) => workers[name as BackendName].sha256),
  ];
}

/** The trials of an earlier visit, where they still hold. */
export function rememberedTrials(site: Site): Trial[] {
  try {
    const { under, trials } = JSON.parse(stored(TRIALS_KEY) ?? 'null') ?? {};
    return JSON.stringify(under) === JSON.stringify(circumstances(site)) && Array.isArray(trials) ? trials : [];
  } catch {
    return []; // not written by this page
  }
}

export function rememberTrials(site: Site, trials: Trial[]) {
  store(TRIALS_KEY, JSON.stringify({ under: circumstances(site), trials }));
}

function stored(key: string) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(key: string, value: string | null) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Storage is refused here: it holds for this visit.
  }
}
