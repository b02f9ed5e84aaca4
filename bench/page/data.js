// Pictures and features that are the same in every run.

/** @param {number} seed */
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param {HTMLCanvasElement} canvas */
function brush(canvas) {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser draws on no canvas.');
  return context;
}

/**
 * A camera's frame: patches of colour on a gradient.
 * @param {number} width
 * @param {number} height
 */
export function drawing(width, height) {
  const canvas = Object.assign(document.createElement('canvas'), {
    width,
    height,
  });
  const context = brush(canvas);
  const random = uniform(1);
  for (let i = 0; i < 200; i++) {
    context.fillStyle = `hsl(${random() * 360} 60% ${20 + random() * 60}%)`;
    context.fillRect(random() * width, random() * height, 20 + random() * 120, 20 + random() * 120);
  }
  return canvas;
}

/** @returns {{bytes: Uint8ClampedArray, floats: Float32Array}} a 224 by 224 picture: RGBA, and RGB in [0, 1] */
export function preparedPixels() {
  const { data: bytes } = brush(drawing(224, 224)).getImageData(0, 0, 224, 224);
  const floats = new Float32Array(224 * 224 * 3);
  for (let i = 0; i < 224 * 224; i++) for (let c = 0; c < 3; c++) floats[i * 3 + c] = bytes[i * 4 + c] / 255;
  return { bytes, floats };
}

/**
 * Features like a backbone's: hard-swish of clouds around one centre for each class.
 * @param {number} examples
 * @param {number} width of a feature vector
 * @param {number} classes
 * @returns {{features: Float32Array, labels: Uint16Array}}
 */
export function cloud(examples, width, classes) {
  const random = uniform(7);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const centres = Float32Array.from({ length: classes * width }, () => 0.5 * normal());
  const labels = Uint16Array.from({ length: examples }, (_, i) => Math.floor((i * classes) / examples));
  const features = new Float32Array(examples * width);
  for (let i = 0; i < features.length; i++) {
    const x = centres[labels[Math.floor(i / width)] * width + (i % width)] + normal();
    features[i] = (x * Math.min(6, Math.max(0, x + 3))) / 6;
  }
  return { features, labels };
}

/** Of the data above, each made once. */
const made = new Map();

/** @type {typeof cloud} */
export function examplesOf(examples, width, classes) {
  const key = `${examples} ${width} ${classes}`;
  if (!made.has(key)) made.set(key, cloud(examples, width, classes));
  return made.get(key);
}

export const SCHEDULE = {
  hidden: 128,
  epochs: 10,
  batch: 5,
  rate: 0.001,
  seed: 1,
};

/** @param {string} url */
export function script(url) {
  return new Promise((resolve, reject) => {
    const element = Object.assign(document.createElement('script'), {
      src: url,
      onload: resolve,
      onerror: reject,
    });
    document.head.append(element);
  });
}
