// Bundles the witness of `onthefly validate`, which trains the head with tf.layers. Not part of any site.
//
//   node witness.mjs OUT.js

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));

await esbuild.build({
  entryPoints: [path.join(here, 'src/parity/witness.ts')],
  absWorkingDir: here,
  bundle: true,
  outfile: path.resolve(process.argv[2] ?? 'build/witness.js'),
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
});
