// What a visitor reads of an error, in the page's language: chosen by its name and code, and made of its data.

import { errorReport, filled } from '../errors.js';
import { strings } from './strings.js';

/** An error of the page itself, whose message is in the page's language already. */
export class WordedError extends Error {}

/** @typedef {Record<string, import('../errors.js').Messages>} Words by the error's name, and as its own messages */

/**
 * @param {import('../errors.js').ErrorReport} report
 * @returns {string}
 */
export function wordsOf({ name, code, data = {}, message }) {
  const words = /** @type {Words} */ (strings.errors)[name];
  const sentence = words?.[`${code}/${data.reason}`] ?? words?.[String(code)];
  if (sentence) return filled(sentence, data, strings.inWords);
  return message ? strings.foreign(message) : strings.unexpected;
}

/** @param {unknown} error */
export function messageOf(error) {
  if (error instanceof WordedError) return error.message;
  return error instanceof Error ? wordsOf(errorReport(error)) : strings.unexpected;
}
