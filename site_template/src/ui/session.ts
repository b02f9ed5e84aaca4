// What the actions share: the site, the worker in use, and how something is told to the visitor.

import { messageOf } from './error-words.js';
import { notice } from './state.js';

export const session = {
  /** Set by `openPage`, before anything can be clicked. */
  site: /** @type {import('../protocol.js').Site} */ (/** @type {unknown} */ (null)),
  /** null until the model is there */
  worker: /** @type {import('../client.js').RemoteWorker|null} */ (null),
  /** Hands the first worker what this browser kept of an earlier visit. */
  takeUp: /** @type {(worker: import('../client.js').RemoteWorker) => Promise<void>} */ (async () => {}),
};

/** @param {string} text */
export function say(text) {
  notice.value = { tone: 'info', text };
}

/**
 * @param {string} what failed, in words for a visitor
 * @param {unknown} error
 */
export function complain(what, error) {
  notice.value = { tone: 'error', text: `${what} ${messageOf(error)}` };
}
