import assert from 'node:assert/strict';
import test from 'node:test';

/** How large a canvas may be here before it has no memory, in pixels. */
let memory = Infinity;
/** The sizes of all canvases that were made. */
let made: number[][] = [];

type Rect = [x: number, y: number, width: number, height: number];
/** RGBA at a place. */
type At = (x: number, y: number) => number[];
type Bitmap = { at: At };

/** A canvas that does what one of a browser does, as far as the worker uses it. */
class Canvas {
  width: number;
  height: number;
  drawing: any;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    made.push([width, height]);
  }
  getContext() {
    const canvas = this;
    return (this.drawing ??= {
      canvas,
      fillRect(...rect: Rect) {
        this.paint(rect, () => [255, 255, 255, 255]);
      },
      drawImage(frame: Bitmap, x: number, y: number, w: number, h: number, left: number, top: number) {
        this.paint([left, top, w, h], (column: number, row: number) => frame.at(x + column - left, y + row - top));
      },
      paint([x, y, w, h]: Rect, colour: At) {
        const { width, height } = canvas;
        if (this.bytes?.length !== 4 * width * height) this.bytes = new Uint8ClampedArray(4 * width * height);
        if (width * height > memory) return;
        for (let row = y; row < y + h; row++)
          for (let column = x; column < x + w; column++) {
            const [r, g, b, a] = colour(column, row);
            const at = 4 * (row * width + column);
            const over = [r, g, b].map((value, k) => (value * a + this.bytes[at + k] * (255 - a)) / 255);
            this.bytes.set([...over, 255], at);
          }
      },
      getImageData: (_x: number, _y: number, width: number, height: number) => ({
        data: this.drawing.bytes.slice(),
        width,
        height,
      }),
    });
  }
}
globalThis.OffscreenCanvas = Canvas as any;
const { readFrame } = await import('../../../site_template/src/worker/frames.ts');

/** A bitmap that is only as large as what is asked of it. */
const bitmap = (width: number, height: number, at: At) => ({
  width,
  height,
  at,
  closed: 0,
  close() {
    this.closed++;
  },
});
const coloured: At = (x, y) => [x % 251, y % 241, (x + y) % 239, 255];

test('what was drawn before shows through nowhere', async () => {
  await readFrame(
    bitmap(3, 2, () => [9, 9, 9, 255]),
    'stretch',
  );
  const { data } = await readFrame(
    bitmap(3, 2, (x) => [200, 100, 50, [0, 128, 255][x]]),
    'stretch',
  );
  const row = [255, 255, 255, 255, 227, 177, 152, 255, 200, 100, 50, 255];
  assert.deepEqual([...data], [...row, ...row]);
});

test('raw pixels lie on white as well, and those given stay as they are', async () => {
  const data = Uint8ClampedArray.of(200, 100, 50, 128, 1, 2, 3, 0);
  const read = await readFrame({ data, width: 2, height: 1 }, 'stretch');
  assert.deepEqual([...read.data], [227, 177, 152, 255, 255, 255, 255, 255]);
  assert.deepEqual([...data], [200, 100, 50, 128, 1, 2, 3, 0]);
  const opaque = Uint8Array.of(1, 2, 3, 255);
  const same = await readFrame({ data: opaque, width: 1, height: 1 }, 'stretch');
  assert.equal(same.data, opaque);
});

test("beyond the size that every browser's canvases have, a picture is read in parts", async () => {
  made = [];
  for (const [width, height] of [
    [5000, 3],
    [3, 5000],
    [4097, 4099],
  ]) {
    const large = bitmap(width, height, coloured);
    const read = await readFrame(large, 'stretch');
    assert.deepEqual([read.width, read.height], [width, height]);
    for (let i = 0; i < 2000; i++) {
      const [x, y] = [(i * 7919) % width, (i * 104729) % height];
      const found = read.data.subarray(4 * (y * width + x), 4 * (y * width + x) + 4);
      assert.deepEqual([...found], coloured(x, y), `${x}, ${y}`);
    }
    assert.equal(large.closed, 1);
  }
  assert.ok(made.every((sides) => Math.max(...sides) <= 4096));
});

test('of a long picture only the square is read', async () => {
  const long = bitmap(40_000, 10, (x, y) => {
    assert.ok(x >= 19_995 && x < 20_005);
    return coloured(x, y);
  });
  const { data, width, height } = await readFrame(long, 'crop');
  assert.deepEqual([width, height], [10, 10]);
  assert.deepEqual([...data.subarray(0, 4)], coloured(19_995, 0));
});

test('a canvas without memory is an error, and the next picture gets another one', async () => {
  memory = 100;
  const large = bitmap(640, 480, coloured);
  await assert.rejects(readFrame(large, 'crop'), /enough memory for a picture of 640 by 480/);
  assert.equal(large.closed, 1);
  made = [];
  const { data } = await readFrame(bitmap(4, 4, coloured), 'crop');
  assert.deepEqual([...data.subarray(0, 8)], [0, 0, 0, 255, 1, 0, 1, 255]);
  assert.equal(made.length, 1);
  memory = Infinity;
});
