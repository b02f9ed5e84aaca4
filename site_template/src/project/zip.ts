// Reading a zip that a stranger made, and writing one whose bytes depend on nothing but its files.
// Everything is bounded by the directory before a file is read, and by the directory's word while it is inflated.

import { Inflate, zipSync } from 'fflate';
import { PROJECT_LIMITS } from '../contract.ts';
import { damaged, ProjectError } from './errors.ts';
import { members } from './members.ts';

export interface Entry {
  name: string;
  /** As it stands in the zip. */
  rawName: Uint8Array;
  /** Stored or deflated. */
  method: 0 | 8;
  crc: number;
  /** Bytes in the zip. */
  packed: number;
  /** Bytes unpacked. */
  size: number;
  /** Of the entry's own header. */
  start: number;
  /** Where the next entry, or the directory, begins. */
  end: number;
}

const END = { signature: 0x06054b50, bytes: 22, comment: 65_535 };
const LOCATOR = { signature: 0x07064b50, bytes: 20 };
const END_64 = { signature: 0x06064b50, bytes: 56 };
/** The extra field of an entry that holds what has 64 bits, and the values that stand for such. */
const EXTRA_64 = 1;
const [FULL, FULL_16] = [0xffffffff, 0xffff];
const CENTRAL = { signature: 0x02014b50, bytes: 46 };
const LOCAL = { signature: 0x04034b50, bytes: 30 };
const INFLATE_CHUNK = 4096;
/** Bytes summed at once: a few milliseconds, so that the page can draw in between. */
const CRC_CHUNK = 1 << 20;

const notAZip = () => new ProjectError('not-a-project/zip');

async function slice(file: Blob, start: number, end: number) {
  try {
    return new Uint8Array(await file.slice(start, end).arrayBuffer());
  } catch {
    throw new ProjectError('unreadable');
  }
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * The directory of a zip, everything in it within bounds.
 * @returns the files of a project or model by their names in it
 */
export async function readDirectory(file: Blob): Promise<Map<string, Entry>> {
  if (file.size > PROJECT_LIMITS.zipBytes) throw new ProjectError('too-large/file');
  const extent = await findDirectory(file);
  if (extent.count > PROJECT_LIMITS.records || extent.bytes > PROJECT_LIMITS.directoryBytes) throw tooManyFiles();
  const entries = parseDirectory(await slice(file, extent.start, extent.start + extent.bytes), extent);
  boundBy(entries, extent.start);
  return members(entries);
}

const tooManyFiles = () => new ProjectError('too-large/files');

/** Where the directory lies. */
interface Extent {
  start: number;
  bytes: number;
  /** Of its entries. */
  count: number;
  /** Whether the count is the rest of a division by 2^16, as macOS writes it for many files. */
  wraps: boolean;
}

/** By the record at the end of the file; right before that record the directory has to stand. */
async function findDirectory(file: Blob): Promise<Extent> {
  const from = Math.max(0, file.size - END.bytes - END.comment);
  const tail = viewOf(await slice(file, from, file.size));
  for (let at = tail.byteLength - END.bytes; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END.signature) continue;
    if (at + END.bytes + tail.getUint16(at + 20, true) !== tail.byteLength) continue;
    const [disk, firstDisk, here, count] = [4, 6, 8, 10].map((offset) => tail.getUint16(at + offset, true));
    const [bytes, start] = [12, 16].map((offset) => tail.getUint32(at + offset, true));
    const end = from + at;
    const locator = viewOf(await slice(file, Math.max(0, end - LOCATOR.bytes), end));
    if (locator.byteLength === LOCATOR.bytes && locator.getUint32(0, true) === LOCATOR.signature) {
      return findWide(file, end - LOCATOR.bytes, locator, [disk, firstDisk, here, count, bytes, start]);
    }
    if (disk || firstDisk || here !== count || start + bytes !== end) throw notAZip();
    return { start, bytes, count, wraps: true };
  }
  throw notAZip();
}

/**
 * By the record with 64 bits.
 * @param end where that record ends and its locator begins
 * @param short what the record without 64 bits says
 */
async function findWide(file: Blob, end: number, locator: DataView, short: number[]): Promise<Extent> {
  const at = wholeAt(locator, 8);
  if (locator.getUint32(4, true) !== 0 || locator.getUint32(16, true) > 1 || at + END_64.bytes > end) throw notAZip();
  const view = viewOf(await slice(file, at, at + END_64.bytes));
  const [here, count, bytes, start] = [24, 32, 40, 48].map((offset) => wholeAt(view, offset));
  const wide = [view.getUint32(16, true), view.getUint32(20, true), here, count, bytes, start];
  const whole = view.getUint32(0, true) === END_64.signature && at + 12 + wholeAt(view, 4) === end;
  // Where the short record says something, it says the same.
  const agree = short.every((value, i) => value === wide[i] || value === (i < 4 ? FULL_16 : FULL));
  if (!whole || !agree || wide[0] || wide[1] || here !== count || start + bytes !== at) throw notAZip();
  return { start, bytes, count, wraps: false };
}

/** A number of 64 bits; beyond 2^53 it is rounded, and far beyond every bound. */
const wholeAt = (view: DataView, at: number) => Number(view.getBigUint64(at, true));

function parseDirectory(bytes: Uint8Array, { count, wraps }: Extent): Entry[] {
  const view = viewOf(bytes);
  const records: { at: number; rawName: Uint8Array; extra: Uint8Array }[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + CENTRAL.bytes > bytes.length || view.getUint32(at, true) !== CENTRAL.signature) throw notAZip();
    const [name, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const nameEnd = at + CENTRAL.bytes + name;
    const rawName = bytes.subarray(at + CENTRAL.bytes, nameEnd);
    records.push({ at, rawName, extra: bytes.subarray(nameEnd, nameEnd + extra) });
    at = nameEnd + extra + comment;
    if (records.length > PROJECT_LIMITS.records) throw tooManyFiles();
  }
  const counted = wraps ? records.length & FULL_16 : records.length;
  if (at !== bytes.length || counted !== count) throw notAZip();
  // A Windows that writes backslashes writes nothing else; beside slashes they are meant to mislead.
  const backslashes = !records.some(({ rawName }) => rawName.includes(0x2f));
  return records.map((record) => entryAt(view, record, backslashes));
}

/** @param view of the directory */
function entryAt(
  view: DataView,
  { at, rawName, extra }: { at: number; rawName: Uint8Array; extra: Uint8Array },
  backslashes: boolean,
): Entry {
  const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
  const name = safeName(rawName, backslashes);
  if (flags & 1) throw damaged(name, 'encrypted');
  if (method !== 0 && method !== 8) throw damaged(name, 'packing');
  const wide = wideOf(extra);
  // In this order, and only those that found no room.
  const [size, packed, start] = [24, 20, 42].map((offset) => {
    const value = view.getUint32(at + offset, true);
    if (value !== FULL) return value;
    const wider = wide.shift();
    if (wider === undefined) throw damaged(name, 'no-size');
    return wider;
  });
  return { name, rawName, method, crc: view.getUint32(at + 16, true), packed, size, start, end: 0 };
}

/** The fields with 64 bits among the extra ones of an entry. */
function wideOf(extra: Uint8Array): number[] {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length; ) {
    const end = at + 4 + view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === EXTRA_64) {
      const count = Math.floor((Math.min(end, extra.length) - at - 4) / 8);
      return Array.from({ length: count }, (_, i) => wholeAt(view, at + 4 + 8 * i));
    }
    at = end;
  }
  return [];
}

/** Names that lead elsewhere on some system, or steer a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const UNSAFE = /^\/|^[A-Za-z]:|[\\\0-\x1f\x7f-\x9f]/;

/**
 * A name that stays inside the folder it is unpacked to, on every system.
 * @param backslashes whether they stand for slashes
 */
function safeName(rawName: Uint8Array, backslashes: boolean) {
  // A folder's name may be in whatever code a system has.
  const decoded = new TextDecoder('utf-8', { ignoreBOM: true }).decode(rawName);
  const name = backslashes ? decoded.replaceAll('\\', '/') : decoded;
  const parts = name.replace(/\/$/, '').split('/');
  const leads = parts.some((part) => !part || part === '.' || part === '..');
  if ([...name].length > PROJECT_LIMITS.nameLength || UNSAFE.test(name) || leads) {
    throw new ProjectError('unsafe/name');
  }
  return name;
}

/**
 * Checks sizes before anything is read, and that no two entries share bytes.
 * @param entries whose `end` is filled in
 * @param directory where the directory begins
 */
function boundBy(entries: Entry[], directory: number) {
  const ordered = [...entries].sort((a, b) => a.start - b.start);
  let total = 0;
  ordered.forEach((entry, i) => {
    entry.end = ordered[i + 1]?.start ?? directory;
    total += entry.size;
    if (entry.start + LOCAL.bytes + entry.rawName.length + entry.packed > entry.end) {
      throw damaged(entry.name, 'overlap');
    }
    const ratio = entry.size / Math.max(1, entry.packed);
    if (entry.size > PROJECT_LIMITS.ratioFrom && ratio > PROJECT_LIMITS.ratio) {
      throw new ProjectError('too-large/ratio', { file: entry.name });
    }
    if (entry.method === 0 && entry.size !== entry.packed) throw damaged(entry.name, 'two-sizes');
  });
  if (total > PROJECT_LIMITS.totalBytes) throw new ProjectError('too-large/unpacked');
}

/** The bytes of one file, checked against the directory's size and checksum. */
export async function readEntry(file: Blob, entry: Entry): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await slice(file, entry.start, entry.end);
  const view = viewOf(bytes);
  if (bytes.length < LOCAL.bytes || view.getUint32(0, true) !== LOCAL.signature) throw damaged(entry.name, 'missing');
  const nameEnd = LOCAL.bytes + view.getUint16(26, true);
  const start = nameEnd + view.getUint16(28, true);
  const sameName = String(bytes.subarray(LOCAL.bytes, nameEnd)) === String(entry.rawName);
  if (!sameName || view.getUint16(8, true) !== entry.method || start + entry.packed > bytes.length) {
    throw damaged(entry.name, 'directory');
  }
  const packed = bytes.slice(start, start + entry.packed);
  const contents = entry.method === 0 ? packed : inflate(packed, entry);
  if ((await crc32(contents)) !== entry.crc) throw damaged(entry.name, 'checksum');
  return contents;
}

function inflate(packed: Uint8Array, { name, size }: Entry) {
  const out = roomFor(size, name);
  let at = 0;
  const stream = new Inflate((chunk) => {
    if (at + chunk.length > size) throw damaged(name, 'longer');
    out.set(chunk, at);
    at += chunk.length;
  });
  try {
    for (let i = 0; i < packed.length; i += INFLATE_CHUNK) {
      stream.push(packed.subarray(i, i + INFLATE_CHUNK), i + INFLATE_CHUNK >= packed.length);
    }
  } catch (error) {
    throw error instanceof ProjectError ? error : damaged(name, 'unpacking');
  }
  if (at !== size) throw damaged(name, 'shorter');
  return out;
}

/** @param size bytes */
function roomFor(size: number, name: string) {
  try {
    return new Uint8Array(size);
  } catch {
    throw new ProjectError('too-large/memory', { file: name });
  }
}

/** CRC-32 of zip and PNG: reflected polynomial 0xEDB88320. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

async function crc32(bytes: Uint8Array) {
  let crc = 0xffffffff;
  for (let start = 0; start < bytes.length; start += CRC_CHUNK) {
    if (start) await new Promise((resolve) => setTimeout(resolve));
    crc = updateCrc(crc, bytes.subarray(start, start + CRC_CHUNK));
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function updateCrc(crc: number, bytes: Uint8Array) {
  for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return crc;
}

/** A zip of stored files: photos do not get smaller, and the bytes depend on no compressor. */
export function writeZip(files: [name: string, contents: Uint8Array][]): Blob {
  // Zip's clock begins in 1980 and has no time zone: fflate writes the local parts of this date.
  const mtime = new Date(1980, 0, 1);
  const bytes = zipSync(Object.fromEntries(files), { level: 0, mtime });
  return new Blob([bytes], { type: 'application/zip' });
}
