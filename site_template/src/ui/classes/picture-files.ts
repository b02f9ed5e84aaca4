// Files that a visitor hands over, by choosing, dropping or pasting: which of them are pictures, and of which folder.

import { nameKey, normalName } from '../../project/names.ts';

export interface Found {
  file: File;
  /** That it lies in, the outermost first; none where it was handed over by itself. */
  folders: string[];
}

interface Sorted {
  /** In the order of their paths, folder by folder. */
  pictures: Found[];
  /** Names of files that are no pictures. */
  others: string[];
}

// Some browsers name no type for the kinds that they cannot read.
const PICTURE = /\.(avif|bmp|gif|hei[cf]|jfif|jpe?g|jxl|png|tiff?|webp)$/i;

/** What systems put next to pictures without being asked. */
const LITTER = /^(\..*|__MACOSX|Thumbs\.db|desktop\.ini)$/i;

/** @param files as an `<input>` gives them */
export function fromInput(files: Iterable<File>): Found[] {
  return Array.from(files, (file) => ({ file, folders: file.webkitRelativePath.split('/').slice(0, -1) }));
}

/**
 * Call it while the event is handled: afterwards the browser has forgotten what was dropped.
 * @returns what was dropped, and all that lies in dropped folders
 */
export async function fromDrop(transfer: DataTransfer): Promise<Found[]> {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry?.() ?? null);
  // A picture dragged out of another page is a file and no entry.
  const loose = Array.from(transfer.files);
  if (!entries.some(Boolean)) return fromInput(loose);
  const found: Found[] = [];
  for (const entry of entries) if (entry) await collect(entry, [], found);
  return found;
}

/** @param found is added to */
async function collect(entry: FileSystemEntry, folders: string[], found: Found[]) {
  if (LITTER.test(entry.name)) return;
  if (entry.isFile) {
    const at = entry as FileSystemFileEntry;
    found.push({ file: await new Promise((resolve, reject) => at.file(resolve, reject)), folders });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some: FileSystemEntry[] = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return; // a long list comes in parts, and ends with an empty one
    for (const inner of some) await collect(inner, [...folders, entry.name], found);
  }
}

export function sortOut(found: Found[]): Sorted {
  const wanted = found.filter(({ file, folders }) => ![...folders, file.name].some((name) => LITTER.test(name)));
  const isPicture = ({ file }: Found) => file.type.startsWith('image/') || PICTURE.test(file.name);
  return {
    pictures: wanted.filter(isPicture).sort((a, b) => compare(pathOf(a), pathOf(b))),
    others: wanted.filter((one) => !isPicture(one)).map(({ file }) => file.name),
  };
}

/**
 * Pictures by class: that of a picture is the outermost folder on its way that holds pictures itself, below the one
 * folder that was handed over, if that has folders in it. Folders of one name are one class. Pictures in no such folder
 * belong to none. The command's rule is the same (`builder/onthefly_studio/project/folders.py`).
 * @returns by the name of the class
 */
export function byFolder(pictures: Found[]): { folders: Map<string, Found[]>; beside: string[] } {
  const outermost = new Set(pictures.flatMap(({ folders }) => folders.slice(0, 1)));
  const isSet = outermost.size === 1 && pictures.some(({ folders }) => folders.length > 1);
  const below = pictures.map((picture) => ({ picture, path: picture.folders.slice(isSet ? 1 : 0) }));
  const holding = new Set(below.map(({ path }) => path.join('/')));
  const classes = new Map<string, { name: string; found: Found[] }>();
  const beside: string[] = [];
  for (const { picture, path } of below) {
    const holds = (name: string, i: number) => name.trim() && holding.has(path.slice(0, i + 1).join('/'));
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

const pathOf = ({ file, folders }: Found) => [...folders, file.name];

/** The same order in every language, and in Python. */
function compare(a: string[], b: string[]) {
  const i = a.findIndex((part, at) => part !== b[at]);
  if (i < 0 || i >= b.length) return a.length - b.length;
  return a[i] < b[i] ? -1 : 1;
}

/** @returns whether files are dragged or pasted, and not words */
export const holdsFiles = (transfer: DataTransfer | null): boolean =>
  !!transfer && Array.from(transfer.types).includes('Files');
