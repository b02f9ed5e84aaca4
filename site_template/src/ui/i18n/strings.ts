// The words of the page's language. There is a bundle of the page for every language that has a file in `words/`, with
// these and no others: build.mjs puts them in place of the English ones.

import { words } from './words/en.ts';

export const strings = words;

const { lang } = document.documentElement;
const isOwn = lang.toLowerCase().split('-')[0] === words.language;

/** The language of the words, BCP 47: numbers and dates are written in it too. */
export const locale = isOwn ? lang : words.language;
