// Asking the model about what the camera shows, or about a photo in its place.

import { batch } from '@preact/signals';
import * as Comlink from 'comlink';
import { bitmapOf, frameOf, ImageError } from '../../images.ts';
import type { Frame } from '../../protocol.ts';
import { captureFrame } from '../camera/camera.ts';
import { say, session, warn } from '../document/session.ts';
import * as state from '../document/state.ts';
import { strings } from '../i18n/strings.ts';

/** Asks the worker about the frame on show. Does nothing where there is no head, or no picture. */
export async function predictFrame() {
  if (!session.worker || !state.head.value) return;
  const frame = await captureFrame();
  if (frame) {
    await ask(Comlink.transfer(frame, [frame]), () => state.camera.value.status === 'on' && !state.probe.value);
  }
}

/** Asks the worker about a photo, prepared as photos to learn from are. Does nothing where there is no head. */
export async function predictPhoto(photo: File) {
  if (!session.worker || !state.head.value) return;
  await ask(await frameOf(photo), () => state.probe.value === photo);
}

/** @param wanted whether the answer still is, when it comes */
async function ask(frame: Frame, wanted: () => boolean) {
  const asked = state.head.value;
  const answer = await session.worker?.predict(frame);
  // The camera may have been stopped, or everything forgotten, while the worker computed.
  if (answer === undefined || !wanted() || !state.head.value) return;
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

/**
 * Shows a photo in the camera's place, for the model to name it.
 * @returns false where it cannot be read
 */
export async function showPhoto(photo: File): Promise<boolean> {
  try {
    const bitmap = await bitmapOf(photo);
    bitmap.close();
  } catch (error) {
    const isTooLarge = error instanceof ImageError && error.code === 'too-large';
    const why = isTooLarge ? strings.probe.tooLarge : strings.probe.unreadable;
    warn(why(photo.name));
    return false;
  }
  state.probe.value = photo;
  say(strings.probe.shown(photo.name));
  return true;
}

export function closePhoto() {
  state.probe.value = null;
}
