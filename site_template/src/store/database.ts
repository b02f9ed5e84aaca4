// The database: what it holds, how each version of it comes out of the one before, and how it is opened.
// `idb` makes promises of IndexedDB's requests and types of its stores, in about a kilobyte.

import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB, type StoreNames } from 'idb';
import type { HeadSnapshot } from '../protocol.ts';
import { openingError, StoreError, workingError } from './errors.ts';

/**
 * What a list of projects shows, kept apart from everything large. Examples are not counted here but where they are:
 * they can be removed when the disk is too full for as little as a new count.
 */
export interface ProjectRecord {
  id: string;
  name: string;
  /** Milliseconds since 1970. */
  updated: number;
  /** Names, in display order. */
  classes: string[];
  backbone: { modelHash: string; name: string };
  /** Of the head, where there is one. */
  headBytes: number;
}

/**
 * The part of an example that changes, apart from the part that is large: so moving a thousand photos to
 * another class writes a thousand small records and no picture.
 */
interface ExampleRecord {
  project: string;
  id: number;
  classId: string | null;
  /** Of its content. */
  bytes: number;
}

export interface ContentRecord {
  project: string;
  id: number;
  features: Float32Array;
  /** Bytes where the browser keeps no blobs. */
  picture: Blob | { bytes: ArrayBuffer; type: string };
}

export type Schema = DBSchema & {
  projects: { key: string; value: ProjectRecord };
  docs: { key: string; value: object };
  heads: { key: string; value: HeadSnapshot };
  examples: { key: [string, number]; value: ExampleRecord };
  contents: { key: [string, number]; value: ContentRecord };
};

type Database = IDBPDatabase<Schema>;
type Migration = (database: Database, transaction: IDBPTransaction<Schema, any, 'versionchange'>) => void;

/**
 * Each makes the next version of the database out of the one before; the first out of nothing. One that
 * visitors have is never changed: another is added.
 */
export const MIGRATIONS: Migration[] = [
  (database) => {
    database.createObjectStore('projects', { keyPath: 'id' });
    database.createObjectStore('docs');
    database.createObjectStore('heads');
    database.createObjectStore('examples', { keyPath: ['project', 'id'] });
    database.createObjectStore('contents', { keyPath: ['project', 'id'] });
  },
];

export interface Connection {
  database: Database;
  /** Rejects with a StoreError once the browser has closed it from its side. */
  terminated: Promise<never>;
}

/**
 * @param onLost called once, where something else than the caller closes the database
 * @returns rejects with a StoreError
 */
export function openDatabase(
  name: string,
  migrations: Migration[],
  onLost: (error: StoreError) => void,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let blocked = false;
    let terminate: (error: StoreError) => void;
    const terminated = new Promise((_, fail) => (terminate = fail)) as Promise<never>;
    terminated.catch(onLost);
    let opening: Promise<Database>;
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
          (event.target as IDBDatabase).close();
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
 * @param names of the object stores
 * @param work waits for nothing but the transaction's own requests
 * @returns rejects with a StoreError
 */
export async function transact<Names extends StoreNames<Schema>[], Mode extends 'readonly' | 'readwrite', Result>(
  connection: Connection,
  names: Names,
  mode: Mode,
  work: (transaction: IDBPTransaction<Schema, Names, Mode>) => Promise<Result>,
): Promise<Result> {
  try {
    return await attempt(connection, names, mode, work);
  } catch (error) {
    const reported = workingError(error);
    if (reported.code !== 'failed' || (await isAlive(connection))) throw reported;
    throw new StoreError('closed', error);
  }
}

/** `transact` with the browser's own errors. */
async function attempt<Names extends StoreNames<Schema>[], Mode extends 'readonly' | 'readwrite', Result>(
  { database, terminated }: Connection,
  names: Names,
  mode: Mode,
  work: (transaction: IDBPTransaction<Schema, Names, Mode>) => Promise<Result>,
): Promise<Result> {
  const transaction = database.transaction(names, mode, { durability: 'strict' });
  // Looked at below; it may fail before the work knows.
  transaction.done.catch(() => {});
  // In Chromium a transaction that is begun just when the browser closes the connection never ends.
  const orTerminated = (promise: Promise<any>) => Promise.race([promise, terminated]);
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
 */
function isAlive(connection: Connection) {
  return attempt(connection, ['projects'], 'readonly', (transaction) =>
    transaction.objectStore('projects').count(),
  ).then(
    () => true,
    () => false,
  );
}
