// Pictures as the worker gets them, to bytes for the backbone and to thumbnails.

import { BACKGROUND, onBackground, region } from '../core/preprocess.ts';
import { WorkerError } from '../errors.ts';
import type { Frame, Preprocess } from '../protocol.ts';

/** RGBA bytes. */
export type Pixels = { data: Uint8Array | Uint8ClampedArray<ArrayBufferLike>; width: number; height: number };
type Region = ReturnType<typeof region>;

const THUMBNAIL_QUALITY = 0.9;

/**
 * The longest side of a canvas here. Every browser has canvases of this size; each has another limit beyond, and past
 * it gives black without a word.
 */
const CANVAS_EDGE = 4096;

let canvas: OffscreenCanvas | null = null;

/**
 * The canvas that all pictures share: whoever draws on it covers what was there.
 * @param width at most `CANVAS_EDGE`, as is the height
 */
function context(width: number, height: number) {
  canvas ??= new OffscreenCanvas(width, height);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const drawing = canvas.getContext('2d', { willReadFrequently: true, colorSpace: 'srgb' });
  if (!drawing) throw new WorkerError('no-canvas');
  return drawing as OffscreenCanvasRenderingContext2D;
}

/** Lets go of a frame. The camera stops when too many of its frames are held. */
export function release(frame: Frame) {
  if ('close' in frame) frame.close();
}

/**
 * The part of a frame that is learned from, as opaque bytes: what is transparent lies on the background. The frame is
 * closed.
 */
export async function readFrame(frame: Frame, fit: 'crop' | 'stretch'): Promise<Pixels> {
  if ('data' in frame) return { ...frame, data: onBackground(frame.data) };
  try {
    if ('displayWidth' in frame) return await readVideoFrame(frame, fit);
    return draw(frame, region(frame.width, frame.height, fit));
  } finally {
    release(frame);
  }
}

/** @param part read as it is: no scaling */
function draw(
  frame: ImageBitmap | VideoFrame,
  { x, y, width, height }: Region,
): { data: Uint8ClampedArray<ArrayBufferLike>; width: number; height: number } {
  if (width <= CANVAS_EDGE && height <= CANVAS_EDGE) return drawTile(frame, { x, y, width, height });
  const data = new Uint8ClampedArray(4 * width * height);
  for (let top = 0; top < height; top += CANVAS_EDGE) {
    for (let left = 0; left < width; left += CANVAS_EDGE) {
      const [w, h] = [Math.min(CANVAS_EDGE, width - left), Math.min(CANVAS_EDGE, height - top)];
      const tile = drawTile(frame, { x: x + left, y: y + top, width: w, height: h });
      for (let row = 0; row < h; row++) {
        data.set(tile.data.subarray(4 * row * w, 4 * (row + 1) * w), 4 * ((top + row) * width + left));
      }
    }
  }
  return { data, width, height };
}

/** @param part no larger than a canvas may be */
function drawTile(frame: ImageBitmap | VideoFrame, { x, y, width, height }: Region) {
  const drawing = context(width, height);
  drawing.fillStyle = `rgb(${BACKGROUND} ${BACKGROUND} ${BACKGROUND})`;
  drawing.fillRect(0, 0, width, height);
  drawing.drawImage(frame, x, y, width, height, 0, 0, width, height);
  const pixels = drawing.getImageData(0, 0, width, height);
  // The background was drawn first, so nothing can be transparent but what comes from a canvas without memory.
  if (pixels.data[3] === 255 && pixels.data[pixels.data.length - 1] === 255) return pixels;
  canvas = null;
  throw new WorkerError('no-memory', frameSize(frame));
}

function frameSize(frame: ImageBitmap | VideoFrame) {
  if ('displayWidth' in frame) return { width: frame.displayWidth, height: frame.displayHeight };
  return { width: frame.width, height: frame.height };
}

/** Whether copying gives the bytes that drawing gives, by kind of frame. */
const copies = new Map<string, boolean>();

/**
 * Copying reads only the part that is wanted and takes a third of the time of drawing, but a browser may convert
 * colours otherwise then. So the first frame of each kind is read both ways.
 */
async function readVideoFrame(frame: VideoFrame, fit: 'crop' | 'stretch'): Promise<Pixels> {
  const part = region(frame.displayWidth, frame.displayHeight, fit);
  const kind = kindOf(frame);
  const known = copies.get(kind);
  if (known === false || hasAlpha(frame) || !isUpright(frame) || !isWhole(part)) return draw(frame, part);
  const copied: Pixels | null = await copy(frame, part).catch(() => null);
  if (known && copied) return copied;
  const drawn = draw(frame, part);
  if (!copied) copies.set(kind, false);
  else if (!isBlank(drawn))
    copies.set(
      kind,
      drawn.data.every((value, i) => value === copied.data[i]),
    );
  return drawn;
}

async function copy(frame: VideoFrame, { x, y, width, height }: Region): Promise<Pixels> {
  const data = new Uint8ClampedArray(4 * width * height);
  const { left, top } = frame.visibleRect!;
  const rect = { x: left + x, y: top + y, width, height };
  await frame.copyTo(data, { rect, format: 'RGBA', colorSpace: 'srgb' });
  // A frame without a format may be anything.
  return { data: frame.format ? data : onBackground(data), width, height };
}

function kindOf({ format, codedWidth, codedHeight, colorSpace }: VideoFrame) {
  return JSON.stringify([format, codedWidth, codedHeight, colorSpace.toJSON()]);
}

/** Whether a frame's bytes stand as it is shown: copying neither turns nor scales. */
function isUpright({
  rotation,
  flip,
  visibleRect,
  displayWidth,
  displayHeight,
}: VideoFrame & { rotation?: number; flip?: boolean }) {
  return !rotation && !flip && visibleRect?.width === displayWidth && visibleRect.height === displayHeight;
}

/** Whether a frame has alpha, which only drawing puts on the background. */
const hasAlpha = ({ format }: VideoFrame) => !!format?.includes('A');

/** Whether a part begins and ends between the samples of colour, which stand for two by two pixels. */
function isWhole({ x, y, width, height }: Region) {
  return [x, y, width, height].every((value) => value % 2 === 0);
}

/** Whether a picture shows nothing, as a camera's first ones do: from such a one nothing can be told. */
function isBlank({ data }: Pixels) {
  return data.every((value, i) => value === data[i % 4]);
}

/** How much two ways through the browser may differ in a byte, in the mean. */
const CONVERSION = 8;

/**
 * Whether a frame shows what a bitmap of the same moment shows, but for rounding. Both are closed.
 * @returns null where the picture is blank, which proves nothing
 */
export async function agree(frame: VideoFrame, bitmap: ImageBitmap): Promise<boolean | null> {
  try {
    const wanted = draw(bitmap, region(bitmap.width, bitmap.height, 'stretch'));
    if (isBlank(wanted)) return null;
    const found = await readFrame(frame, 'stretch');
    if (found.width !== wanted.width || found.height !== wanted.height) return false;
    const difference = wanted.data.reduce((sum, value, i) => sum + Math.abs(value - found.data[i]), 0);
    return difference <= CONVERSION * wanted.data.length;
  } finally {
    release(frame);
    release(bitmap);
  }
}

/** Edge of the picture that is drawn to see whether it comes back. */
const KNOWN_EDGE = 32;

/**
 * Whether pixels come back from a canvas as they were drawn. Browsers that guard against fingerprinting add
 * noise to what a page reads, and so to everything that it would learn from.
 */
export async function readsBackExactly(): Promise<boolean> {
  const known = new ImageData(KNOWN_EDGE, KNOWN_EDGE);
  for (let i = 0; i < known.data.length; i++) known.data[i] = i % 4 === 3 ? 255 : (i * 37 + (i >> 5) * 11) % 256;
  const bitmap = await createImageBitmap(known);
  const { data } = await readFrame(bitmap, 'stretch');
  return known.data.every((value, i) => value === data[i]);
}

/**
 * The square that is learned from, as a JPEG of the backbone's size.
 * @param pixels opaque
 */
export function thumbnail(pixels: Pixels, { size, fit }: Preprocess): Promise<Blob> {
  const { data, width, height } = sparse(pixels, region(pixels.width, pixels.height, fit));
  const whole = context(width, height);
  whole.putImageData(new ImageData(data, width, height), 0, 0);
  const small = new OffscreenCanvas(size, size);
  const drawing = small.getContext('2d', { willReadFrequently: true })!;
  drawing.imageSmoothingQuality = 'high';
  drawing.drawImage(whole.canvas, 0, 0, width, height, 0, 0, size, size);
  return small.convertToBlob({ type: 'image/jpeg', quality: THUMBNAIL_QUALITY });
}

/**
 * A part of a picture, small enough for a canvas: all its pixels, or every second, third … of those beyond its size, of
 * which there are still many to each of a thumbnail's.
 */
function sparse({ data, width: stride }: Pixels, { x, y, width: w, height: h }: Region) {
  const [across, down] = [Math.ceil(w / CANVAS_EDGE), Math.ceil(h / CANVAS_EDGE)];
  const [width, height] = [Math.ceil(w / across), Math.ceil(h / down)];
  const taken = new Uint8ClampedArray(4 * width * height);
  for (let row = 0; row < height; row++) {
    const from = 4 * ((y + row * down) * stride + x);
    const to = 4 * row * width;
    if (across === 1) {
      taken.set(data.subarray(from, from + 4 * width), to);
      continue;
    }
    for (let column = 0; column < width; column++) {
      const at = from + 4 * column * across;
      taken.set(data.subarray(at, at + 4), to + 4 * column);
    }
  }
  return { data: taken, width, height };
}
