// What the page's content security policy blocks. The page's own allows what the site needs; one that a host adds,
// or that of somebody else's page, may not.

import { CodedError, type CodeOf, filled } from './errors.ts';

/** How long a browser may take to report what it blocked, after blocking it. */
const REPORTED_MS = 250;

/** What the site needs of the directives that it can fail by; see docs/hosting.md. */
const NEEDS: Record<string, string> = {
  'worker-src': 'worker-src blob:',
  'connect-src': "connect-src 'self'",
  'script-src': "script-src 'self' 'wasm-unsafe-eval'",
};

const WAY = 'the content security policy of this page, or one that its host sends, has to';
const ALLOW = `${WAY} allow {needs}.` as const;
const WITHOUT = `${WAY} leave out {directive}.` as const;

/** What cannot be done. Of `needs` and `directive`, the messages name what has to be changed. */
export const POLICY_MESSAGES = {
  download: `The files of the site could not be downloaded: ${ALLOW}`,
  webassembly: `WebAssembly could not be started: ${ALLOW}`,
  'worker/allow': `The worker could not be started: ${ALLOW}`,
  'worker/without': `The worker could not be started: ${WITHOUT}`,
} as const;

type Key = keyof typeof POLICY_MESSAGES;

/** By the directive that forbids it; any other forbids the worker. */
const FORBIDDEN: Record<string, Key> = {
  'connect-src': 'download',
  'script-src': 'webassembly',
  'worker-src': 'worker/allow',
};

/** A content security policy forbids something without which nothing works. */
export class PolicyError extends CodedError<CodeOf<Key>> {
  /** What has to be changed, in English. */
  readonly way: string;

  /** @param directive as the browser names it */
  constructor(directive: string) {
    const key = FORBIDDEN[directive] ?? 'worker/without';
    super('PolicyError', POLICY_MESSAGES, key, { directive, needs: NEEDS[directive] });
    this.way = filled(key === 'worker/without' ? WITHOUT : ALLOW, this.data);
  }
}

/**
 * Does something that the policy may forbid.
 * @param concerns whether what was blocked is this
 * @throws PolicyError where it fails because it is forbidden
 */
export async function underPolicy<Result>(
  action: () => Result | Promise<Result>,
  concerns: (violation: SecurityPolicyViolationEvent) => boolean,
): Promise<Result> {
  let report: (directive: string) => void = () => {};
  const reported: Promise<string> = new Promise((resolve) => {
    report = resolve;
  });
  const listen = (event: Event) => {
    const violation = event as SecurityPolicyViolationEvent;
    if (violation.disposition === 'enforce' && concerns(violation)) report(violation.effectiveDirective);
  };
  globalThis.addEventListener?.('securitypolicyviolation', listen);
  try {
    return await action();
  } catch (error) {
    const late = new Promise<null>((resolve) => {
      setTimeout(resolve, REPORTED_MS, null);
    });
    const directive = await Promise.race([reported, late]);
    throw directive ? new PolicyError(directive) : error;
  } finally {
    globalThis.removeEventListener?.('securitypolicyviolation', listen);
  }
}

/**
 * `fetch` that tells what the policy forbids from what nobody answers.
 * @throws PolicyError
 */
export function allowedFetch(url: URL, init?: RequestInit): Promise<Response> {
  return underPolicy(
    () => fetch(url, init),
    ({ effectiveDirective, blockedURI }) => effectiveDirective === 'connect-src' && blockedURI.startsWith(url.origin),
  );
}
