// What the actions share: the site, the worker in use, and how something is told to the visitor.

import type { RemoteWorker } from '../../client.ts';
import type { Site } from '../../protocol.ts';
import { messageOf } from '../i18n/error-words.ts';
import { notice } from './state.ts';

export const session = {
  /** Set by `openPage`, before anything can be clicked. */
  site: null as unknown as Site,
  /** null until the model is there */
  worker: null as RemoteWorker | null,
  /** Hands the first worker what this browser kept of an earlier visit. */
  takeUp: (async () => {}) as (worker: RemoteWorker) => Promise<void>,
};

export function say(text: string) {
  notice.value = { tone: 'info', text };
}

/** @param what failed, in words for a visitor */
export function complain(what: string, error: unknown) {
  notice.value = { tone: 'error', text: `${what} ${messageOf(error)}` };
}
