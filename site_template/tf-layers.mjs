// Bundles the training with tf.layers that `onthefly validate` compares with. Not part of any site.
//
//   node tf-layers.mjs OUT.js

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));

await esbuild.build({
  entryPoints: [path.join(here, 'src/validate/tf-layers.ts')],
  absWorkingDir: here,
  bundle: true,
  outfile: path.resolve(process.argv[2] ?? 'build/tf-layers.js'),
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
});
