// The words of the page's language; English where a language has none of its own.

import { en } from './strings/en.js';
import { nl } from './strings/nl.js';

/** @type {Record<string, typeof en>} by primary language subtag */
const LANGUAGES = { en, nl };

const [primary] = document.documentElement.lang.toLowerCase().split('-');

export const strings = LANGUAGES[primary] ?? en;
