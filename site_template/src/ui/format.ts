// Numbers and moments as a visitor reads them, in the language of the words around them.

import { locale } from './strings.js';

/** @param {Intl.NumberFormatOptions} options */
const numbers = (options) => new Intl.NumberFormat(locale, { useGrouping: 'min2', ...options }).format;

/** Formats with so many decimals, made when they are first needed. @type {((value: number) => string)[]} */
const fixed = [];

/**
 * @param {number} value
 * @param {number} digits after the decimal point
 */
export function decimals(value, digits) {
  fixed[digits] ??= numbers({ minimumFractionDigits: digits, maximumFractionDigits: digits });
  return fixed[digits](value);
}

/** With two digits that count. */
const brief = numbers({ maximumSignificantDigits: 2 });

/** @param {number} value of an axis, in as few digits as will do */
export const short = (value) => brief(value);

/** @param {number} value as it may be typed: every digit, and no separators but the decimal one */
export const asTyped = (value) => String(value).replace('.', decimals(0.5, 1)[1]);

/** @param {number} share 0 to 1 */
export const percent = (share) => `${decimals(share * 100, 0)}%`;

/** @param {number} bytes */
export const megabytes = (bytes) => decimals(bytes / 1e6, 1);

/** @param {number} bytes */
export const fileSize = (bytes) => {
  if (bytes < 1e6) return `${decimals(Math.ceil(bytes / 1e3), 0)} kB`;
  return bytes < 1e9 ? `${megabytes(bytes)} MB` : `${decimals(bytes / 1e9, 1)} GB`;
};

/** @param {number} ms */
export const seconds = (ms) =>
  ms < 950 ? `${decimals(Math.max(1, Math.round(ms)), 0)} ms` : `${decimals(ms / 1000, 1)} s`;

/** @param {number} value */
export const loss = (value) => (value < 0.0005 ? `< ${decimals(0.001, 3)}` : decimals(value, 3));

/** @param {number} ms where less than one matters */
export const milliseconds = (ms) => `${brief(ms)} ms`;

/**
 * A number with its power of ten, as 1.2e-5.
 * @param {number} value
 * @param {number} digits after the decimal point
 */
export function power(value, digits) {
  const [factor, exponent] = value.toExponential(digits).split('e');
  return exponent === undefined ? decimals(value, digits) : `${decimals(Number(factor), digits)}e${exponent}`;
}

const moments = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });

/** @param {Date} when */
export const moment = (when) => moments.format(when);
