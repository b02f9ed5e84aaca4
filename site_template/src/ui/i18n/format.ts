// Numbers and moments as a visitor reads them, in the language of the words around them.

import { locale } from './strings.ts';

const numbers = (options: Intl.NumberFormatOptions) =>
  new Intl.NumberFormat(locale, { useGrouping: 'min2', ...options }).format;

/** Formats with so many decimals, made when they are first needed. */
const fixed: ((value: number) => string)[] = [];

/** @param digits after the decimal point */
export function decimals(value: number, digits: number) {
  fixed[digits] ??= numbers({ minimumFractionDigits: digits, maximumFractionDigits: digits });
  return fixed[digits](value);
}

/** With two digits that count. */
const brief = numbers({ maximumSignificantDigits: 2 });

/** @param value of an axis, in as few digits as will do */
export const short = (value: number) => brief(value);

/** @param value as it may be typed: every digit, and no separators but the decimal one */
export const asTyped = (value: number) => String(value).replace('.', decimals(0.5, 1)[1]);

/** @param share 0 to 1 */
export const percent = (share: number) => `${decimals(share * 100, 0)}%`;

export const megabytes = (bytes: number) => decimals(bytes / 1e6, 1);

export const fileSize = (bytes: number) => {
  if (bytes < 1e6) return `${decimals(Math.ceil(bytes / 1e3), 0)} kB`;
  return bytes < 1e9 ? `${megabytes(bytes)} MB` : `${decimals(bytes / 1e9, 1)} GB`;
};

export const seconds = (ms: number) =>
  ms < 950 ? `${decimals(Math.max(1, Math.round(ms)), 0)} ms` : `${decimals(ms / 1000, 1)} s`;

export const loss = (value: number) => (value < 0.0005 ? `< ${decimals(0.001, 3)}` : decimals(value, 3));

/** @param ms where less than one matters */
export const milliseconds = (ms: number) => `${brief(ms)} ms`;

/**
 * A number with its power of ten, as 1.2e-5.
 * @param digits after the decimal point
 */
export function power(value: number, digits: number) {
  const [factor, exponent] = value.toExponential(digits).split('e');
  return exponent === undefined ? decimals(value, digits) : `${decimals(Number(factor), digits)}e${exponent}`;
}

const moments = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });

export const moment = (when: Date) => moments.format(when);
