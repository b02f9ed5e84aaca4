// Why something is not kept in this browser, as a code for programs, and in English.

import { CodedError } from '../errors.ts';

/**
 * - `refused`: the browser keeps nothing for this page (its settings, a private window, an isolated frame)
 * - `newer`: a newer version of the page was here, and this one cannot read what that one keeps
 * - `blocked`: a tab with an older version of the page is in the way
 * - `full`: there is no room left
 * - `closed`: the connection was closed by the browser, by another tab, or by `close`
 * - `missing`: there is no such project or photo; another tab may have removed it
 * - `failed`: anything else; see `cause`
 */
type StoreErrorCode = 'refused' | 'newer' | 'blocked' | 'full' | 'closed' | 'missing' | 'failed';

export const STORE_MESSAGES: Record<StoreErrorCode, string> = {
  refused: 'This browser does not let this page keep anything.',
  newer: 'A newer version of this page keeps projects in this browser. Reload the page to get it.',
  blocked: 'An older version of this page is open in another tab. Close that tab and try again.',
  full: 'There is no room left in this browser. Remove a project or photos and try again.',
  closed: 'This page lost its connection to the browser’s storage. Reload the page to keep saving.',
  missing: 'This is no longer kept in this browser. It may have been removed in another tab.',
  failed: 'The browser could not keep or read this.',
};

export class StoreError extends CodedError<StoreErrorCode> {
  constructor(code: StoreErrorCode, cause?: unknown) {
    super('StoreError', STORE_MESSAGES, code, {}, { cause });
  }
}

const nameOf = (error: unknown) => (error instanceof Error || error instanceof DOMException ? error.name : '');

/**
 * Whether a visitor lets no site keep data. Chromium then calls the failure of a database unknown, but says it here.
 */
function isDenied() {
  try {
    void globalThis.localStorage;
    return false;
  } catch {
    return true;
  }
}

/** @param error met while opening the database */
export function openingError(error: unknown) {
  if (error instanceof StoreError) return error;
  switch (nameOf(error)) {
    case 'VersionError':
      return new StoreError('newer', error);
    case 'QuotaExceededError':
      return new StoreError('full', error);
    case 'SecurityError':
    case 'InvalidStateError':
    case 'NotAllowedError':
      return new StoreError('refused', error);
    default:
      return new StoreError(isDenied() ? 'refused' : 'failed', error);
  }
}

/** @param error met while reading or writing */
export function workingError(error: unknown) {
  if (error instanceof StoreError) return error;
  return new StoreError(nameOf(error) === 'QuotaExceededError' ? 'full' : 'failed', error);
}
