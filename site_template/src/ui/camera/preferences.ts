// What a visitor prefers about camera and answer, kept in this browser. No picture, and nothing of what was taught.

import { effect } from '@preact/signals';
import { cameraId, type Facing, facing, mirror, threshold } from '../document/state.ts';

const KEY = 'onthefly stage';
/** The slider's end. */
export const MAX_THRESHOLD = 0.95;

/** Takes up what was chosen on an earlier visit, and keeps what is chosen from now on. */
export function keepPreferences() {
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

/** Mirrors the preview of a camera, or not. */
export function changeMirror(side: Facing, mirrored: boolean) {
  mirror.value = { ...mirror.value, [side]: mirrored };
}

/** @param probability 0 to `MAX_THRESHOLD` */
export function changeThreshold(probability: number) {
  threshold.value = probability;
}

function read(): Record<string, unknown> {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return kept && typeof kept === 'object' ? kept : {};
  } catch {
    return {}; // storage is refused, as to pages inside others, or holds something else
  }
}

function write(preferences: object) {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // Storage is refused or full: the preferences hold for this visit.
  }
}

function mirrorsIn(kept: unknown): Partial<Record<Facing, boolean>> {
  const { user, environment } = (kept ?? {}) as Record<string, unknown>;
  return {
    ...(typeof user === 'boolean' && { user }),
    ...(typeof environment === 'boolean' && { environment }),
  };
}
