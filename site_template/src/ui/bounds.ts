// What a visitor may set, and how the text they type becomes a number.

import { HEAD_SETTINGS, HELD_OUT_PERCENT } from '../contract.js';

/**
 * @typedef {object} Bounds
 * @property {number} min
 * @property {number} max
 * @property {boolean} whole whether only whole numbers will do
 * @property {boolean} above whether `min` itself is too small
 */

/** @typedef {keyof import('../protocol.js').HeadSettings | 'share'} SettingName */

/** @type {Record<SettingName, Bounds>} `share`, of every class's photos that is held out, in percent */
export const BOUNDS = { ...HEAD_SETTINGS, share: HELD_OUT_PERCENT };

/**
 * @param {SettingName} name
 * @param {number} value
 */
export function fits(name, value) {
  const { min, max, whole: asWhole, above } = BOUNDS[name];
  if (!Number.isFinite(value) || (asWhole && !Number.isInteger(value))) return false;
  return value <= max && (above ? value > min : value >= min);
}

/**
 * @param {SettingName} name
 * @param {string} text as typed: with a point or a comma before the decimals
 * @returns {number|null} null where it is no number within the bounds
 */
export function readSetting(name, text) {
  const plain = text.trim().replace(',', '.');
  // `Number` also takes hexadecimals, and nothing at all for zero.
  if (!/^\d*\.?\d+(e[+-]?\d+)?$/i.test(plain)) return null;
  const value = Number(plain);
  return fits(name, value) ? value : null;
}
