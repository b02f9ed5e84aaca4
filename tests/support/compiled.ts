// The kernels as the build makes them, compiled once for all files of tests: each runs in a process of its own,
// and the compiler takes longer than most of them.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { compiledKernelPlugin } from '../../site_template/kernel.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TEMPLATE = path.join(ROOT, 'site_template');
const SOURCES = path.join(TEMPLATE, 'assembly');

/** Of whatever the bytes depend on. */
function key() {
  const hash = createHash('sha256').update(process.version);
  const sources = readdirSync(SOURCES, { recursive: true }).map(String);
  const files = [
    ...['kernel.mjs', 'package-lock.json'].map((name) => path.join(TEMPLATE, name)),
    ...sources
      .filter((name) => /\.(ts|json)$/.test(name))
      .sort()
      .map((name) => path.join(SOURCES, name)),
  ];
  for (const file of files) {
    hash.update(path.relative(ROOT, file)).update('\0').update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** @returns the folder with a NAME.wasm of each kernel */
async function compiled(): Promise<string> {
  const kept = path.join(ROOT, '.cache/kernels');
  const place = path.join(kept, key());
  if (existsSync(place)) return place;
  mkdirSync(kept, { recursive: true });
  const fresh = mkdtempSync(path.join(kept, 'partial-'));
  const program = path.join(TEMPLATE, 'kernel.mjs');
  await promisify(execFile)(process.execPath, [program, fresh]);
  try {
    renameSync(fresh, place);
  } catch (error) {
    if (!existsSync(place)) throw error; // else another process was first
    rmSync(fresh, { recursive: true });
  }
  return place;
}

/** Where they are, each as NAME.wasm. */
export const folder = await compiled();

/** For esbuild. */
export const kernelPlugin = compiledKernelPlugin(folder);

/** @param name as in `site_template/kernel.mjs` */
export const kernelBytes = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(path.join(folder, `${name}.wasm`)));
