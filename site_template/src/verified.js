// Files of the site, taken only when their bytes are the ones the build wrote.

/**
 * @param {BufferSource} bytes
 * @returns {Promise<string>} hex
 */
export async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Comlink keeps an error's name and message across threads, and nothing else.
 * @param {string} message
 */
function downloadError(message) {
  return Object.assign(new Error(message), { name: 'DownloadError' });
}

/**
 * Downloads a file of the site and checks its hash.
 * @param {import('./protocol.js').Asset} asset
 * @param {string} base absolute URL of the site's root
 * @param {(bytes: number) => void} [onBytes] called with the number of bytes that each chunk brings
 * @returns {Promise<ArrayBuffer>}
 */
export async function fetchVerified(asset, base, onBytes) {
  const url = new URL(asset.url, base);
  let response;
  try {
    response = await fetch(url, { credentials: 'same-origin' });
  } catch {
    throw downloadError(`${asset.url} could not be downloaded. Check the connection and try again.`);
  }
  if (!response.ok)
    throw downloadError(`${asset.url} could not be downloaded: the server answered ${response.status}.`);
  const bytes = await readBody(response, asset.bytes, onBytes);
  if ((await sha256(bytes)) !== asset.sha256) {
    throw downloadError(
      `${asset.url} is not the file this site was built with. Reload the page; if that does not help, the site needs to be published again.`,
    );
  }
  return bytes;
}

/**
 * Gives a file's bytes, verified.
 * @typedef {(asset: import('./protocol.js').Asset) => Promise<ArrayBuffer>} Take
 */

/**
 * @param {Response} response
 * @param {number} expected bytes; an answer that runs over is cut off, its hash is wrong anyway
 * @param {(bytes: number) => void} [onBytes]
 */
async function readBody(response, expected, onBytes) {
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
