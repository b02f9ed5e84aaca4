// Files that a visitor hands over, by choosing, dropping or pasting: which of them are pictures, and of which folder.

import { nameKey, normalName } from '../project/names.js';

/**
 * @typedef {object} Found
 * @property {File} file
 * @property {string[]} folders that it lies in, the outermost first; none where it was handed over by itself
 */

/**
 * @typedef {object} Sorted
 * @property {Found[]} pictures in the order of their paths, folder by folder
 * @property {string[]} others names of files that are no pictures
 */

// Some browsers name no type for the kinds that they cannot read.
const PICTURE = /\.(avif|bmp|gif|hei[cf]|jfif|jpe?g|jxl|png|tiff?|webp)$/i;

/** What systems put beside pictures without being asked. */
const LITTER = /^(\..*|__MACOSX|Thumbs\.db|desktop\.ini)$/i;

/**
 * @param {Iterable<File>} files as an `<input>` gives them
 * @returns {Found[]}
 */
export function fromInput(files) {
  return Array.from(files, (file) => ({ file, folders: file.webkitRelativePath.split('/').slice(0, -1) }));
}

/**
 * Call it while the event is handled: afterwards the browser has forgotten what was dropped.
 * @param {DataTransfer} transfer
 * @returns {Promise<Found[]>} what was dropped, and all that lies in dropped folders
 */
export async function fromDrop(transfer) {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry?.() ?? null);
  // A picture dragged out of another page is a file and no entry.
  const loose = Array.from(transfer.files);
  if (!entries.some(Boolean)) return fromInput(loose);
  /** @type {Found[]} */
  const found = [];
  for (const entry of entries) if (entry) await collect(entry, [], found);
  return found;
}

/**
 * @param {FileSystemEntry} entry
 * @param {string[]} folders
 * @param {Found[]} found is added to
 */
async function collect(entry, folders, found) {
  if (LITTER.test(entry.name)) return;
  if (entry.isFile) {
    const at = /** @type {FileSystemFileEntry} */ (entry);
    found.push({ file: await new Promise((resolve, reject) => at.file(resolve, reject)), folders });
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return; // a long list comes in parts, and ends with an empty one
    for (const inner of some) await collect(inner, [...folders, entry.name], found);
  }
}

/**
 * @param {Found[]} found
 * @returns {Sorted}
 */
export function sortOut(found) {
  const wanted = found.filter(({ file, folders }) => ![...folders, file.name].some((name) => LITTER.test(name)));
  const isPicture = (/** @type {Found} */ { file }) => file.type.startsWith('image/') || PICTURE.test(file.name);
  return {
    pictures: wanted.filter(isPicture).sort((a, b) => compare(pathOf(a), pathOf(b))),
    others: wanted.filter((one) => !isPicture(one)).map(({ file }) => file.name),
  };
}

/**
 * Pictures by class: that of a picture is the outermost folder on its way that holds pictures itself, below the one
 * folder that was handed over, if that has folders in it. Folders of one name are one class. Pictures in no such folder
 * belong to none. The command's rule is the same (`builder/onthefly_studio/project/folders.py`).
 * @param {Found[]} pictures
 * @returns {{folders: Map<string, Found[]>, beside: string[]}} by the name of the class
 */
export function byFolder(pictures) {
  const outermost = new Set(pictures.flatMap(({ folders }) => folders.slice(0, 1)));
  const isSet = outermost.size === 1 && pictures.some(({ folders }) => folders.length > 1);
  const below = pictures.map((picture) => ({ picture, path: picture.folders.slice(isSet ? 1 : 0) }));
  const holding = new Set(below.map(({ path }) => path.join('/')));
  /** @type {Map<string, {name: string, found: Found[]}>} */
  const classes = new Map();
  /** @type {string[]} */
  const beside = [];
  for (const { picture, path } of below) {
    const holds = (/** @type {string} */ name, /** @type {number} */ i) =>
      name.trim() && holding.has(path.slice(0, i + 1).join('/'));
    const name = normalName(path.find(holds) ?? '').trim();
    if (!name) {
      beside.push(picture.file.name);
      continue;
    }
    const known = classes.get(nameKey(name));
    if (known) known.found.push(picture);
    else classes.set(nameKey(name), { name, found: [picture] });
  }
  return { folders: new Map([...classes.values()].map(({ name, found }) => [name, found])), beside };
}

/** @param {Found} found */
const pathOf = ({ file, folders }) => [...folders, file.name];

/**
 * The same order in every language, and in Python.
 * @param {string[]} a
 * @param {string[]} b
 */
function compare(a, b) {
  const i = a.findIndex((part, at) => part !== b[at]);
  if (i < 0 || i >= b.length) return a.length - b.length;
  return a[i] < b[i] ? -1 : 1;
}

/**
 * @param {DataTransfer|null} transfer
 * @returns {boolean} whether files are dragged or pasted, and not words
 */
export const holdsFiles = (transfer) => !!transfer && Array.from(transfer.types).includes('Files');
