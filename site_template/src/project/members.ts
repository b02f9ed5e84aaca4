// Which entries of a zip are a project's files, or a model's, and under which names. Unpacking one and packing the
// folder again changes them: every name begins with the folder's, and the system adds files of its own.

import { PROJECT_FILES } from '../contract.ts';
import { damaged, ProjectError } from './errors.ts';
import { MODEL_FILES } from './model-format.ts';
import type { Entry } from './zip.ts';

/** What macOS, Windows and Linux desktops put beside files without being asked. */
const LITTER = /^(\._.*|\.DS_Store|\.localized|\.directory|thumbs\.db|ehthumbs\.db|desktop\.ini)$/i;
const MAC_FOLDER = '__MACOSX';
/** The file that a project, or a model, is known by. */
const MARKS = [PROJECT_FILES.project, MODEL_FILES.about];

/**
 * The files by their names in the project, without entries of folders. A file that is neither in the project's folder
 * nor known litter keeps its name, so that it can be refused.
 */
export function members(entries: Entry[]): Map<string, Entry> {
  for (const { name, size } of byName(entries, ({ name: whole }) => whole).values()) {
    if (name.endsWith('/') && size) throw damaged(name, 'folder');
  }
  const files = entries.filter(({ name }) => !name.endsWith('/') && !isLitter(name));
  const folder = wrapping(files.map(({ name }) => name));
  return byName(files, ({ name }) => (name.startsWith(folder) ? name.slice(folder.length) : name));
}

function byName(entries: Entry[], nameOf: (entry: Entry) => string) {
  const named = new Map<string, Entry>();
  for (const entry of entries) {
    const name = nameOf(entry);
    if (named.has(name)) throw new ProjectError('unsafe/twice', { file: name });
    named.set(name, entry);
  }
  return named;
}

function isLitter(name: string) {
  const parts = name.split('/');
  const last = parts.pop()!;
  return parts.includes(MAC_FOLDER) ? last.startsWith('._') : LITTER.test(last);
}

/** The folder, with its slash, that the project lies in; empty where it lies in none. */
function wrapping(names: string[]) {
  const folders = names
    .map((name) => name.lastIndexOf('/') + 1)
    .flatMap((end, i) => (MARKS.includes(names[i].slice(end)) ? [names[i].slice(0, end)] : []));
  const depth = (folder: string) => folder.split('/').length;
  const [outermost = ''] = folders.sort((a, b) => depth(a) - depth(b));
  return outermost;
}
