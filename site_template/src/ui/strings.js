// The words of the page's language; English where a language has none of its own.

import { en } from './strings/en.js';
import { nl } from './strings/nl.js';

/** @type {Record<string, typeof en>} by primary language subtag */
const LANGUAGES = { en, nl };

const { lang } = document.documentElement;
const own = LANGUAGES[lang.toLowerCase().split('-')[0]];

export const strings = own ?? en;
/** The language of the words, BCP 47: numbers and dates are written in it too. */
export const locale = own ? lang : 'en';
