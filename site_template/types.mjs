// Makes `onthefly.d.ts`, the types of the module for other pages, from the sources.
//
//   node types.mjs [--check]
//
// With --check nothing is written: where the file is not what would be, that is an error.

import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';

const here = path.dirname(fileURLToPath(import.meta.url));
const file = path.join(here, 'onthefly.d.ts');

const bundle = await rollup({
  input: path.join(here, 'src/public.ts'),
  plugins: [
    dts({ tsconfig: path.join(here, 'tsconfig.json'), compilerOptions: { noEmit: false, stripInternal: true } }),
  ],
});
const { output } = await bundle.generate({
  format: 'es',
  banner: `// The types of \`onthefly.js\`, the module for other pages. docs/integrate.md shows it at work.
// Generated from src/public.ts by types.mjs.
`,
});
const biome = path.join(here, 'node_modules/.bin/biome');
const types = execFileSync(biome, ['check', '--write', `--stdin-file-path=${file}`], {
  cwd: here,
  input: output[0].code,
});

if (!process.argv.includes('--check')) await writeFile(file, types);
else if (!types.equals(await readFile(file))) {
  console.error('site_template/onthefly.d.ts is not what its sources say; make it again: npm run types');
  process.exitCode = 1;
}
