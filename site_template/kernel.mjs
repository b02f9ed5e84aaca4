// Compiles the kernels from AssemblyScript to the bytes of WebAssembly modules.
//
//   node kernel.mjs OUT
//
// leaves each as NAME.wasm in a folder, from which any number of builds can take them.

import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), 'assembly');
// The stub runtime brings no allocator and no collector: none of their code is in the result.
const OPTIONS = ['--runtime', 'stub', '--noAssert', '-O3', '--enable', 'simd', '--disable', 'bulk-memory'];
/** For code that computes in the memory of another module. */
const GUEST = ['--importMemory', '--initialMemory', '0', '--memoryBase', '0'];

/**
 * By name: where the source is, and how it is compiled.
 * @type {Record<string, {source: string, options: string[]}>}
 */
const KERNELS = {
  head: { source: 'head.ts', options: [] },
  'backbone-simd': { source: 'backbone/backbone.ts', options: GUEST },
  'backbone-relaxed': { source: 'backbone/backbone.ts', options: [...GUEST, '--enable', 'relaxed-simd'] },
};

/**
 * @param {string} name a key of KERNELS
 * @returns {Promise<Uint8Array>} the same bytes from the same source and compiler
 */
export async function compileKernel(name = 'head') {
  // Only here: the compiler takes longer to load than a bundle to be made.
  const { main } = await import('assemblyscript/asc');
  const { source, options } = KERNELS[name];
  /** @type {Uint8Array|undefined} */
  let bytes;
  const place = ['--baseDir', folder, '--outFile', 'out.wasm'];
  const { error, stderr } = await main([source, ...place, ...OPTIONS, ...options], {
    writeFile(file, contents) {
      if (file === 'out.wasm') bytes = /** @type {Uint8Array} */ (contents);
    },
  });
  if (error || !bytes) throw new Error(`The kernel ${name} does not compile:\n${stderr.toString()}`, { cause: error });
  return bytes;
}

/** @param {(name: string) => Promise<Uint8Array>} bytesOf */
const plugin = (bytesOf) => ({
  name: 'kernel',
  /** @param {import('esbuild').PluginBuild} build */
  setup(build) {
    build.onResolve({ filter: /^\.\/[\w-]+\.wasm$/ }, ({ path: file }) => ({ path: file, namespace: 'kernel' }));
    build.onLoad({ filter: /./, namespace: 'kernel' }, async ({ path: file }) => ({
      contents: await bytesOf(path.parse(file).name),
      loader: 'binary',
    }));
  },
});

/** @type {Map<string, Promise<Uint8Array>>} */
const compiled = new Map();

/** For esbuild: the import of a `.wasm` in `src/kernel` is the compiled kernel, its bytes within the bundle. */
export const kernelPlugin = plugin((name) => {
  const bytes = compiled.get(name) ?? compileKernel(name);
  compiled.set(name, bytes);
  return bytes;
});

/**
 * The same with kernels that were compiled before.
 * @param {string} from the folder in which `node kernel.mjs` left them
 */
export const compiledKernelPlugin = (from) => plugin((name) => readFile(path.join(from, `${name}.wasm`)));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // The compiler is a large WebAssembly module that runs once: optimizing it takes longer than it saves.
  setFlagsFromString('--liftoff-only');
  for (const name of Object.keys(KERNELS)) {
    await writeFile(path.join(process.argv[2], `${name}.wasm`), await compileKernel(name));
  }
}
