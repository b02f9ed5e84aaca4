// Pictures as the database holds them: blobs, which are read only when they are looked at, or bytes in a browser
// that keeps no blobs. Safari is one in private windows.

import { transact } from './database.js';
import { StoreError } from './errors.js';

/** @typedef {import('./database.js').ContentRecord['picture']} StoredPicture */

/**
 * Whether a blob that is put into the database comes out of it again. Leaves no trace.
 * @param {import('./database.js').Connection} connection
 * @returns {Promise<boolean>}
 */
export async function keepsBlobs(connection) {
  const picture = new Blob(['?'], { type: 'image/jpeg' });
  /** @type {[string, number]} */
  const key = ['', 0];
  try {
    return await transact(connection, ['contents'], 'readwrite', async (transaction) => {
      const contents = transaction.objectStore('contents');
      await contents.put({ project: key[0], id: key[1], features: new Float32Array(), picture });
      const kept = (await contents.get(key))?.picture;
      await contents.delete(key);
      return kept instanceof Blob && kept.size === picture.size;
    });
  } catch (error) {
    // A full disk or a lost connection says nothing of blobs.
    if (error instanceof StoreError && error.code === 'failed') return false;
    throw error;
  }
}

/**
 * @param {Blob} picture
 * @param {boolean} asBlob
 * @returns {Promise<StoredPicture>}
 */
export async function toStored(picture, asBlob) {
  return asBlob ? picture : { bytes: await picture.arrayBuffer(), type: picture.type };
}

/**
 * @param {StoredPicture} stored
 * @returns {Blob}
 */
export function fromStored(stored) {
  return stored instanceof Blob ? stored : new Blob([stored.bytes], { type: stored.type });
}
