// Photos: capturing, removing and moving them.

import { batch } from '@preact/signals';
import * as Comlink from 'comlink';
import { captureFrame } from '../camera/camera.ts';
import { addPhotos, arrange, remember, touch } from '../document/document.ts';
import { complain, say, session } from '../document/session.ts';
import type { ClassEntry, Photo } from '../document/state.ts';
import * as state from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { lastClassId } from './selection.ts';

/** Called with every new photo, for whoever keeps it. */
const followers = new Set<(photo: KeptPhoto) => void>();

type KeptPhoto = { id: number; classId: string; features: Float32Array; picture: Blob };

export const onPhoto = (follower: (photo: KeptPhoto) => void) => followers.add(follower);

let lastPhoto: Promise<unknown> = Promise.resolve();

/**
 * Adds the frame on show to a class, after the photo before it has been added: one frame is on its way at a time.
 * `remember` follows when the recording ends.
 * @returns whether a photo was added
 */
export function capturePhoto(classId: string): Promise<boolean> {
  lastClassId.value = classId;
  const photo = lastPhoto.then(async () => {
    try {
      const frame = await captureFrame();
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
 * @param frame closed
 * @returns false where the model is not there, or the class is gone
 */
async function addFrame(frame: ImageBitmap | VideoFrame, classId: string): Promise<boolean> {
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
 * @param frames closed
 * @param classIds of the class that each belongs to
 * @returns the class that each went to; null where the model is not there, or it is gone
 */
export async function addFrames(frames: ImageBitmap[], classIds: string[]): Promise<(ClassEntry | null)[]> {
  if (!session.worker) {
    frames.forEach((frame) => frame.close());
    return frames.map(() => null);
  }
  const added = await session.worker.addExamples(Comlink.transfer(frames, frames), classIds);
  const entries = new Map(state.classes.value.map((entry) => [entry.id, entry]));
  const addedTo = classIds.map((id, i) => (added[i] && entries.get(id)) ?? null);
  const kept: KeptPhoto[] = [];
  const photos = new Map<ClassEntry, Photo[]>();
  added.forEach((one, i) => {
    const entry = addedTo[i];
    if (!one || !entry) return;
    const { id, features, thumbnail: picture } = one;
    photos.set(entry, [...(photos.get(entry) ?? []), { id, picture }]);
    kept.push({ id, classId: entry.id, features, picture });
  });
  batch(() => photos.forEach((some, entry) => addPhotos(entry, some)));
  kept.forEach((photo) => followers.forEach((follower) => follower(photo)));
  return addedTo;
}

export function removePhotos(entry: ClassEntry, ids: ReadonlySet<number>) {
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

export function movePhotos(from: ClassEntry, ids: ReadonlySet<number>, to: ClassEntry) {
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
