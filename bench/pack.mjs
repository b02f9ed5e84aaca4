// Prints as JSON how many bytes files take: as they are, gzipped, and with brotli, each file by itself.
//
//   node pack.mjs FILE...

import { readFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const sizes = { raw: 0, gzip: 0, brotli: 0 };
for (const name of process.argv.slice(2)) {
  const bytes = readFileSync(name);
  sizes.raw += bytes.length;
  sizes.gzip += gzipSync(bytes, { level: 6 }).length;
  sizes.brotli += brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 9 },
  }).length;
}
process.stdout.write(JSON.stringify(sizes));
