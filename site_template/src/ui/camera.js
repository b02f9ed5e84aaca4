// The camera: starting, stopping, telling its faults apart, and handing out frames.

import { camera } from './state.js';

/** @typedef {import('./state.js').CameraFault} CameraFault */

// Small enough to be quick on a phone, and still larger than what the backbone reads.
const CONSTRAINTS = {
  audio: false,
  video: { facingMode: 'user', width: { ideal: 640 }, height: { ideal: 480 } },
};

/** @type {HTMLVideoElement|null} */
let video = null;
/** @type {MediaStream|null} */
let stream = null;
// A visitor may press Stop while the browser still asks for permission: only the latest attempt counts.
let attempt = 0;

/** Whether the browser offers a camera at all: only on secure addresses. */
export function mayUseCamera() {
  return window.isSecureContext && !!navigator.mediaDevices?.getUserMedia;
}

/** @param {HTMLVideoElement|null} element the preview, which is also where frames are taken from */
export function bindVideo(element) {
  video = element;
  if (video && stream) show(video, stream);
}

export function currentVideo() {
  return video;
}

export async function startCamera() {
  const mine = ++attempt;
  release();
  camera.value = { status: 'starting' };
  try {
    const opened = await navigator.mediaDevices.getUserMedia(CONSTRAINTS);
    if (mine !== attempt) {
      opened.getTracks().forEach((track) => track.stop());
      return;
    }
    stream = opened;
    watch(opened, mine);
    if (video) await show(video, opened);
    if (mine === attempt) camera.value = { status: 'on' };
  } catch (error) {
    if (mine === attempt) fail(faultOf(error));
  }
}

export function stopCamera() {
  attempt += 1;
  release();
  camera.value = { status: 'off' };
}

/** Starts the camera by itself where the visitor has allowed it before, so that no prompt surprises. */
export async function startCameraIfGranted() {
  try {
    const permission = await navigator.permissions.query({ name: /** @type {PermissionName} */ ('camera') });
    if (permission.state === 'granted' && camera.value.status === 'off') await startCamera();
  } catch {
    // Some browsers do not know this permission: the visitor presses the button there.
  }
}

/**
 * The frame on show, not mirrored.
 * @returns {Promise<ImageBitmap|null>} null while the camera gives no picture
 */
export async function grabFrame() {
  if (camera.value.status !== 'on' || !video || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
  return createImageBitmap(video);
}

/**
 * @param {HTMLVideoElement} element
 * @param {MediaStream} source
 */
async function show(element, source) {
  element.srcObject = source;
  try {
    await element.play();
  } catch {
    // A play() interrupted by a stop or a newer start; the element plays by itself otherwise.
  }
}

/**
 * @param {MediaStream} source
 * @param {number} mine
 */
function watch(source, mine) {
  for (const track of source.getVideoTracks()) {
    track.addEventListener('ended', () => {
      if (mine === attempt) fail('unplugged');
    });
  }
}

/** @param {CameraFault} fault */
function fail(fault) {
  attempt += 1;
  release();
  camera.value = { status: 'failed', fault };
}

function release() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  if (video) video.srcObject = null;
}

/**
 * @param {unknown} error as getUserMedia throws it
 * @returns {CameraFault}
 */
function faultOf(error) {
  // By its name alone: in older browsers an OverconstrainedError is no Error.
  switch (error && typeof error === 'object' && 'name' in error ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'refused';
    case 'NotFoundError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    case 'OverconstrainedError':
      return 'constraints';
    default:
      return 'unknown';
  }
}
