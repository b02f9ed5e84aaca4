// Checks of JSON that a stranger wrote: what is there has the right kind and size, and nothing else is there.

import { damaged } from './errors.js';

/** @typedef {(value: any, at: string) => void} Check throws a ProjectError that names the place */

/**
 * @param {object} [limits]
 * @param {number} [limits.min]
 * @param {number} [limits.max]
 * @param {RegExp} [limits.pattern]
 * @returns {Check}
 */
export function text({ min = 1, max = 200, pattern } = {}) {
  return (value, at) => {
    if (typeof value !== 'string') throw damaged(at, 'text');
    // Characters, as Python counts them, not UTF-16's units; what is far too long is not counted.
    const length = value.length > 2 * max ? Infinity : [...value].length;
    if (length < min || length > max) throw damaged(at, 'length', { min, max });
    // A surrogate without its other half is no character, and other readers of JSON refuse it.
    if (/\p{Surrogate}/u.test(value) || (pattern && !pattern.test(value))) throw damaged(at, 'characters');
  };
}

/**
 * @param {number} min
 * @param {number} max
 * @returns {Check}
 */
export function whole(min, max) {
  return (value, at) => {
    if (!Number.isSafeInteger(value)) throw damaged(at, 'whole');
    if (value < min || value > max) throw damaged(at, 'range', { min, max });
  };
}

/**
 * @param {object} [limits]
 * @param {number} [limits.min]
 * @param {number} [limits.above]
 * @param {number} [limits.max]
 * @returns {Check}
 */
export function number({ min = -Infinity, above = -Infinity, max = Infinity } = {}) {
  return (value, at) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw damaged(at, 'number');
    if (value < min || value <= above || value > max) throw damaged(at, 'bounds');
  };
}

/**
 * @param {unknown[]} values
 * @returns {Check}
 */
export function oneOf(...values) {
  return (value, at) => {
    if (!values.includes(value)) throw damaged(at, 'choice', { values: values.map((each) => JSON.stringify(each)) });
  };
}

/**
 * @param {Check} check of each item
 * @param {number} min
 * @param {number} max
 * @returns {Check}
 */
export function list(check, min, max) {
  return (value, at) => {
    if (!Array.isArray(value)) throw damaged(at, 'list');
    if (value.length < min || value.length > max) throw damaged(at, 'items', { min, max });
    value.forEach((item, i) => check(item, `${at}[${i}]`));
  };
}

/** @param {any} value */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keys of a record that may be absent. @type {WeakSet<Check>} */
const absent = new WeakSet();

/**
 * For a key of a `record` that may be absent.
 * @param {Check} check where it is there
 * @returns {Check}
 */
export function optional(check) {
  absent.add(check);
  return check;
}

/**
 * An object with exactly these keys.
 * @param {Record<string, Check>} checks
 * @returns {Check}
 */
export function record(checks) {
  return (value, at) => {
    if (!isObject(value)) throw damaged(at, 'object');
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(checks, key)) throw damaged(at, 'unknown-key', { key: JSON.stringify(key.slice(0, 40)) });
    }
    for (const [key, check] of Object.entries(checks)) {
      if (!Object.hasOwn(value, key)) {
        if (absent.has(check)) continue;
        throw damaged(at, 'lacks', { key });
      }
      check(value[key], at ? `${at}.${key}` : key);
    }
  };
}

/**
 * An object with any keys that satisfy one check, and values that satisfy another.
 * @param {Check} keys
 * @param {Check} values
 * @param {number} max
 * @returns {Check}
 */
export function table(keys, values, max) {
  return (value, at) => {
    if (!isObject(value)) throw damaged(at, 'object');
    const entries = Object.entries(value);
    if (entries.length > max) throw damaged(at, 'entries', { max });
    for (const [key, item] of entries) {
      keys(key, at);
      values(item, `${at}.${key}`);
    }
  };
}
