// Compiles the training kernel: `src/kernel/assembly/layer.ts` to the bytes of a WebAssembly module.

import { main } from 'assemblyscript/asc';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), 'src', 'kernel', 'assembly');
// The stub runtime brings no allocator and no collector: none of their code is in the result.
const OPTIONS = ['--runtime', 'stub', '--noAssert', '-O3', '--enable', 'simd', '--disable', 'bulk-memory'];

/** @returns {Promise<Uint8Array>} the same bytes from the same source and compiler */
export async function compileKernel() {
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

/** For esbuild: the import of a `.wasm` in `src/kernel` is the compiled kernel, its bytes within the bundle. */
export const kernelPlugin = {
  name: 'kernel',
  /** @param {import('esbuild').PluginBuild} build */
  setup(build) {
    build.onResolve({ filter: /^\.\/layer\.wasm$/ }, () => ({ path: 'layer.wasm', namespace: 'kernel' }));
    build.onLoad({ filter: /./, namespace: 'kernel' }, async () => ({
      contents: await (compiled ??= compileKernel()),
      loader: 'binary',
    }));
  },
};
