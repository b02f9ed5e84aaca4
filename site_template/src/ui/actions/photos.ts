// Photos: taking, removing and moving them.

import { batch } from '@preact/signals';
import * as Comlink from 'comlink';
import { grabFrame } from '../camera.js';
import { addPhotos, arrange, remember, touch } from '../document.js';
import { lastClassId } from '../focus.js';
import { complain, say, session } from '../session.js';
import * as state from '../state.js';
import { strings } from '../strings.js';

/** @import {ClassEntry} from '../state.js' */

/** Called with every new photo, for whoever keeps it. @type {Set<(photo: KeptPhoto) => void>} */
const followers = new Set();

/** @typedef {{id: number, classId: string, features: Float32Array, picture: Blob}} KeptPhoto */

/** @param {(photo: KeptPhoto) => void} follower */
export const onPhoto = (follower) => followers.add(follower);

/** @type {Promise<unknown>} */
let lastPhoto = Promise.resolve();

/**
 * Adds the frame on show to a class, after the photo before it has been added: one frame is on its way at a time.
 * `remember` follows when the recording ends.
 * @param {string} classId
 * @returns {Promise<boolean>} whether a photo was added
 */
export function takePhoto(classId) {
  lastClassId.value = classId;
  const photo = lastPhoto.then(async () => {
    try {
      const frame = await grabFrame();
      return !!frame && (await addFrame(frame, classId));
    } catch (error) {
      complain(strings.record.failed, error);
      return false;
    }
  });
  lastPhoto = photo;
  return photo;
}

/**
 * Teaches a class one picture. `remember` follows.
 * @param {ImageBitmap|VideoFrame} frame closed
 * @param {string} classId
 * @returns {Promise<boolean>} false where the model is not there, or the class is gone
 */
export async function addFrame(frame, classId) {
  if (!session.worker) {
    frame.close();
    return false;
  }
  const {
    id,
    thumbnail: picture,
    features,
  } = await session.worker.addExample(Comlink.transfer(frame, [frame]), classId);
  const entry = state.classes.value.find((candidate) => candidate.id === classId);
  if (!entry) return false;
  addPhotos(entry, [{ id, picture }]);
  followers.forEach((follower) => follower({ id, classId, features, picture }));
  return true;
}

/**
 * Teaches several pictures at once. `remember` follows.
 * @param {ImageBitmap[]} frames closed
 * @param {string[]} classIds of the class that each belongs to
 * @returns {Promise<(ClassEntry|null)[]>} the class that each went to; null where the model is not there, or it is gone
 */
export async function addFrames(frames, classIds) {
  if (!session.worker) {
    frames.forEach((frame) => frame.close());
    return frames.map(() => null);
  }
  const added = await session.worker.addExamples(Comlink.transfer(frames, frames), classIds);
  const entries = new Map(state.classes.value.map((entry) => [entry.id, entry]));
  const taken = classIds.map((id, i) => (added[i] && entries.get(id)) ?? null);
  /** @type {KeptPhoto[]} */
  const kept = [];
  /** @type {Map<ClassEntry, import('../state.js').Photo[]>} */
  const photos = new Map();
  added.forEach((one, i) => {
    const entry = taken[i];
    if (!one || !entry) return;
    const { id, features, thumbnail: picture } = one;
    photos.set(entry, [...(photos.get(entry) ?? []), { id, picture }]);
    kept.push({ id, classId: entry.id, features, picture });
  });
  batch(() => photos.forEach((some, entry) => addPhotos(entry, some)));
  kept.forEach((photo) => followers.forEach((follower) => follower(photo)));
  return taken;
}

/**
 * @param {ClassEntry} entry
 * @param {ReadonlySet<number>} ids
 */
export function removePhotos(entry, ids) {
  const kept = entry.photos.value.filter(({ id }) => !ids.has(id));
  const count = entry.photos.value.length - kept.length;
  if (!count) return;
  touch(() => {
    entry.photos.value = kept;
  });
  arrange();
  const name = state.nameOf(entry);
  remember(strings.history.removePhotos(count, name));
  say(strings.photos.removed(count, name));
}

/**
 * @param {ClassEntry} from
 * @param {ReadonlySet<number>} ids
 * @param {ClassEntry} to
 */
export function movePhotos(from, ids, to) {
  const moved = from.photos.value.filter(({ id }) => ids.has(id));
  if (!moved.length || from === to) return;
  touch(() => {
    from.photos.value = from.photos.value.filter(({ id }) => !ids.has(id));
    to.photos.value = [...to.photos.value, ...moved].sort((a, b) => a.id - b.id);
  });
  arrange();
  const name = state.nameOf(to);
  remember(strings.history.movePhotos(moved.length, name));
  say(strings.photos.moved(moved.length, name));
}
