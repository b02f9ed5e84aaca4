// What a visitor reads of an error, in the page's language: chosen by its name and code, and made of its data.

import { type ErrorReport, errorReport, filled, type Messages } from '../../errors.ts';
import { strings } from './strings.ts';

/** An error of the page itself, whose message is in the page's language already. */
export class WordedError extends Error {}

/** By the error's name, and as its own messages. */
type Words = Record<string, Messages>;

export function wordsOf({ name, code, data = {}, message }: ErrorReport): string {
  const words = (strings.errors as Words)[name];
  const sentence = words?.[`${code}/${data.reason}`] ?? words?.[String(code)];
  if (sentence) return filled(sentence, data, strings.inWords);
  return message ? strings.foreign(message) : strings.unexpected;
}

export function messageOf(error: unknown) {
  if (error instanceof WordedError) return error.message;
  return error instanceof Error ? wordsOf(errorReport(error)) : strings.unexpected;
}
