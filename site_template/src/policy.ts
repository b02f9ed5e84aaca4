// What the page's content security policy blocks. The page's own allows what the site needs; one that a host sends
// too, or the page of somebody else, may not.

import { CodedError, filled } from './errors.js';

/** How long a browser may take to tell of what it blocked, after it has. */
const TOLD_MS = 250;

/**
 * What the site needs of the directives that it can fail by; see docs/hosting.md.
 * @type {Record<string, string>}
 */
export const NEEDS = {
  'worker-src': 'worker-src blob:',
  'connect-src': "connect-src 'self'",
  'script-src': "script-src 'self' 'wasm-unsafe-eval'",
};

const WAY = 'the content security policy of this page, or one that its host sends, has to';
const ALLOW = /** @type {const} */ (`${WAY} allow {needs}.`);
const WITHOUT = /** @type {const} */ (`${WAY} go without {directive}.`);

/** What cannot be done. Of `needs` and `directive`, the messages name what has to be changed. */
export const POLICY_MESSAGES = /** @type {const} */ ({
  download: `The files of the site could not be downloaded: ${ALLOW}`,
  webassembly: `WebAssembly could not be started: ${ALLOW}`,
  'worker/allow': `The worker could not be started: ${ALLOW}`,
  'worker/without': `The worker could not be started: ${WITHOUT}`,
});

/** @typedef {keyof typeof POLICY_MESSAGES} Key */

/** By the directive that forbids it; any other forbids the worker. @type {Record<string, Key>} */
const FORBIDDEN = { 'connect-src': 'download', 'script-src': 'webassembly', 'worker-src': 'worker/allow' };

/**
 * A content security policy forbids something without which nothing works.
 * @extends {CodedError<import('./errors.js').CodeOf<Key>>}
 */
export class PolicyError extends CodedError {
  /** @param {string} directive as the browser names it */
  constructor(directive) {
    const key = FORBIDDEN[directive] ?? 'worker/without';
    super('PolicyError', POLICY_MESSAGES, key, { directive, needs: NEEDS[directive] });
    /** What has to be changed, in English. */
    this.way = filled(key === 'worker/without' ? WITHOUT : ALLOW, this.data);
  }
}

/**
 * Does something that the policy may forbid.
 * @template Result
 * @param {() => Result|Promise<Result>} action
 * @param {(violation: SecurityPolicyViolationEvent) => boolean} concerns whether what was blocked is this
 * @returns {Promise<Result>}
 * @throws {PolicyError} where it fails because it is forbidden
 */
export async function underPolicy(action, concerns) {
  /** @type {(directive: string) => void} */
  let tell = () => {};
  /** @type {Promise<string>} */
  const told = new Promise((resolve) => {
    tell = resolve;
  });
  const listen = (/** @type {Event} */ event) => {
    const violation = /** @type {SecurityPolicyViolationEvent} */ (event);
    if (violation.disposition === 'enforce' && concerns(violation)) tell(violation.effectiveDirective);
  };
  globalThis.addEventListener?.('securitypolicyviolation', listen);
  try {
    return await action();
  } catch (error) {
    const late = new Promise((resolve) => {
      setTimeout(resolve, TOLD_MS, null);
    });
    const directive = await Promise.race([told, late]);
    throw directive ? new PolicyError(directive) : error;
  } finally {
    globalThis.removeEventListener?.('securitypolicyviolation', listen);
  }
}

/**
 * `fetch`, which tells apart what the policy forbids from what nobody answers.
 * @param {URL} url
 * @param {RequestInit} [init]
 * @returns {Promise<Response>}
 * @throws {PolicyError}
 */
export function allowedFetch(url, init) {
  return underPolicy(
    () => fetch(url, init),
    ({ effectiveDirective, blockedURI }) => effectiveDirective === 'connect-src' && blockedURI.startsWith(url.origin),
  );
}
