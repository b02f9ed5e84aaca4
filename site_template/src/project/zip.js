// Reading a zip that a stranger made, and writing one whose bytes depend on nothing but its files.
// Everything is bounded by the directory before a file is read, and by the directory's word while it is inflated.

import { Inflate, zipSync } from 'fflate';
import { damaged, ProjectError } from './errors.js';
import { LIMITS } from './format.js';

/**
 * @typedef {object} Entry
 * @property {string} name
 * @property {0|8} method stored or deflated
 * @property {number} crc
 * @property {number} packed bytes in the zip
 * @property {number} size bytes unpacked
 * @property {number} start of the entry's own header
 * @property {number} end where the next entry, or the directory, begins
 */

const END = { signature: 0x06054b50, bytes: 22, comment: 65_535 };
const CENTRAL = { signature: 0x02014b50, bytes: 46 };
const LOCAL = { signature: 0x04034b50, bytes: 30 };
const INFLATE_CHUNK = 4096;
/** Bytes summed at once: a few milliseconds, so that the page can draw in between. */
const CRC_CHUNK = 1 << 20;

const notAZip = () =>
  new ProjectError('not-a-project', 'This file is not a project of On-the-Fly: it is no zip, or only a part of one.');

/**
 * @param {Blob} file
 * @param {number} start
 * @param {number} end
 */
async function slice(file, start, end) {
  try {
    return new Uint8Array(await file.slice(start, end).arrayBuffer());
  } catch {
    throw new ProjectError(
      'unreadable',
      'This file cannot be read: it was moved, changed or removed since it was chosen, or is too large for this device. Choose it again.',
    );
  }
}

/** @param {Uint8Array} bytes */
const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * The directory of a zip, everything in it within bounds.
 * @param {Blob} file
 * @returns {Promise<Map<string, Entry>>} without the entries of folders
 */
export async function readDirectory(file) {
  if (file.size > LIMITS.zipBytes) throw tooLarge('the file');
  const { count, start, end } = await findDirectory(file);
  if (count > LIMITS.entries) throw tooLarge('the number of its files');
  const entries = parseDirectory(await slice(file, start, end), count);
  boundBy(entries, start);
  return named(entries);
}

/** @param {string} what */
const tooLarge = (what) =>
  new ProjectError(
    'too-large',
    `This project is larger than any this page could have made (${what}). It was not opened.`,
  );

/** @param {Blob} file */
async function findDirectory(file) {
  const from = Math.max(0, file.size - END.bytes - END.comment);
  const tail = viewOf(await slice(file, from, file.size));
  for (let at = tail.byteLength - END.bytes; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END.signature) continue;
    if (at + END.bytes + tail.getUint16(at + 20, true) !== tail.byteLength) continue;
    const count = tail.getUint16(at + 10, true);
    const bytes = tail.getUint32(at + 12, true);
    const start = tail.getUint32(at + 16, true);
    const whole = tail.getUint32(at + 4, true) === 0 && tail.getUint16(at + 8, true) === count;
    // The directory stands right before this record; 64-bit sizes, which no project needs, fail here too.
    if (!whole || start + bytes !== from + at) throw notAZip();
    return { count, start, end: start + bytes };
  }
  throw notAZip();
}

/**
 * @param {Uint8Array} bytes
 * @param {number} count
 * @returns {Entry[]}
 */
function parseDirectory(bytes, count) {
  const view = viewOf(bytes);
  /** @type {Entry[]} */
  const entries = [];
  let at = 0;
  while (entries.length < count) {
    if (at + CENTRAL.bytes > bytes.length || view.getUint32(at, true) !== CENTRAL.signature) throw notAZip();
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const name = safeName(bytes.subarray(at + CENTRAL.bytes, at + CENTRAL.bytes + view.getUint16(at + 28, true)));
    if (flags & 1) throw damaged(name, 'is encrypted');
    if (method !== 0 && method !== 8) throw damaged(name, 'is packed in a way this page does not read');
    entries.push({
      name,
      method,
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      start: view.getUint32(at + 42, true),
      end: 0,
    });
    at += CENTRAL.bytes + view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  if (at !== bytes.length) throw notAZip();
  return entries;
}

/**
 * A name that stays inside the folder it is unpacked to, on every system.
 * @param {Uint8Array} bytes
 */
function safeName(bytes) {
  const name = new TextDecoder().decode(bytes);
  const parts = name.replace(/\/$/, '').split('/');
  if (!/^[A-Za-z0-9._/-]{1,200}$/.test(name) || parts.some((part) => !part || part === '.' || part === '..')) {
    throw new ProjectError('unsafe', 'This zip holds a file with a name that no project has. It was not opened.');
  }
  return name;
}

/**
 * Checks sizes before anything is read, and that no two entries share bytes.
 * @param {Entry[]} entries whose `end` is filled in
 * @param {number} directory where the directory begins
 */
function boundBy(entries, directory) {
  const ordered = [...entries].sort((a, b) => a.start - b.start);
  let total = 0;
  ordered.forEach((entry, i) => {
    entry.end = ordered[i + 1]?.start ?? directory;
    total += entry.size;
    if (entry.start + LOCAL.bytes + entry.name.length + entry.packed > entry.end) {
      throw damaged(entry.name, 'reaches into its neighbour');
    }
    const ratio = entry.size / Math.max(1, entry.packed);
    if (entry.size > LIMITS.ratioFrom && ratio > LIMITS.ratio) throw tooLarge(`${entry.name}, unpacked`);
    if (entry.method === 0 && entry.size !== entry.packed) throw damaged(entry.name, 'has two sizes');
  });
  if (total > LIMITS.totalBytes) throw tooLarge('unpacked');
}

/** @param {Entry[]} entries */
function named(entries) {
  /** @type {Map<string, Entry>} */
  const byName = new Map();
  for (const entry of entries) {
    if (byName.has(entry.name))
      throw new ProjectError('unsafe', `This zip holds ${entry.name} twice. It was not opened.`);
    byName.set(entry.name, entry);
  }
  for (const { name, size } of entries) {
    if (!name.endsWith('/')) continue;
    if (size) throw damaged(name, 'is a folder with contents');
    byName.delete(name);
  }
  return byName;
}

/**
 * The bytes of one file, checked against the directory's size and checksum.
 * @param {Blob} file
 * @param {Entry} entry
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function readEntry(file, entry) {
  const bytes = await slice(file, entry.start, entry.end);
  const view = viewOf(bytes);
  if (bytes.length < LOCAL.bytes || view.getUint32(0, true) !== LOCAL.signature)
    throw damaged(entry.name, 'is missing');
  const nameEnd = LOCAL.bytes + view.getUint16(26, true);
  const start = nameEnd + view.getUint16(28, true);
  const name = new TextDecoder().decode(bytes.subarray(LOCAL.bytes, nameEnd));
  if (name !== entry.name || view.getUint16(8, true) !== entry.method || start + entry.packed > bytes.length) {
    throw damaged(entry.name, 'is not what the directory of the zip says');
  }
  const packed = bytes.slice(start, start + entry.packed);
  const contents = entry.method === 0 ? packed : inflate(packed, entry);
  if ((await crc32(contents)) !== entry.crc)
    throw damaged(entry.name, 'its checksum is wrong; copy or download it again');
  return contents;
}

/**
 * @param {Uint8Array} packed
 * @param {Entry} entry
 */
function inflate(packed, { name, size }) {
  const out = roomFor(size, name);
  let at = 0;
  const stream = new Inflate((chunk) => {
    if (at + chunk.length > size) throw damaged(name, 'holds more than the directory of the zip says');
    out.set(chunk, at);
    at += chunk.length;
  });
  try {
    for (let i = 0; i < packed.length; i += INFLATE_CHUNK) {
      stream.push(packed.subarray(i, i + INFLATE_CHUNK), i + INFLATE_CHUNK >= packed.length);
    }
  } catch (error) {
    throw error instanceof ProjectError ? error : damaged(name, 'cannot be unpacked');
  }
  if (at !== size) throw damaged(name, 'ends too early');
  return out;
}

/**
 * @param {number} size bytes
 * @param {string} name
 */
function roomFor(size, name) {
  try {
    return new Uint8Array(size);
  } catch {
    throw new ProjectError('too-large', `${name} is larger than this device has memory for.`);
  }
}

/** CRC-32 of zip and PNG: reflected polynomial 0xEDB88320. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** @param {Uint8Array} bytes */
async function crc32(bytes) {
  let crc = 0xffffffff;
  for (let start = 0; start < bytes.length; start += CRC_CHUNK) {
    if (start) await new Promise((resolve) => setTimeout(resolve));
    crc = updateCrc(crc, bytes.subarray(start, start + CRC_CHUNK));
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/**
 * @param {number} crc
 * @param {Uint8Array} bytes
 */
function updateCrc(crc, bytes) {
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return crc;
}

/**
 * A zip of stored files: photos do not get smaller, and the bytes depend on no compressor.
 * @param {[name: string, contents: Uint8Array][]} files
 * @returns {Blob}
 */
export function writeZip(files) {
  // Zip's clock begins in 1980 and has no time zone: fflate writes the local parts of this date.
  const mtime = new Date(1980, 0, 1);
  const bytes = zipSync(Object.fromEntries(files), { level: 0, mtime });
  return new Blob([bytes], { type: 'application/zip' });
}
