// From whatever a page calls an image to pixels for the worker: upright, at their own size.

import { transfer } from 'comlink';

/**
 * `VideoFrame` and `OffscreenCanvas` where the browser has them.
 * @typedef {HTMLImageElement|HTMLVideoElement|HTMLCanvasElement|OffscreenCanvas|ImageBitmap|ImageData|VideoFrame|Blob
 *   |{data: Uint8Array|Uint8ClampedArray, width: number, height: number}} ImageLike
 */

const KINDS =
  'an <img>, <video> or <canvas> element, an ImageBitmap, ImageData, a File or Blob, or {data, width, height} with RGBA bytes';

export class ImageError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'ImageError';
    this.code = 'bad-image';
  }
}

/**
 * The kind of a value, also where it comes from another frame's document, whose classes are others.
 * @param {unknown} value
 */
const kindOf = (value) => Object.prototype.toString.call(value).slice(8, -1);

/**
 * A frame to be sent to the worker. What is given is left as it is; the copy is the worker's.
 * @param {ImageLike} image
 * @returns {Promise<import('./protocol.js').Frame>}
 * @throws {ImageError} it is no image, or has no pixels, or none that this page may read
 */
export async function frameOf(image) {
  const kind = kindOf(image);
  if (kind === 'HTMLVideoElement') requireFrame(/** @type {HTMLVideoElement} */ (image));
  if (kind === 'HTMLImageElement') await requireLoaded(/** @type {HTMLImageElement} */ (image));
  // An ImageData of another colour space, or with wider pixels, goes through a bitmap and comes out as sRGB bytes.
  if (kind === 'Object' || (kind === 'ImageData' && isPlain(/** @type {ImageData} */ (image)))) {
    return raw(/** @type {ImageData} */ (image));
  }
  if (!BITMAP_SOURCES.includes(kind)) throw new ImageError(`This is not an image (${kind}). Give ${KINDS}.`);
  try {
    const source = /** @type {ImageBitmapSource} */ (image);
    const bitmap = await createImageBitmap(source, { imageOrientation: 'from-image' });
    return transfer(bitmap, [bitmap]);
  } catch {
    const what = kind === 'File' ? `The file ${/** @type {File} */ (image).name}` : `The image (${kind})`;
    throw new ImageError(`${what} is broken, empty, or of a kind that this browser does not read.`);
  }
}

const BITMAP_SOURCES = [
  ...['HTMLImageElement', 'HTMLVideoElement', 'HTMLCanvasElement', 'OffscreenCanvas'],
  ...['ImageBitmap', 'ImageData', 'VideoFrame', 'Blob', 'File'],
];

/** @param {HTMLVideoElement} video */
function requireFrame(video) {
  if (video.readyState >= 2 && video.videoWidth > 0) return; // HAVE_CURRENT_DATA
  throw new ImageError('The video has no picture yet. Wait for its `loadeddata` event.');
}

/** @param {HTMLImageElement} image */
async function requireLoaded(image) {
  await image.decode().catch(() => {
    throw new ImageError(`The image ${image.currentSrc || image.src} could not be loaded.`);
  });
}

/** @param {ImageData} image */
const isPlain = ({ colorSpace = 'srgb', data }) => colorSpace === 'srgb' && data instanceof Uint8ClampedArray;

/** @param {{data: Uint8Array|Uint8ClampedArray, width: number, height: number}} pixels */
function raw({ data, width, height }) {
  if (!['Uint8Array', 'Uint8ClampedArray'].includes(kindOf(data)))
    throw new ImageError(`This is not an image. Give ${KINDS}.`);
  if (!(width > 0 && height > 0 && data.length === 4 * width * height)) {
    const wanted = `${width} by ${height} pixels of RGBA are ${4 * width * height} bytes`;
    throw new ImageError(`${wanted}, and the image has ${data.length}.`);
  }
  return { data, width, height };
}

/**
 * Runs a call that sends a frame, and says why where the browser does not let its pixels go.
 * @template T
 * @param {() => Promise<T>} send
 * @returns {Promise<T>}
 */
export async function sending(send) {
  try {
    return await send();
  } catch (error) {
    if (error instanceof Error && error.name === 'DataCloneError') {
      throw new ImageError(
        'The image is from another server, and its pixels may not be read. Let that server send ' +
          'Access-Control-Allow-Origin, and give the element the attribute crossorigin.',
      );
    }
    throw error;
  }
}
