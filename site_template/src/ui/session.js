// What the actions share: the site, the worker in use, and how something is told to the visitor.

import { NEEDS, PolicyError } from '../policy.js';
import { DownloadError } from '../verified.js';
import { notice } from './state.js';
import { strings } from './strings.js';

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

/** @param {unknown} error */
export function messageOf(error) {
  const { startup, unexpected } = strings;
  if (error instanceof DownloadError) return faultOf(error.fault);
  if (error instanceof PolicyError) {
    const needs = NEEDS[error.directive];
    return needs ? startup.forbidden(needs) : startup.forbiddenBy(error.directive);
  }
  return (error instanceof Error && error.message) || unexpected;
}

/** @param {import('../verified.js').Fault} fault */
function faultOf(fault) {
  const { faults } = strings.startup;
  return fault.kind === 'status' ? faults.status(fault) : faults[fault.kind](fault);
}
