// Compiles the training kernel: `src/kernel/assembly/layer.ts` to the bytes of a WebAssembly module.
//
//   node kernel.mjs OUT
//
// leaves them as `layer.wasm` in a folder, from which any number of builds can take them.

import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), 'src', 'kernel', 'assembly');
// The stub runtime brings no allocator and no collector: none of their code is in the result.
const OPTIONS = ['--runtime', 'stub', '--noAssert', '-O3', '--enable', 'simd', '--disable', 'bulk-memory'];

/** @returns {Promise<Uint8Array>} the same bytes from the same source and compiler */
export async function compileKernel() {
  // Only here: the compiler takes longer to load than a bundle to be made.
  const { main } = await import('assemblyscript/asc');
  /** @type {Uint8Array|undefined} */
  let bytes;
  const { error, stderr } = await main(['layer.ts', '--baseDir', folder, '--outFile', 'layer.wasm', ...OPTIONS], {
    writeFile(name, contents) {
      if (name === 'layer.wasm') bytes = /** @type {Uint8Array} */ (contents);
    },
  });
  if (error || !bytes) throw new Error(`The kernel does not compile:\n${stderr.toString()}`, { cause: error });
  return bytes;
}

/** @type {Promise<Uint8Array>|undefined} */
let compiled;

/** @param {() => Promise<Uint8Array>} bytesOf */
const plugin = (bytesOf) => ({
  name: 'kernel',
  /** @param {import('esbuild').PluginBuild} build */
  setup(build) {
    build.onResolve({ filter: /^\.\/layer\.wasm$/ }, () => ({ path: 'layer.wasm', namespace: 'kernel' }));
    build.onLoad({ filter: /./, namespace: 'kernel' }, async () => ({ contents: await bytesOf(), loader: 'binary' }));
  },
});

/** For esbuild: the import of a `.wasm` in `src/kernel` is the compiled kernel, its bytes within the bundle. */
export const kernelPlugin = plugin(() => (compiled ??= compileKernel()));

/**
 * The same with a kernel that was compiled before.
 * @param {string} folder where `node kernel.mjs` left it
 */
export const compiledKernelPlugin = (folder) => plugin(() => readFile(path.join(folder, 'layer.wasm')));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // The compiler is a large WebAssembly module that runs once: optimizing it takes longer than it saves.
  setFlagsFromString('--liftoff-only');
  await writeFile(path.join(process.argv[2], 'layer.wasm'), await compileKernel());
}
