// What the actions share: the site, the worker in use, and how the visitor hears of something.

import type { RemoteWorker } from '../../client.ts';
import type { Site } from '../../protocol.ts';
import { messageOf } from '../i18n/error-words.ts';
import { notice, projectName } from './state.ts';

export const session = {
  /** Set by `openPage`, before anything can be clicked. */
  site: null as unknown as Site,
  /** null until the model is there */
  worker: null as RemoteWorker | null,
  /** Hands the first worker what this browser kept of an earlier visit. */
  restoreInto: (async () => {}) as (worker: RemoteWorker) => Promise<void>,
};

/** The site, under the project's name where it has one. */
export const titledSite = (): Site => ({ ...session.site, title: projectName.value || session.site.title });

export function say(text: string) {
  notice.value = { tone: 'info', text };
}

/** @param text a sentence that says what is wrong */
export function warn(text: string) {
  notice.value = { tone: 'error', text };
}

/** @param what failed, in words for a visitor */
export function complain(what: string, error: unknown) {
  warn(`${what} ${messageOf(error)}`);
}
