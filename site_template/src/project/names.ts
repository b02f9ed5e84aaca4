// Names of classes: one spelling for each, however a system stores its letters. macOS may hand over `é` as an `e` and an
// accent, where others have one letter.

/**
 * The name with its letters composed.
 * @param {string} name
 */
export const normalName = (name) => name.normalize('NFC');

/**
 * What is equal for names that look alike to a reader: without outer blanks, and whatever the case.
 * @param {string} name
 */
export const nameKey = (name) => normalName(normalName(name).trim().toLowerCase());

/**
 * Every name composed, but for those that this would make equal: an old project may hold such twins.
 * @param {string[]} names
 */
export function normalNames(names) {
  const composed = names.map(normalName);
  const count = (/** @type {string[]} */ all, /** @type {string} */ one) => all.filter((name) => name === one).length;
  return names.map((name, i) => (count(composed, composed[i]) > count(names, name) ? name : composed[i]));
}
