// Prints what the page's script says in each language, as JSON: of words that depend on something, the parts around it.

import { words as en } from '../../site_template/src/ui/i18n/words/en.ts';
import { words as nl } from '../../site_template/src/ui/i18n/words/nl.ts';

const GAP = '\u0000';

type Words = string | ((...given: unknown[]) => unknown) | { [name: string]: Words };

function fragments(value: Words): string[] {
  if (typeof value === 'string') return value.split(/\{\w+\}/);
  if (typeof value === 'object') return Object.values(value).flatMap(fragments);
  const given = Array.from({ length: value.length }, () => GAP);
  // Many, and one.
  return [given, [1, ...given.slice(1)]].flatMap((args) => String(value(...args)).split(/[\0\d]+|NaN/));
}

const said = (words: Words) => [...new Set(fragments(words).map((text) => text.trim()))].filter(Boolean);
console.log(JSON.stringify({ en: said(en as unknown as Words), nl: said(nl as unknown as Words) }));
