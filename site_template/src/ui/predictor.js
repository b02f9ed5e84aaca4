// Asks for a prediction at every new video frame, one at a time: frames that arrive meanwhile are dropped.

import { effect } from '@preact/signals';
import { predictFrame } from './actions.js';
import { currentVideo } from './camera.js';
import { camera, head, prediction } from './state.js';

/** Predicts for as long as the camera runs. */
export function keepPredicting() {
  effect(() => {
    if (camera.value.status !== 'on') {
      prediction.value = null;
      return undefined;
    }
    return followFrames();
  });
}

/** @returns {() => void} stops following */
function followFrames() {
  let stopped = false;
  let busy = false;

  const next = () => {
    const video = currentVideo();
    if (video && 'requestVideoFrameCallback' in video) video.requestVideoFrameCallback(onFrame);
    else requestAnimationFrame(onFrame);
  };
  const onFrame = async () => {
    if (stopped) return;
    next();
    if (busy || document.hidden || !head.peek()) return;
    busy = true;
    try {
      await predictFrame();
    } catch {
      // A lost worker is reported by the action that needed it; the bars fall back to rest.
      prediction.value = null;
    } finally {
      busy = false;
    }
  };

  next();
  return () => {
    stopped = true;
  };
}
