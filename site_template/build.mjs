// Bundles the page, its worker and the module for other pages into a folder, with hashed names.
// Prints nothing; writes `assets.json`, which says what became what.
//
//   node build.mjs OUT [KERNEL [LANGUAGE]]
//
// KERNEL is a folder that `node kernel.mjs` filled; without it the kernel is compiled here. LANGUAGE is that of the page's
// words, a file in src/ui/i18n/words: English unless it is given.

import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';
import { compiledKernelPlugin, kernelPlugin } from './kernel.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2] ?? 'build');
const kernel = process.argv[3] ? compiledKernelPlugin(process.argv[3]) : kernelPlugin;
const language = process.argv[4] ?? 'en';
const require = createRequire(import.meta.url);

const PAGES = { app: 'src/ui/main.tsx', onthefly: 'src/onthefly.ts', sw: 'src/service-worker.ts' };
/** A file of words for each language of the page. */
const WORDS = 'src/ui/i18n/words';
/** These keep their names: pages and browsers know them by it. */
const UNHASHED = ['onthefly', 'sw'];
const WASM = { simd: 'tfjs-backend-wasm-simd.wasm', plain: 'tfjs-backend-wasm.wasm' };
const STYLE = 'src/ui/style.css';
/** The types of `onthefly.js`, for those who write against it; no page asks for them. */
const TYPES = 'onthefly.d.ts';
const ICON = 'static/icon.svg';

/** The threaded build of the wasm backend: half its code, and never used (see src/worker/backbone.ts). */
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

/** The page's words, in the place of the English ones. */
const words = {
  name: 'words',
  /** @param {import('esbuild').PluginBuild} build */
  setup(build) {
    build.onResolve({ filter: /\/words\/en\.ts$/ }, () => ({ path: path.join(here, WORDS, `${language}.ts`) }));
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

/**
 * Bundles everything in one go, so that what several of them hold is read and parsed once.
 * @param {Record<string, string>} entries files by the name of their bundle, without its suffix
 * @returns {Promise<Map<string, Uint8Array>>} bundles by their name, with its suffix
 */
async function bundle(entries) {
  const { outputFiles } = await esbuild.build({
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, path.join(here, file)])),
    absWorkingDir: here,
    outdir: out,
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
    plugins: [withoutThreads, kernel, words],
    logLevel: 'warning',
  });
  return new Map(outputFiles.map((file) => [path.basename(file.path), file.contents]));
}

/**
 * @param {string[]} names
 * @param {(name: string) => Promise<object>} make
 * @returns {Promise<Record<string, object>>} what was made, by name
 */
async function each(names, make) {
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await make(name)])));
}

await mkdir(path.join(out, 'assets'), { recursive: true });
const wasmFolder = path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
const BACKENDS = (await readdir(path.join(here, 'src/worker/backends'))).map((file) => path.parse(file).name);
const workers = Object.fromEntries(BACKENDS.map((name) => [`worker-${name}`, `src/worker/backends/${name}.ts`]));
const bundles = await bundle({ ...PAGES, ...workers, style: STYLE });
/** @param {string} file */
const bundled = (file) => /** @type {Uint8Array} */ (bundles.get(file));
const assets = {
  ...(await each(Object.keys(PAGES), (name) => emit(`${name}.js`, bundled(`${name}.js`), !UNHASHED.includes(name)))),
  style: await emit('style.css', bundled('style.css')),
  icon: await emit(path.basename(ICON), await readFile(path.join(here, ICON))),
  workers: await each(BACKENDS, (name) => emit(`worker-${name}.js`, bundled(`worker-${name}.js`))),
  wasm: await each(Object.keys(WASM), async (name) => {
    const file = WASM[/** @type {keyof typeof WASM} */ (name)];
    return emit(file, await readFile(path.join(wasmFolder, 'dist', file)));
  }),
};
await copyFile(path.join(here, TYPES), path.join(out, TYPES));
await writeFile(path.join(out, 'assets.json'), JSON.stringify(assets, null, 1));
