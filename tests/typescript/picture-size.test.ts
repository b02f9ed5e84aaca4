import assert from 'node:assert/strict';
import test from 'node:test';
import { PICTURE_PIXELS } from '../../site_template/src/contract.ts';
import { weightOf } from '../../site_template/src/images.ts';
import { sizeIn, sizeOf } from '../../site_template/src/picture-size.ts';

/** @param length filled up with zeros */
function bytes(hex: string, length: number = 40) {
  const given = Buffer.from(hex.replace(/ /g, ''), 'hex');
  return new Uint8Array(Buffer.concat([given], Math.max(length, given.length)));
}
const text = (words: string) => Buffer.from(words, 'latin1').toString('hex');

const JPEG_SIZE = 'ffc0 0011 08 0140 01e0';
const HEADERS = {
  PNG: [text('\x89PNG\r\n\x1a\n') + '0000000d' + text('IHDR') + '000001e000000140'],
  GIF: [text('GIF89a') + 'e0014001', text('GIF87a') + 'e0014001'],
  WebP: [
    text('RIFF????WEBPVP8X') + '0a00000000000000 df0100 3f0100',
    text('RIFF????WEBPVP8 ') + '00000000 000000 9d012a e001 4001',
    text('RIFF????WEBPVP8L') + '00000000 2f df c1 4f 00',
  ],
  BMP: [
    text('BM') + '000000000000000036000000 28000000 e0010000 40010000',
    text('BM') + '000000000000000036000000 28000000 e0010000 c0feffff', // the first row first
    text('BM') + '00000000000000001a000000 0c000000 e001 4001',
  ],
  AVIF: [
    '00000018' +
      text('ftypavif') +
      '00'.repeat(12) +
      '00000014' +
      text('ispe') +
      '00000000 000000f0 000000a0' +
      '00000014' +
      text('ispe') +
      '00000000 000001e0 00000140',
  ],
  JPEG: ['ffd8 ffe0 0006 41424344' + JPEG_SIZE, 'ffd8' + JPEG_SIZE],
};

for (const [format, headers] of Object.entries(HEADERS)) {
  test(`the size of a ${format} is in its header`, async () => {
    for (const header of headers) {
      assert.deepEqual(sizeIn(bytes(header)), { width: 480, height: 320 });
      assert.deepEqual(await sizeOf(new Blob([bytes(header)])), {
        width: 480,
        height: 320,
      });
    }
  });
}

test("where a JPEG's size stands behind long previews it is found all the same", async () => {
  const preview = 'ffe1 ffff' + '00'.repeat(0xfffd);
  const file = bytes('ffd8' + preview + preview + JPEG_SIZE, 140_000);
  assert.equal(sizeIn(file.subarray(0, 1 << 16)), null);
  assert.deepEqual(await sizeOf(new Blob([file])), {
    width: 480,
    height: 320,
  });
});

test('what is no picture, or cut short, has no size', async () => {
  for (const hex of ['', 'ffd8', text('BM'), text('<svg></svg>'), '00'.repeat(99)])
    assert.equal(await sizeOf(new Blob([bytes(hex, 0)])), null, hex);
});

test('a small file of very many pixels weighs as much as a large one', async () => {
  const [many] = HEADERS.PNG;
  const huge = many.replace('000001e000000140', '00002710 00002ee0');
  assert.equal(await weightOf(new Blob([bytes(many, 90_000)])), 90_000);
  assert.equal(await weightOf(new Blob([bytes(huge)])), PICTURE_PIXELS / 4);
  assert.equal(await weightOf(new Blob([new Uint8Array(7)])), 7);
});
