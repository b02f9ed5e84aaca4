// Bundles the page, its worker and the module for other pages into a folder, with hashed names.
// Prints nothing; writes `assets.json`, which says what became what.
//
//   node build.mjs OUT [KERNEL]
//
// KERNEL is a folder that `node kernel.mjs` filled; without it the kernel is compiled here.

import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';
import { compiledKernelPlugin, kernelPlugin } from './kernel.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2] ?? 'build');
const kernel = process.argv[3] ? compiledKernelPlugin(process.argv[3]) : kernelPlugin;
const require = createRequire(import.meta.url);

const PAGES = { app: 'src/ui/main.jsx', onthefly: 'src/onthefly.js', sw: 'src/service-worker.js' };
/** These keep their names: pages and browsers know them by it. */
const UNHASHED = ['onthefly', 'sw'];
const BACKENDS = ['wasm', 'webgl', 'webgpu', 'cpu'];
const WASM = { simd: 'tfjs-backend-wasm-simd.wasm', plain: 'tfjs-backend-wasm.wasm' };
const STYLES = { style: 'static/style.css' };
/** The types of `onthefly.js`, for those who write against it; no page asks for them. */
const TYPES = 'onthefly.d.ts';
const STATIC = { icon: 'static/icon.svg' };

/** The threaded build of the wasm backend: half its code, and never used (see src/worker/backbone.js). */
const withoutThreads = {
  name: 'without-threads',
  /** @param {import('esbuild').PluginBuild} build */
  setup(build) {
    build.onLoad({ filter: /tfjs-backend-wasm-threaded-simd(\.worker)?\.js$/ }, () => ({
      contents: 'export default null; export const wasmWorkerContents = "";',
      loader: 'js',
    }));
  },
};

/**
 * @param {string} name with its suffix
 * @param {Uint8Array|string} contents
 * @param {boolean} hashed whether the name carries the contents' hash
 */
async function emit(name, contents, hashed = true) {
  const sha256 = createHash('sha256').update(contents).digest('hex');
  const { name: stem, ext } = path.parse(name);
  const url = hashed ? `assets/${stem}.${sha256.slice(0, 10)}${ext}` : name;
  await writeFile(path.join(out, url), contents);
  return { url, sha256, bytes: Buffer.byteLength(contents) };
}

/** @param {string} entry */
async function bundle(entry) {
  const result = await esbuild.build({
    entryPoints: [path.join(here, entry)],
    absWorkingDir: here,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [withoutThreads, kernel],
    logLevel: 'warning',
  });
  return result.outputFiles[0].contents;
}

/**
 * Emits each entry of a table.
 * @param {Record<string, string>} table
 * @param {(name: string, file: string) => Promise<object>} make
 */
async function each(table, make) {
  /** @type {Record<string, object>} */
  const made = {};
  for (const [name, file] of Object.entries(table)) made[name] = await make(name, file);
  return made;
}

await mkdir(path.join(out, 'assets'), { recursive: true });
const wasmFolder = path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
const workers = Object.fromEntries(BACKENDS.map((name) => [name, `src/worker/backends/${name}.js`]));
const assets = {
  ...(await each(PAGES, async (name, entry) => emit(`${name}.js`, await bundle(entry), !UNHASHED.includes(name)))),
  ...(await each(STYLES, async (_, entry) => emit('style.css', await bundle(entry)))),
  ...(await each(STATIC, async (_, file) => emit(path.basename(file), await readFile(path.join(here, file))))),
  workers: await each(workers, async (name, entry) => emit(`worker-${name}.js`, await bundle(entry))),
  wasm: await each(WASM, async (_, file) => emit(file, await readFile(path.join(wasmFolder, 'dist', file)))),
};
await copyFile(path.join(here, TYPES), path.join(out, TYPES));
await writeFile(path.join(out, 'assets.json'), JSON.stringify(assets, null, 1));
