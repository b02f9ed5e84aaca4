// What the page's content security policy blocks. The page's own allows what the site needs; one that a host sends
// too, or the page of somebody else, may not.

import { CodedError } from './errors.js';

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

/**
 * @typedef {object} Blocked
 * @property {string} directive that forbids it, as the browser names it
 * @property {string} [needs] what it has to allow; absent where the policy has to go without the directive
 */

/**
 * What has to be changed, in English.
 * @param {Blocked} blocked
 */
function change({ directive, needs }) {
  const how = needs ? `has to allow ${needs}` : `has to go without ${directive}`;
  return `the content security policy of this page, or one that its host sends, ${how}.`;
}

/** What cannot be done. */
export const POLICY_MESSAGES = {
  download: (/** @type {Blocked} */ blocked) => `The files of the site could not be downloaded: ${change(blocked)}`,
  webassembly: (/** @type {Blocked} */ blocked) => `WebAssembly could not be started: ${change(blocked)}`,
  worker: (/** @type {Blocked} */ blocked) => `The worker could not be started: ${change(blocked)}`,
};

/** @typedef {keyof typeof POLICY_MESSAGES} PolicyErrorCode */

/** By the directive that forbids it; the worker by any other. @type {Record<string, PolicyErrorCode>} */
const FORBIDDEN = { 'connect-src': 'download', 'script-src': 'webassembly' };

/**
 * A content security policy forbids something without which nothing works.
 * @extends {CodedError<PolicyErrorCode>}
 */
export class PolicyError extends CodedError {
  /** @param {string} directive as the browser names it */
  constructor(directive) {
    const blocked = { directive, needs: NEEDS[directive] };
    super('PolicyError', POLICY_MESSAGES, FORBIDDEN[directive] ?? 'worker', blocked);
    /** What has to be changed. */
    this.way = change(blocked);
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
