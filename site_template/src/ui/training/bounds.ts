// What a visitor may set, and how the text they type becomes a number.

import { HEAD_SETTINGS, HELD_OUT_PERCENT } from '../../contract.ts';
import type { HeadSettings } from '../../protocol.ts';

interface Bounds {
  min: number;
  max: number;
  /** Whether only whole numbers will do. */
  whole: boolean;
  /** Whether `min` itself is too small. */
  above: boolean;
}

export type SettingName = keyof HeadSettings | 'share';

/** `share`, of every class's photos that is held out, in percent. */
export const BOUNDS: Record<SettingName, Bounds> = { ...HEAD_SETTINGS, share: HELD_OUT_PERCENT };

export function fits(name: SettingName, value: number) {
  const { min, max, whole: asWhole, above } = BOUNDS[name];
  if (!Number.isFinite(value) || (asWhole && !Number.isInteger(value))) return false;
  return value <= max && (above ? value > min : value >= min);
}

/**
 * @param text as typed: with a point or a comma before the decimals
 * @returns null where it is no number within the bounds
 */
export function readSetting(name: SettingName, text: string): number | null {
  const plain = text.trim().replace(',', '.');
  // `Number` also takes hexadecimals, and nothing at all for zero.
  if (!/^\d*\.?\d+(e[+-]?\d+)?$/i.test(plain)) return null;
  const value = Number(plain);
  return fits(name, value) ? value : null;
}
