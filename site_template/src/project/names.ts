// Names of classes: one spelling for each, however a system stores its letters. macOS may hand over `é` as an `e` and an
// accent, where others have one letter.

/** The name with its letters composed. */
export const normalName = (name: string) => name.normalize('NFC');

/** What is equal for names that look alike to a reader: without outer blanks, and whatever the case. */
export const nameKey = (name: string) => normalName(normalName(name).trim().toLowerCase());

/** Every name composed, but for those that this would make equal: an old project may hold such twins. */
export function normalNames(names: string[]) {
  const composed = names.map(normalName);
  const count = (all: string[], one: string) => all.filter((name) => name === one).length;
  return names.map((name, i) => (count(composed, composed[i]) > count(names, name) ? name : composed[i]));
}
