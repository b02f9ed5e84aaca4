// How a recording goes that nobody holds a button for; kept in this browser.

import { signal } from '@preact/signals';

/** Seconds, photos per second, seconds. */
type HandsFree = { countdown: number; rate: number; duration: number };

const KEY = 'onthefly hands-free';

/** Whole numbers. */
export const HANDS_FREE: Record<keyof HandsFree, { least: number; most: number; usual: number }> = {
  countdown: { least: 0, most: 60, usual: 3 },
  rate: { least: 1, most: 20, usual: 5 },
  duration: { least: 1, most: 300, usual: 5 },
};

export const handsFreeSettings = signal<HandsFree>(stored());

/** Changes some of them; what is no whole number within the bounds is not taken. */
export function changeHandsFree(changed: Partial<HandsFree>) {
  handsFreeSettings.value = checked({ ...handsFreeSettings.value, ...changed }, handsFreeSettings.value);
  try {
    localStorage.setItem(KEY, JSON.stringify(handsFreeSettings.value));
  } catch {
    // Storage is refused here: the settings hold for this visit.
  }
}

function checked(wanted: Record<string, unknown>, otherwise: HandsFree): HandsFree {
  const read = (name: keyof HandsFree) => {
    const value = wanted[name];
    const { least, most } = HANDS_FREE[name];
    return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? value
      : otherwise[name];
  };
  return { countdown: read('countdown'), rate: read('rate'), duration: read('duration') };
}

function stored(): HandsFree {
  const { countdown, rate, duration } = HANDS_FREE;
  const usual = { countdown: countdown.usual, rate: rate.usual, duration: duration.usual };
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? 'null');
    return found && typeof found === 'object' ? checked(found, usual) : usual;
  } catch {
    return usual;
  }
}
