// Before a backend is trusted it must compute what the build computed, on pictures drawn from a seed.

import { drawGolden } from '../core/golden.js';

/**
 * @param {import('./backbone.js').Backbone} backbone
 * @param {import('../protocol.js').Site} site
 * @param {import('../verified.js').Take} take
 * @returns {Promise<import('../protocol.js').SelfCheck>}
 */
export async function selfCheck(backbone, site, take) {
  const [indexBytes, featureBytes] = await Promise.all([take(site.golden.index), take(site.golden.features)]);
  const { images, size, features } = JSON.parse(new TextDecoder().decode(indexBytes));
  const expected = new Float32Array(featureBytes);
  let error = 0;
  for (let i = 0; i < images.length; i++) {
    const pixels = Float32Array.from(drawGolden(images[i], size), (byte) => byte / 255);
    const computed = await backbone.embed(pixels);
    const deviation = relativeError(computed, expected.subarray(i * features, (i + 1) * features));
    // Not Math.max alone: a NaN must not pass for a small error.
    error = Number.isNaN(deviation) ? Infinity : Math.max(error, deviation);
  }
  return { error, limit: site.golden.limit, images: images.length };
}

/**
 * @param {Float32Array} computed
 * @param {Float32Array} expected
 * @returns {number} max|difference| over max|expected|
 */
function relativeError(computed, expected) {
  if (computed.length !== expected.length) return Infinity;
  let difference = 0;
  let peak = 0;
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(computed[i] - expected[i]);
    if (Number.isNaN(d)) return NaN;
    difference = Math.max(difference, d);
    peak = Math.max(peak, Math.abs(expected[i]));
  }
  return difference / peak;
}
