// Asks for predictions: at every new video frame, one at a time, so that frames that arrive meanwhile are dropped; or
// once for a photo in the camera's place, and again for every new head.

import { effect } from '@preact/signals';
import { currentVideo } from '../camera/camera.ts';
import { camera, head, prediction, probe } from '../document/state.ts';
import { predictFrame, predictPhoto } from './predict.ts';

/** Predicts for as long as there is something to see. */
export function keepPredicting() {
  effect(() => {
    const photo = probe.value;
    prediction.value = null;
    if (photo) return followHeads(photo);
    return camera.value.status === 'on' ? followFrames() : undefined;
  });
}

/** @returns stops following */
function followHeads(photo: File): () => void {
  return effect(() => {
    if (!head.value) return;
    predictPhoto(photo).catch(() => {
      if (probe.peek() === photo) prediction.value = null;
    });
  });
}

/** @returns stops following */
function followFrames(): () => void {
  let stopped = false;
  let busy = false;
  // Whether a frame came during a prediction: the next one then begins at once, with what the video shows by then.
  let missed = false;

  const next = () => {
    const video = currentVideo();
    if (video && 'requestVideoFrameCallback' in video) video.requestVideoFrameCallback(onFrame);
    else requestAnimationFrame(onFrame);
  };
  const onFrame = () => {
    if (stopped) return;
    next();
    if (busy) missed = true;
    else predict();
  };
  const predict = async () => {
    if (stopped || document.hidden || !head.peek()) return;
    busy = true;
    missed = false;
    try {
      await predictFrame();
    } catch {
      // A lost worker is reported by the action that needed it; the bars fall back to rest.
      prediction.value = null;
    } finally {
      busy = false;
    }
    if (missed) predict();
  };

  next();
  return () => {
    stopped = true;
  };
}
