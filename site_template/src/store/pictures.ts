// Pictures as the database holds them: blobs, which are read only when they are looked at, or bytes in a browser
// that keeps no blobs. Safari is one in private windows.

import { type Connection, type ContentRecord, transact } from './database.ts';
import { StoreError } from './errors.ts';

type StoredPicture = ContentRecord['picture'];

/** Whether a blob that is put into the database comes out of it again. Leaves no trace. */
export async function keepsBlobs(connection: Connection): Promise<boolean> {
  const picture = new Blob(['?'], { type: 'image/jpeg' });
  const key: [string, number] = ['', 0];
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

export async function toStored(picture: Blob, asBlob: boolean): Promise<StoredPicture> {
  return asBlob ? picture : { bytes: await picture.arrayBuffer(), type: picture.type };
}

export function fromStored(stored: StoredPicture): Blob {
  return stored instanceof Blob ? stored : new Blob([stored.bytes], { type: stored.type });
}
