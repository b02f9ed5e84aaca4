// Pictures as the worker gets them, to pixels for the backbone and to thumbnails.

import { preprocess, region } from '../core/preprocess.js';

const THUMBNAIL_QUALITY = 0.9;

/** @type {OffscreenCanvas|null} */
let canvas = null;

/**
 * @param {number} width
 * @param {number} height
 */
function context(width, height) {
  canvas ??= new OffscreenCanvas(width, height);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const drawing = canvas.getContext('2d', { willReadFrequently: true, colorSpace: 'srgb' });
  if (!drawing) throw new Error('This browser gives no canvas to read the camera with.');
  return /** @type {OffscreenCanvasRenderingContext2D} */ (drawing);
}

/**
 * The part of a frame that is learned from, as bytes. A bitmap is closed.
 * @param {import('../protocol.js').Frame} frame
 * @param {'crop'|'stretch'} fit
 * @returns {{data: Uint8Array|Uint8ClampedArray, width: number, height: number}}
 */
export function readFrame(frame, fit) {
  if ('data' in frame) return frame;
  const { x, y, width, height } = region(frame.width, frame.height, fit);
  const drawing = context(width, height);
  drawing.drawImage(frame, x, y, width, height, 0, 0, width, height);
  frame.close();
  return drawing.getImageData(0, 0, width, height);
}

/** Edge of the picture that is drawn to see whether it comes back. */
const KNOWN_EDGE = 32;

/**
 * Whether pixels come back from a canvas as they were drawn. Browsers that guard against fingerprinting add
 * noise to what a page reads, and so to everything that it would learn from.
 * @returns {Promise<boolean>}
 */
export async function readsBackExactly() {
  const known = new ImageData(KNOWN_EDGE, KNOWN_EDGE);
  for (let i = 0; i < known.data.length; i++) known.data[i] = i % 4 === 3 ? 255 : (i * 37 + (i >> 5) * 11) % 256;
  const bitmap = await createImageBitmap(known);
  const { data } = readFrame(bitmap, 'stretch');
  return known.data.every((value, i) => value === data[i]);
}

/**
 * @param {{data: Uint8Array|Uint8ClampedArray, width: number, height: number}} pixels RGBA
 * @param {import('../protocol.js').Preprocess} options
 */
export function toInput(pixels, options) {
  return preprocess(pixels.data, pixels.width, pixels.height, options);
}

/**
 * The square that is learned from, as a JPEG of the backbone's size.
 * @param {{data: Uint8Array|Uint8ClampedArray, width: number, height: number}} pixels RGBA
 * @param {import('../protocol.js').Preprocess} options
 * @returns {Promise<Blob>}
 */
export async function thumbnail(pixels, { size, fit }) {
  const image = new ImageData(new Uint8ClampedArray(pixels.data), pixels.width, pixels.height);
  const bitmap = await createImageBitmap(image);
  const { x, y, width, height } = region(pixels.width, pixels.height, fit);
  const small = new OffscreenCanvas(size, size);
  const drawing = /** @type {OffscreenCanvasRenderingContext2D} */ (small.getContext('2d'));
  drawing.imageSmoothingQuality = 'high';
  drawing.drawImage(bitmap, x, y, width, height, 0, 0, size, size);
  bitmap.close();
  return small.convertToBlob({ type: 'image/jpeg', quality: THUMBNAIL_QUALITY });
}
