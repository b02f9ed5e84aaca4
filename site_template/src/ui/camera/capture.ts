// Frames of a video for the worker. A `VideoFrame` goes there without a copy; but where browsers have it, not all show in
// it what the video shows, so the worker compares one with a bitmap first.

import * as Comlink from 'comlink';
import { session } from '../document/session.ts';

/** The stream whose frames were compared. */
let compared: MediaProvider | null = null;
/** Whether its frames are good. */
let direct = false;
let comparing = false;

/**
 * @param video that shows a picture
 * @returns to be transferred or closed
 */
export async function capture(video: HTMLVideoElement): Promise<ImageBitmap | VideoFrame> {
  if (compared !== video.srcObject && !comparing) compare(video);
  if (direct && compared === video.srcObject) {
    try {
      return new VideoFrame(video);
    } catch {
      direct = false;
    }
  }
  return createImageBitmap(video);
}

async function compare(video: HTMLVideoElement) {
  const { worker } = session;
  if (!worker || typeof VideoFrame === 'undefined') return;
  const stream = video.srcObject;
  comparing = true;
  let frame: VideoFrame | undefined;
  try {
    // Both in one task, so that they are of one moment.
    frame = new VideoFrame(video);
    const bitmap = await createImageBitmap(video);
    const agreed = await worker.agree(Comlink.transfer(frame, [frame]), Comlink.transfer(bitmap, [bitmap]));
    if (agreed === null) return; // a blank picture: the next one may tell
    direct = agreed;
    compared = stream;
  } catch {
    // This browser makes no VideoFrame of a video.
    direct = false;
    compared = stream;
  } finally {
    frame?.close();
    comparing = false;
  }
}
