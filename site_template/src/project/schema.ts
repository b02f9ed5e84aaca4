// Checks of JSON that a stranger wrote: what is there has the right kind and size, and nothing else is there.

import { damaged } from './errors.ts';

/** Throws a ProjectError that names the place. */
type Check = (value: any, at: string) => void;

export function text({ min = 1, max = 200, pattern }: { min?: number; max?: number; pattern?: RegExp } = {}): Check {
  return (value, at) => {
    if (typeof value !== 'string') throw damaged(at, 'text');
    // Characters, as Python counts them, not UTF-16's units; what is far too long is not counted.
    const length = value.length > 2 * max ? Infinity : [...value].length;
    if (length < min || length > max) throw damaged(at, 'length', { min, max });
    // A surrogate without its other half is no character, and other readers of JSON refuse it.
    if (/\p{Surrogate}/u.test(value) || (pattern && !pattern.test(value))) throw damaged(at, 'characters');
  };
}

export function whole(min: number, max: number): Check {
  return (value, at) => {
    if (!Number.isSafeInteger(value)) throw damaged(at, 'whole');
    if (value < min || value > max) throw damaged(at, 'range', { min, max });
  };
}

export function number({
  min = -Infinity,
  above = -Infinity,
  max = Infinity,
}: {
  min?: number;
  above?: number;
  max?: number;
} = {}): Check {
  return (value, at) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw damaged(at, 'number');
    if (value < min || value <= above || value > max) throw damaged(at, 'bounds');
  };
}

export function oneOf(...values: unknown[]): Check {
  return (value, at) => {
    if (!values.includes(value)) throw damaged(at, 'choice', { values: values.map((each) => JSON.stringify(each)) });
  };
}

/** @param check of each item */
export function list(check: Check, min: number, max: number): Check {
  return (value, at) => {
    if (!Array.isArray(value)) throw damaged(at, 'list');
    if (value.length < min || value.length > max) throw damaged(at, 'items', { min, max });
    value.forEach((item, i) => check(item, `${at}[${i}]`));
  };
}

const isObject = (value: any) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keys of a record that may be absent. */
const absent = new WeakSet<Check>();

/**
 * For a key of a `record` that may be absent.
 * @param check where it is there
 */
export function optional(check: Check): Check {
  absent.add(check);
  return check;
}

/** An object with exactly these keys. */
export function record(checks: Record<string, Check>): Check {
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

/** An object with any keys that satisfy one check, and values that satisfy another. */
export function table(keys: Check, values: Check, max: number): Check {
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
