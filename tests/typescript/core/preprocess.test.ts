import assert from 'node:assert/strict';
import test from 'node:test';
import { preprocess, region } from '../../../site_template/src/core/preprocess.ts';

function picture(width: number, height: number, f: (x: number, y: number, k: number) => number) {
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) for (let k = 0; k < 4; k++) rgba[(y * width + x) * 4 + k] = f(x, y, k);
  }
  return rgba;
}

test('the centre square is cropped, rounding down', () => {
  assert.deepEqual(region(640, 480, 'crop'), {
    x: 80,
    y: 0,
    width: 480,
    height: 480,
  });
  assert.deepEqual(region(3, 2, 'crop'), { x: 0, y: 0, width: 2, height: 2 });
  assert.deepEqual(region(480, 641, 'crop'), {
    x: 0,
    y: 80,
    width: 480,
    height: 480,
  });
  assert.deepEqual(region(640, 480, 'stretch'), {
    x: 0,
    y: 0,
    width: 640,
    height: 480,
  });
});

test('a picture of the right size passes through, divided by 255', () => {
  const rgba = picture(4, 4, (x, y, k) => 16 * y + 4 * x + k);
  const out = preprocess(rgba, 4, 4, { size: 4, fit: 'crop' });
  for (let i = 0; i < 16; i++)
    for (let k = 0; k < 3; k++) assert.equal(out[i * 3 + k], Math.fround(rgba[i * 4 + k] / 255));
});

test('corners are aligned and values between them are linear', () => {
  const out = preprocess(
    picture(3, 3, (x) => x * 100),
    3,
    3,
    { size: 5, fit: 'crop' },
  );
  const row = Array.from({ length: 5 }, (_, j) => Math.round(out[j * 3] * 255));
  assert.deepEqual(row, [0, 50, 100, 150, 200]);
});

test('one pixel fills the square; alpha is not read', () => {
  const out = preprocess(Uint8ClampedArray.of(10, 20, 30, 0), 1, 1, {
    size: 2,
    fit: 'crop',
  });
  assert.deepEqual(
    [...out],
    [10, 20, 30, 10, 20, 30, 10, 20, 30, 10, 20, 30].map((v) => Math.fround(v / 255)),
  );
});

test('crop takes no pixel from outside the square; stretch takes the corners', () => {
  const rgba = picture(9, 3, (x) => (x < 3 || x > 5 ? 255 : 0));
  assert.ok(preprocess(rgba, 9, 3, { size: 4, fit: 'crop' }).every((v) => v === 0));
  assert.equal(preprocess(rgba, 9, 3, { size: 4, fit: 'stretch' })[0], 1);
});

test('bytes that do not make up the picture are refused', () => {
  assert.throws(() => preprocess(new Uint8Array(15), 2, 2, { size: 4, fit: 'crop' }), RangeError);
  assert.throws(() => preprocess(new Uint8Array(0), 0, 0, { size: 4, fit: 'crop' }), RangeError);
});
