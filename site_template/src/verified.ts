// Files of the site, accepted only when their bytes are the ones the build wrote.

import { CodedError, type Given } from './errors.ts';
import { allowedFetch, PolicyError } from './policy.ts';
import type { Asset } from './protocol.ts';

/** @returns hex */
export async function sha256(bytes: BufferSource): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Why a file of the site could not be downloaded. `page`: the host sent a web page instead. */
export const DOWNLOAD_MESSAGES = {
  unreachable: '{url} could not be downloaded. Check the connection and try again.',
  status: '{url} could not be downloaded: the server answered {status}.',
  page: '{url} could not be downloaded: the server sent a web page instead.',
  changed:
    '{url} is not the file this site was built with. Reload the page; if that does not help, the site needs to be published again.',
} as const;

export class DownloadError extends CodedError<keyof typeof DOWNLOAD_MESSAGES> {
  constructor(...[key, data]: Given<typeof DOWNLOAD_MESSAGES>) {
    super('DownloadError', DOWNLOAD_MESSAGES, key, data);
  }
}

/**
 * Downloads a file of the site and checks its hash.
 * @param base absolute URL of the site's root
 * @param onBytes called with the number of bytes that each chunk brings
 * @throws DownloadError or PolicyError
 */
export async function fetchVerified(
  asset: Asset,
  base: string,
  onBytes?: (bytes: number) => void,
): Promise<ArrayBuffer> {
  const { url } = asset;
  let response;
  try {
    response = await allowedFetch(new URL(url, base), { credentials: 'same-origin' });
  } catch (error) {
    throw error instanceof PolicyError ? error : new DownloadError('unreachable', { url });
  }
  if (!response.ok) throw new DownloadError('status', { url, status: response.status });
  const bytes = await readBody(response, asset.bytes, onBytes);
  if ((await sha256(bytes)) !== asset.sha256) {
    // Hosts that lack the file may send their front page, with a status as if all were well.
    const isPage = /^text\/html\b/i.test(response.headers.get('content-type') ?? '');
    throw new DownloadError(isPage ? 'page' : 'changed', { url });
  }
  return bytes;
}

/** Gives a file's bytes, verified. */
export type ReadFile = (asset: Asset) => Promise<ArrayBuffer>;

/** @param expected bytes; an answer that runs over is cut off, its hash is wrong anyway */
async function readBody(response: Response, expected: number, onBytes?: (bytes: number) => void) {
  if (!response.body) return response.arrayBuffer();
  const bytes = new Uint8Array(expected);
  const reader = response.body.getReader();
  let at = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (at + value.length > expected) {
      await reader.cancel();
      break;
    }
    bytes.set(value, at);
    at += value.length;
    onBytes?.(value.length);
  }
  return bytes.buffer;
}
