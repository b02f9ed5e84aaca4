// The camera: choosing, starting and stopping it, telling its faults apart, and handing out frames.

import {
  type CameraFault,
  camera,
  cameraId,
  cameras,
  type Facing,
  facing,
  lens,
  permission,
} from '../document/state.ts';
import { capture } from './capture.ts';

// Small enough to be quick on a phone, and still larger than what the backbone reads.
const SIZE = { width: { ideal: 640 }, height: { ideal: 480 } };

let video: HTMLVideoElement | null = null;
let stream: MediaStream | null = null;
// A visitor may press Stop while the browser still asks for permission: only the latest attempt counts.
let attempt = 0;
/** Whether the camera stopped because the page was put away, and starts again with it. */
let resting = false;

/** Whether the browser offers a camera at all: only on secure addresses. */
export function mayUseCamera() {
  return window.isSecureContext && !!navigator.mediaDevices?.getUserMedia;
}

/** @param element the preview, which is also where frames are taken from */
export function bindVideo(element: HTMLVideoElement | null) {
  video = element;
  if (video && stream) show(video, stream);
}

export function currentVideo() {
  return video;
}

export async function startCamera() {
  const mine = ++attempt;
  resting = false;
  release();
  if (isForbidden()) return fail('policy');
  camera.value = { status: 'starting' };
  try {
    const { opened, compromise } = await open(mine);
    if (mine !== attempt) return opened.getTracks().forEach((track) => track.stop());
    stream = opened;
    permission.value = 'granted';
    const [track] = opened.getVideoTracks();
    watch(track, mine);
    lens.value = lensOf(track);
    listCameras();
    if (video) await show(video, opened);
    if (mine !== attempt) return;
    camera.value = { status: track.muted ? 'asleep' : 'on', compromise };
    if (document.hidden) rest();
  } catch (error) {
    if (mine === attempt) fail(faultOf(error));
  }
}

export function stopCamera() {
  attempt += 1;
  resting = false;
  release();
  camera.value = { status: 'off' };
}

/** Lets the camera go while nobody looks at the page. */
function rest() {
  if (camera.value.status !== 'on' && camera.value.status !== 'asleep') return;
  stopCamera();
  resting = true;
}

/** @param id of one of `cameras`; empty for whichever the browser takes */
export function chooseCamera(id: string) {
  cameraId.value = id;
  if (camera.value.status !== 'off') startCamera();
}

export function turnCamera(side: Facing) {
  facing.value = side;
  chooseCamera('');
}

/**
 * Follows what the browser says of cameras, and starts one by itself where the visitor has allowed it before, so that
 * no prompt surprises.
 */
export async function watchCameras() {
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) rest();
    else if (resting) startCamera();
  });
  navigator.mediaDevices.addEventListener('devicechange', listCameras);
  listCameras();
  if (isForbidden()) fail('policy');
  else await watchPermission();
}

async function watchPermission() {
  try {
    const status = await navigator.permissions.query({ name: 'camera' as PermissionName });
    const { fault } = camera.value;
    permission.value = status.state;
    status.onchange = () => follow(status.state);
    if (status.state !== 'granted' || camera.value.status !== 'off' || fault) return;
    if (document.hidden) resting = true;
    else await startCamera();
  } catch {
    // Some browsers do not know this permission: the visitor presses the button there.
  }
}

/** The visitor has changed the permission in the browser itself. */
function follow(now: PermissionState) {
  permission.value = now;
  const { status, fault } = camera.value;
  if (now === 'granted' && fault === 'refused') startCamera();
  // The browser ends the stream too, and that alone would look like a cable that was pulled.
  if (now === 'denied' && (status === 'on' || status === 'asleep' || fault === 'unplugged')) fail('refused');
}

async function listCameras() {
  try {
    const devices = await navigator.mediaDevices.enumerateDevices();
    cameras.value = devices
      .filter(({ kind }) => kind === 'videoinput')
      .map(({ deviceId, label }) => ({ id: deviceId, label }));
  } catch {
    cameras.value = [];
  }
}

/** Whether the page's host, or the page that it is in, keeps the camera from it. Only some browsers tell. */
function isForbidden() {
  const policy = (document as unknown as { featurePolicy?: { allowsFeature: (name: string) => boolean } })
    .featurePolicy;
  return policy?.allowsFeature('camera') === false;
}

/** Whether the page is inside another one. */
export const framed = window.parent !== window;

/**
 * The frame on show, not mirrored.
 * @returns to be transferred or closed; null while the camera gives no picture
 */
export async function captureFrame(): Promise<ImageBitmap | VideoFrame | null> {
  if (camera.value.status !== 'on' || !video || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
  return capture(video);
}

/** What to ask the browser for, the best first, each with what it gives up. */
function wishes(): { video: true | MediaTrackConstraints; compromise?: 'size' | 'other' }[] {
  const towards = { facingMode: facing.value };
  if (!cameraId.value) {
    return [
      { video: { ...towards, ...SIZE } },
      { video: towards, compromise: 'size' },
      { video: true, compromise: 'size' },
    ];
  }
  const chosen = { deviceId: { exact: cameraId.value } };
  return [
    { video: { ...chosen, ...SIZE } },
    { video: chosen, compromise: 'size' },
    { video: { ...towards, ...SIZE }, compromise: 'other' },
    { video: true, compromise: 'other' },
  ];
}

/** Opens a camera, with fewer wishes where the browser cannot grant them all. */
async function open(mine: number) {
  let refusal: unknown;
  for (const { video: wish, compromise } of wishes()) {
    try {
      const opened = await navigator.mediaDevices.getUserMedia({ audio: false, video: wish });
      return { opened, compromise };
    } catch (error) {
      if (mine !== attempt || faultOf(error) !== 'constraints') throw error;
      refusal = error;
    }
  }
  throw refusal;
}

function lensOf(track: MediaStreamTrack): { id: string; facing: Facing | null } {
  const { deviceId = '', facingMode } = track.getSettings();
  const sided = facingMode === 'user' || facingMode === 'environment';
  return { id: deviceId, facing: sided ? facingMode : null };
}

async function show(element: HTMLVideoElement, source: MediaStream) {
  if (element.srcObject !== source) element.srcObject = source;
  try {
    await element.play();
  } catch {
    // A play() interrupted by a stop or a newer start; the element plays by itself otherwise.
  }
}

function watch(track: MediaStreamTrack, mine: number) {
  track.addEventListener('ended', () => {
    if (mine !== attempt) return;
    // The browser's list may still name it.
    cameras.value = cameras.value.filter(({ id }) => id && id !== lens.value?.id);
    fail(permission.value === 'denied' ? 'refused' : 'unplugged');
  });
  track.addEventListener('mute', () => {
    if (mine === attempt && camera.value.status === 'on') camera.value = { ...camera.value, status: 'asleep' };
  });
  track.addEventListener('unmute', () => {
    if (mine !== attempt || camera.value.status !== 'asleep') return;
    if (video && stream) show(video, stream); // some phones pause it meanwhile
    camera.value = { ...camera.value, status: 'on' };
  });
}

function fail(fault: CameraFault) {
  attempt += 1;
  release();
  if (fault === 'missing') cameras.value = []; // whatever was listed, until the browser tells of a change
  camera.value = { status: 'failed', fault };
}

function release() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  if (video) video.srcObject = null;
}

/** @param error as getUserMedia throws it */
function faultOf(error: unknown): CameraFault {
  // By its name alone: in older browsers an OverconstrainedError is no Error.
  const { name = '', message = '' } = (error ?? {}) as { name?: string; message?: string };
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      // Chrome's words where the computer's own settings stand in the way.
      return /by system/i.test(message) ? 'system' : 'refused';
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
