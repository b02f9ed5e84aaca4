// The size of a picture from its file's header, so that one that is too large is refused before it is decoded.

import { jpegSize } from './project/jpeg.ts';

/** In pixels. */
export type Size = { width: number; height: number };

/** Where every format but JPEG and AVIF says it, and most JPEGs do. */
const HEAD = 1 << 16;

/** @returns null where it is of no format that is known here, or broken */
export async function sizeOf(file: Blob): Promise<Size | null> {
  const head = await file.slice(0, HEAD).arrayBuffer();
  const size = sizeIn(new Uint8Array(head));
  if (size || file.size <= HEAD || new DataView(head).getUint16(0) !== 0xffd8) return size;
  // Cameras put previews of several megabytes before a JPEG's own size.
  return jpegSize(new Uint8Array(await file.arrayBuffer()));
}

/** @param bytes of the file's beginning */
export function sizeIn(bytes: Uint8Array): Size | null {
  if (bytes.length < 30) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  const three = (at: number) => 1 + (view.getUint32(at, true) & 0xffffff);
  switch (name(0)) {
    case '\x89PNG':
      return { width: view.getUint32(16), height: view.getUint32(20) };
    case 'GIF8':
      return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
    case 'RIFF':
      if (name(12) === 'VP8X') return { width: three(24), height: three(27) };
      if (name(12) === 'VP8 ') {
        return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
      }
      return name(12) === 'VP8L' ? lossless(view.getUint32(21, true)) : null;
  }
  if (name(0).startsWith('BM')) {
    if (view.getUint32(14, true) === 12) {
      return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
    }
    return { width: Math.abs(view.getInt32(18, true)), height: Math.abs(view.getInt32(22, true)) };
  }
  return name(4) === 'ftyp' ? largestPart(view) : jpegSize(bytes);
}

/** @param bits of a lossless WebP: fourteen for each side */
const lossless = (bits: number) => ({ width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff) });

/** AVIF and HEIC give a size to each of a picture's parts and to the whole. */
function largestPart(view: DataView): Size | null {
  let size: Size | null = null;
  for (let at = 8; at + 16 <= view.byteLength; at++) {
    if (view.getUint32(at) !== 0x69737065) continue; // ispe
    const [width, height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
    if (!size || width * height > size.width * size.height) size = { width, height };
  }
  return size;
}
