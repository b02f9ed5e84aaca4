// The database: what it holds, how each version of it comes out of the one before, and how it is opened.
// `idb` makes promises of IndexedDB's requests and types of its stores, in about a kilobyte.

import { openDB } from 'idb';
import { openingError, StoreError, workingError } from './errors.js';

/**
 * What a list of projects shows, kept apart from everything large. Examples are not counted here but where they are:
 * they can be removed when the disk is too full for as little as a new count.
 * @typedef {object} ProjectRecord
 * @property {string} id
 * @property {string} name
 * @property {number} updated milliseconds since 1970
 * @property {string[]} classes names, in display order
 * @property {{modelHash: string, name: string}} backbone
 * @property {number} headBytes of the head, where there is one
 */

/**
 * The part of an example that changes, apart from the part that is large: so moving a thousand photos to
 * another class writes a thousand small records and no picture.
 * @typedef {object} ExampleRecord
 * @property {string} project
 * @property {number} id
 * @property {string|null} classId
 * @property {number} bytes of its content
 */

/**
 * @typedef {object} ContentRecord
 * @property {string} project
 * @property {number} id
 * @property {Float32Array} features
 * @property {Blob|{bytes: ArrayBuffer, type: string}} picture bytes where the browser keeps no blobs
 */

/**
 * @typedef {import('idb').DBSchema & {
 *   projects: {key: string, value: ProjectRecord},
 *   docs: {key: string, value: object},
 *   heads: {key: string, value: import('../protocol.js').HeadSnapshot},
 *   examples: {key: [string, number], value: ExampleRecord},
 *   contents: {key: [string, number], value: ContentRecord},
 * }} Schema
 */

/** @typedef {import('idb').IDBPDatabase<Schema>} Database */
/** @typedef {(database: Database, transaction: import('idb').IDBPTransaction<Schema, any, 'versionchange'>) => void} Migration */

/**
 * Each makes the next version of the database out of the one before; the first out of nothing. One that
 * visitors have is never changed: another is added.
 * @type {Migration[]}
 */
export const MIGRATIONS = [
  (database) => {
    database.createObjectStore('projects', { keyPath: 'id' });
    database.createObjectStore('docs');
    database.createObjectStore('heads');
    database.createObjectStore('examples', { keyPath: ['project', 'id'] });
    database.createObjectStore('contents', { keyPath: ['project', 'id'] });
  },
];

/**
 * @typedef {object} Connection
 * @property {Database} database
 * @property {Promise<never>} terminated rejects with a StoreError once the browser has closed it from its side
 */

/**
 * @param {string} name
 * @param {Migration[]} migrations
 * @param {(error: StoreError) => void} onLost called once, where something else than the caller closes the database
 * @returns {Promise<Connection>} rejects with a StoreError
 */
export function openDatabase(name, migrations, onLost) {
  return new Promise((resolve, reject) => {
    let blocked = false;
    /** @type {(error: StoreError) => void} */
    let terminate;
    const terminated = /** @type {Promise<never>} */ (new Promise((_, fail) => (terminate = fail)));
    terminated.catch(onLost);
    /** @type {Promise<Database>} */
    let opening;
    try {
      if (!globalThis.indexedDB) throw new StoreError('refused');
      opening = openDB(name, migrations.length, {
        upgrade: (database, from, _, transaction) =>
          migrations.slice(from).forEach((migrate) => migrate(database, transaction)),
        blocked: () => {
          blocked = true;
          reject(new StoreError('blocked'));
        },
        // Another tab wants to upgrade or to delete it, and waits for this one. What has begun still ends well.
        blocking: (_, __, event) => {
          /** @type {IDBDatabase} */ (event.target).close();
          onLost(new StoreError('closed'));
        },
        terminated: () => terminate(new StoreError('closed')),
      });
    } catch (error) {
      reject(openingError(error));
      return;
    }
    opening.then(
      // A tab in the way may close after all, when nobody waits for this any more.
      (database) => (blocked ? database.close() : resolve({ database, terminated })),
      (error) => reject(openingError(error)),
    );
  });
}

/**
 * Does some work in one transaction: all of it is kept, or nothing.
 *
 * What is written is on the disk, not only with the operating system, when this resolves ("strict"): the photos
 * of a phone whose battery dies are worth a few milliseconds.
 * @template {import('idb').StoreNames<Schema>[]} Names
 * @template {'readonly'|'readwrite'} Mode
 * @template Result
 * @param {Connection} connection
 * @param {Names} names of the object stores
 * @param {Mode} mode
 * @param {(transaction: import('idb').IDBPTransaction<Schema, Names, Mode>) => Promise<Result>} work waits for nothing
 *   but the transaction's own requests
 * @returns {Promise<Result>} rejects with a StoreError
 */
export async function transact(connection, names, mode, work) {
  try {
    return await attempt(connection, names, mode, work);
  } catch (error) {
    const told = workingError(error);
    if (told.code !== 'failed' || (await isAlive(connection))) throw told;
    throw new StoreError('closed', error);
  }
}

/**
 * `transact` with the browser's own errors.
 * @template {import('idb').StoreNames<Schema>[]} Names
 * @template {'readonly'|'readwrite'} Mode
 * @template Result
 * @param {Connection} connection
 * @param {Names} names
 * @param {Mode} mode
 * @param {(transaction: import('idb').IDBPTransaction<Schema, Names, Mode>) => Promise<Result>} work
 * @returns {Promise<Result>}
 */
async function attempt({ database, terminated }, names, mode, work) {
  const transaction = database.transaction(names, mode, { durability: 'strict' });
  // Looked at below; it may fail before the work knows.
  transaction.done.catch(() => {});
  // In Chromium a transaction that is begun just when the browser closes the connection never ends.
  const orTerminated = (/** @type {Promise<any>} */ promise) => Promise.race([promise, terminated]);
  try {
    const result = await orTerminated(work(transaction));
    await orTerminated(transaction.done);
    return result;
  } catch (error) {
    try {
      transaction.abort();
    } catch {
      // It ended by itself; its own error tells why, where that of a request may only tell that it ended.
    }
    throw transaction.error ?? error;
  }
}

/**
 * Whether a connection still answers. The browser ends the transactions of one that it closes before it tells
 * why, and with an error that may mean anything.
 * @param {Connection} connection
 */
function isAlive(connection) {
  return attempt(connection, ['projects'], 'readonly', (transaction) =>
    transaction.objectStore('projects').count(),
  ).then(
    () => true,
    () => false,
  );
}
