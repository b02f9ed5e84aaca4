// From whatever a page calls an image to pixels for the worker: upright, at their own size.

import { transfer } from 'comlink';
import type { ImageLike } from './api.ts';
import { PICTURE_PIXELS } from './contract.ts';
import { CodedError, type Given } from './errors.ts';
import { type Size, sizeOf } from './picture-size.ts';
import type { Frame } from './protocol.ts';

const KINDS: string =
  'an <img>, <video> or <canvas> element, an ImageBitmap, ImageData, a File or Blob, or {data, width, height} with RGBA bytes';

const IMAGE_MESSAGES = {
  'bad-image/kind': `This is not an image ({kind}). Give ${KINDS}.`,
  'bad-image/pixels': `This is not an image. Give ${KINDS}.`,
  'bad-image/broken': '{what} is broken, empty, or of a kind that this browser cannot read.',
  'bad-image/video': 'The video has no picture yet. Wait for its `loadeddata` event.',
  'bad-image/missing': 'The image {url} could not be loaded.',
  'bad-image/bytes': '{width} by {height} pixels of RGBA are {needed} bytes, and the image has {bytes}.',
  'bad-image/foreign':
    'The image is from another server, and its pixels may not be read. Let that server send Access-Control-Allow-Origin, and give the element the attribute crossorigin.',
  'too-large': `{what} has {width} by {height} pixels; at most ${PICTURE_PIXELS.toLocaleString('en')} are read.`,
} as const;

/** No image, or one without pixels, or whose pixels the page may not read. */
export class ImageError extends CodedError<'bad-image' | 'too-large'> {
  /** @internal */
  constructor(...[key, data]: Given<typeof IMAGE_MESSAGES>) {
    super('ImageError', IMAGE_MESSAGES, key, data);
  }
}

/** The kind of a value, also where it comes from another frame's document, whose classes are others. */
const kindOf = (value: unknown) => Object.prototype.toString.call(value).slice(8, -1);

/**
 * A frame to be sent to the worker. What is given is left as it is; the copy is the worker's.
 * @throws ImageError: it is no image, or has no pixels, or none that this page may read
 */
export async function frameOf(image: ImageLike): Promise<Frame> {
  const kind = kindOf(image);
  if (kind === 'HTMLVideoElement') requireFrame(image as HTMLVideoElement);
  if (kind === 'HTMLImageElement') await requireLoaded(image as HTMLImageElement);
  // An ImageData of another colour space, or with wider pixels, goes through a bitmap and comes out as sRGB bytes.
  if (kind === 'Object' || (kind === 'ImageData' && isPlain(image as ImageData))) {
    return raw(image as ImageData);
  }
  if (!BITMAP_SOURCES.includes(kind)) throw new ImageError('bad-image/kind', { kind });
  const bitmap = await bitmapOf(image as ImageBitmapSource);
  return transfer(bitmap, [bitmap]);
}

/**
 * The one way of this page from a file, or anything else with pixels, to a bitmap: upright, its colours as a screen
 * shows them.
 * @returns to be transferred or closed
 * @throws ImageError: it cannot be read here, or has too many pixels
 */
export async function bitmapOf(source: ImageBitmapSource): Promise<ImageBitmap> {
  const what = nameOf(source);
  if (isFile(source)) requireFew(await knownSize(source), what);
  const bitmap = await createImageBitmap(source, {
    imageOrientation: 'from-image',
    colorSpaceConversion: 'default',
  }).catch(() => {
    throw new ImageError('bad-image/broken', { what });
  });
  try {
    requireFew(bitmap, what);
  } catch (error) {
    bitmap.close();
    throw error;
  }
  return bitmap;
}

/** What a file weighs among those that are decoded at once: its bytes, or more where they hold very many pixels. */
export async function weightOf(file: Blob) {
  const size = await knownSize(file);
  return Math.max(file.size, size ? (size.width * size.height) / PIXELS_PER_BYTE : 0);
}

/** Of a photograph, as cameras write JPEG. */
const PIXELS_PER_BYTE = 4;

const sizes = new WeakMap<Blob, Promise<Size | null>>();

function knownSize(file: Blob) {
  const size = sizes.get(file) ?? sizeOf(file).catch(() => null); // a file that is gone: decoding it will say so
  sizes.set(file, size);
  return size;
}

function requireFew(size: Size | null, what: string) {
  if (!size || !(size.width * size.height > PICTURE_PIXELS)) return;
  throw new ImageError('too-large', { what, width: size.width, height: size.height });
}

const isFile = (source: ImageBitmapSource): source is Blob => ['Blob', 'File'].includes(kindOf(source));

const nameOf = (source: ImageBitmapSource) =>
  kindOf(source) === 'File' ? `The file ${(source as File).name}` : `The image (${kindOf(source)})`;

const BITMAP_SOURCES = [
  ...['HTMLImageElement', 'HTMLVideoElement', 'HTMLCanvasElement', 'OffscreenCanvas'],
  ...['ImageBitmap', 'ImageData', 'VideoFrame', 'Blob', 'File'],
];

function requireFrame(video: HTMLVideoElement) {
  if (video.readyState >= 2 && video.videoWidth > 0) return; // HAVE_CURRENT_DATA
  throw new ImageError('bad-image/video');
}

async function requireLoaded(image: HTMLImageElement) {
  await image.decode().catch(() => {
    throw new ImageError('bad-image/missing', { url: image.currentSrc || image.src });
  });
}

const isPlain = ({ colorSpace = 'srgb', data }: ImageData) =>
  colorSpace === 'srgb' && data instanceof Uint8ClampedArray;

function raw({ data, width, height }: { data: Uint8Array | Uint8ClampedArray; width: number; height: number }) {
  if (!['Uint8Array', 'Uint8ClampedArray'].includes(kindOf(data))) throw new ImageError('bad-image/pixels');
  if (!(width > 0 && height > 0 && data.length === 4 * width * height)) {
    throw new ImageError('bad-image/bytes', { width, height, bytes: data.length, needed: 4 * width * height });
  }
  requireFew({ width, height }, 'The image');
  return { data, width, height };
}

/** Runs a call that sends a frame, and says why where the browser does not let its pixels go. */
export async function sending<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof Error && error.name === 'DataCloneError') {
      throw new ImageError('bad-image/foreign');
    }
    throw error;
  }
}
