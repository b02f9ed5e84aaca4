// How a recording goes that nobody holds a button for; kept in this browser.

import { signal } from '@preact/signals';

/** @typedef {{countdown: number, rate: number, duration: number}} HandsFree seconds, photos per second, seconds */

const KEY = 'onthefly hands-free';

/** @type {Record<keyof HandsFree, {least: number, most: number, usual: number}>} whole numbers */
export const HANDS_FREE = {
  countdown: { least: 0, most: 60, usual: 3 },
  rate: { least: 1, most: 20, usual: 5 },
  duration: { least: 1, most: 300, usual: 5 },
};

/** @type {import('@preact/signals').Signal<HandsFree>} */
export const handsFreeSettings = signal(stored());

/**
 * Changes some of them; what is no whole number within the bounds is not taken.
 * @param {Partial<HandsFree>} changed
 */
export function changeHandsFree(changed) {
  handsFreeSettings.value = checked({ ...handsFreeSettings.value, ...changed }, handsFreeSettings.value);
  try {
    localStorage.setItem(KEY, JSON.stringify(handsFreeSettings.value));
  } catch {
    // Storage is refused here: the settings hold for this visit.
  }
}

/**
 * @param {Record<string, unknown>} wanted
 * @param {HandsFree} otherwise
 * @returns {HandsFree}
 */
function checked(wanted, otherwise) {
  /** @param {keyof HandsFree} name */
  const take = (name) => {
    const value = wanted[name];
    const { least, most } = HANDS_FREE[name];
    return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? value
      : otherwise[name];
  };
  return { countdown: take('countdown'), rate: take('rate'), duration: take('duration') };
}

/** @returns {HandsFree} */
function stored() {
  const { countdown, rate, duration } = HANDS_FREE;
  const usual = { countdown: countdown.usual, rate: rate.usual, duration: duration.usual };
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? 'null');
    return found && typeof found === 'object' ? checked(found, usual) : usual;
  } catch {
    return usual;
  }
}
