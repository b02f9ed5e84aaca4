// What a visitor chose about camera and answer, kept in this browser. No picture, and nothing of what was taught.

import { effect } from '@preact/signals';
import { cameraId, facing, mirror, threshold } from './state.js';

const KEY = 'onthefly stage';
/** The slider's end. */
export const MAX_THRESHOLD = 0.95;

/** Takes up what was chosen on an earlier visit, and keeps what is chosen from now on. */
export function keepChoices() {
  const kept = read();
  if (typeof kept.camera === 'string') cameraId.value = kept.camera;
  if (kept.facing === 'user' || kept.facing === 'environment') facing.value = kept.facing;
  if (typeof kept.threshold === 'number' && kept.threshold >= 0 && kept.threshold <= MAX_THRESHOLD) {
    threshold.value = kept.threshold;
  }
  mirror.value = { ...mirror.value, ...mirrorsIn(kept.mirror) };

  let first = true;
  effect(() => {
    const now = { camera: cameraId.value, facing: facing.value, mirror: mirror.value, threshold: threshold.value };
    if (!first) write(now);
    first = false;
  });
}

/** @returns {Record<string, unknown>} */
function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return kept && typeof kept === 'object' ? kept : {};
  } catch {
    return {}; // storage is refused, as to pages inside others, or holds something else
  }
}

/** @param {object} choices */
function write(choices) {
  try {
    localStorage.setItem(KEY, JSON.stringify(choices));
  } catch {
    // Storage is refused or full: the choices hold for this visit.
  }
}

/**
 * @param {unknown} kept
 * @returns {Partial<Record<import('./state.js').Facing, boolean>>}
 */
function mirrorsIn(kept) {
  const { user, environment } = /** @type {Record<string, unknown>} */ (kept ?? {});
  return {
    ...(typeof user === 'boolean' && { user }),
    ...(typeof environment === 'boolean' && { environment }),
  };
}
