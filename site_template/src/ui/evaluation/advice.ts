// Which classes have so few photos that the model will be worse at them.

/** A class with fewer photos than this part of the largest one is outweighed by it. */
const LEAST_PART = 1 / 3;
/** With fewer photos than this a class is hardly known. */
export const ENOUGH = 10;

/** A class with few photos; the largest class where it outweighs that one, else null. */
type Advice<T> = { few: T; count: number; most: { many: T; count: number } | null };

/**
 * @param classes that take part in training, with how many photos each has
 * @returns those with the fewest photos first
 */
export function balanceAdvice<T>(classes: { entry: T; count: number }[]): Advice<T>[] {
  const largest = classes.reduce((most, each) => (each.count > most.count ? each : most), classes[0]);
  return classes
    .filter(({ count }) => count < ENOUGH || count < largest.count * LEAST_PART)
    .sort((a, b) => a.count - b.count)
    .map(({ entry, count }) => ({
      ...{ few: entry, count },
      most: count < largest.count * LEAST_PART ? { many: largest.entry, count: largest.count } : null,
    }));
}
