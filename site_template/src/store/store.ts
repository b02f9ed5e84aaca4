// What a visitor teaches, kept in this browser: several projects, each with its settings, its examples and its head.
// Only this browser has them; nothing here leaves the device.

import type { IDBPTransaction, StoreNames } from 'idb';
import type { HeadSnapshot } from '../protocol.ts';
import { Claims } from './claims.ts';
import { type Connection, MIGRATIONS, openDatabase, type ProjectRecord, type Schema, transact } from './database.ts';
import { StoreError, workingError } from './errors.ts';
import { fromStored, keepsBlobs, toStored } from './pictures.ts';
import {
  basicsOf,
  compact,
  copied,
  type DocBasics,
  inParts,
  type ProjectInfo,
  rangeOf,
  type StoredExample,
  type StoredProject,
  weightBytes,
} from './records.ts';

export type { ProjectInfo, StoredExample, StoredProject } from './records.ts';

interface OpenOptions {
  /**
   * Called once, when the browser or another tab closes the database; from then on every call rejects with the code
   * 'closed', and `openStore` may be tried again.
   */
  onLost?: (error: StoreError) => void;
}

const EVERYTHING: StoreNames<Schema>[] = ['projects', 'docs', 'heads', 'examples', 'contents'];

/** Examples read at once: enough to be quick, few enough for the page to draw in between. */
const PART = 100;
/** The same of their small records. */
const SMALL_PART = 1000;

/**
 * Opens what is kept in this browser, or begins it.
 * @param name of the database; all sites of one origin that use the same name share it
 * @returns rejects with a StoreError: 'refused', 'newer', 'blocked', 'full' or 'failed'
 */
export async function openStore<Doc extends DocBasics = DocBasics>(
  name: string = 'onthefly',
  { onLost }: OpenOptions = {},
): Promise<Store<Doc>> {
  const claims = new Claims(`${name} project `);
  const connection = await openDatabase(name, MIGRATIONS, (error) => {
    void claims.releaseAll();
    onLost?.(error);
  });
  return new Store(connection, claims);
}

/**
 * Projects in this browser. Calls take effect in the order in which they were made, and read what was written
 * before. What is handed over is copied at once and may be changed afterwards. A write that resolved outlives the
 * page and the browser; one that rejects, always with a StoreError, has changed nothing.
 */
export class Store<Doc extends DocBasics = DocBasics> {
  #connection: Connection;
  #claims: Claims;
  /** The last call's end; never rejects. */
  #tail: Promise<unknown> = Promise.resolve();
  /** Whether pictures are kept as blobs; asked when there is the first one. */
  #asBlobs: Promise<boolean> | null = null;

  constructor(connection: Connection, claims: Claims) {
    this.#connection = connection;
    this.#claims = claims;
  }

  /** @returns the last changed first */
  projects(): Promise<ProjectInfo[]> {
    return this.#inTurn(() =>
      transact(this.#connection, ['projects', 'heads', 'examples'], 'readonly', async (transaction) => {
        const infos: ProjectInfo[] = [];
        for (const { headBytes, ...record } of await transaction.objectStore('projects').getAll()) {
          const hasHead = (await transaction.objectStore('heads').getKey(record.id)) !== undefined;
          const info = { ...record, examples: 0, bytes: hasHead ? headBytes : 0 };
          await inParts(record.id, SMALL_PART, async (range, most) => {
            const part = await transaction.objectStore('examples').getAll(range, most);
            info.examples += part.length;
            for (const { bytes } of part) info.bytes += bytes;
            return part;
          });
          infos.push(info);
        }
        return infos.sort((a, b) => b.updated - a.updated);
      }),
    );
  }

  /** @returns the new project's id */
  async create(doc: Doc): Promise<string> {
    const id = crypto.randomUUID();
    const copy = copied(() => structuredClone(doc));
    return this.#inTurn(() =>
      transact(this.#connection, ['projects', 'docs'], 'readwrite', async (transaction) => {
        await transaction.objectStore('docs').put(copy, id);
        const record = { id, updated: Date.now(), ...basicsOf(copy), headBytes: 0 };
        await transaction.objectStore('projects').put(record);
        return id;
      }),
    );
  }

  /**
   * Everything of a project. Pictures are read from the disk only when they are looked at.
   * @param onProgress counts examples
   * @returns null where there is no such project
   */
  load(id: string, onProgress?: (done: number, total: number) => void): Promise<StoredProject<Doc> | null> {
    return this.#inTurn(() =>
      transact(this.#connection, EVERYTHING, 'readonly', async (transaction) => {
        const project = await transaction.objectStore('projects').get(id);
        if (!project) return null;
        const doc = (await transaction.objectStore('docs').get(id)) as Doc;
        const head = (await transaction.objectStore('heads').get(id)) ?? null;
        const examples: StoredExample[] = [];
        const total = onProgress ? await transaction.objectStore('examples').count(rangeOf(id)) : 0;
        await inParts(id, PART, async (range, most) => {
          const [part, contents] = await Promise.all([
            transaction.objectStore('examples').getAll(range, most),
            transaction.objectStore('contents').getAll(range, most),
          ]);
          // A content must never be read as that of another example.
          if (part.length !== contents.length || part.some((each, i) => each.id !== contents[i].id)) {
            throw new StoreError('failed', new Error(`Photos of project ${id} are incomplete.`));
          }
          part.forEach(({ id: example, classId }, i) => {
            const { features, picture } = contents[i];
            examples.push({ id: example, classId, features, picture: fromStored(picture) });
          });
          if (part.length) onProgress?.(examples.length, total);
          return part;
        });
        return { doc, examples, head };
      }),
    );
  }

  /** Puts another document in the place of a project's own. */
  async saveDoc(id: string, doc: Doc): Promise<void> {
    const copy = copied(() => structuredClone(doc));
    return this.#change(id, ['docs'], async (transaction) => {
      await transaction.objectStore('docs').put(copy, id);
      return basicsOf(copy);
    });
  }

  rename(id: string, name: string): Promise<void> {
    return this.#change(id, ['docs'], async (transaction) => {
      const docs = transaction.objectStore('docs');
      await docs.put({ ...(await docs.get(id)), name }, id);
      return { name };
    });
  }

  /**
   * Adds examples, or puts them in the place of those with the same ids. All are kept, or none.
   * @param id of the project
   */
  async putExamples(id: string, examples: readonly StoredExample[]): Promise<void> {
    // A part of an array is stored with the whole buffer behind it, so features are copied out of theirs.
    const copies = copied(() => examples.map((each) => ({ ...each, features: each.features.slice() })));
    const unique = [...new Map(copies.map((each) => [each.id, each])).values()];
    return this.#inTurn(async () => {
      const asBlobs = await this.#keepsBlobs();
      const contents = await Promise.all(
        unique.map(async ({ id: example, features, picture }) => {
          return { project: id, id: example, features, picture: await toStored(picture, asBlobs) };
        }),
      ).catch((error) => {
        throw workingError(error);
      });
      await this.#changeNow(id, ['examples', 'contents'], async (transaction) => {
        await Promise.all(
          unique.map(async ({ id: example, classId, features, picture }, i) => {
            const bytes = features.byteLength + picture.size;
            await Promise.all([
              transaction.objectStore('examples').put({ project: id, id: example, classId, bytes }),
              transaction.objectStore('contents').put(contents[i]),
            ]);
          }),
        );
        return {};
      });
    });
  }

  /**
   * Moves examples to other classes.
   * @param id of the project
   * @param examples that are there; where one is not, none is moved
   */
  assignExamples(id: string, examples: readonly { id: number; classId: string | null }[]): Promise<void> {
    const wanted = [...new Map(examples.map((each) => [each.id, each.classId]))];
    return this.#change(id, ['examples'], async (transaction) => {
      const records = transaction.objectStore('examples');
      await Promise.all(
        wanted.map(async ([example, classId]) => {
          const record = await records.get([id, example]);
          if (!record) throw new StoreError('missing');
          await records.put({ ...record, classId });
        }),
      );
      return {};
    });
  }

  /**
   * @param id of the project
   * @param ids of examples; those that are not there are passed over
   */
  async removeExamples(id: string, ids: Iterable<number>): Promise<void> {
    const unwanted = [...ids];
    return this.#delete(id, ['examples', 'contents'], async (transaction) => {
      await Promise.all(
        unwanted.flatMap((example) => [
          transaction.objectStore('examples').delete([id, example]),
          transaction.objectStore('contents').delete([id, example]),
        ]),
      );
    });
  }

  /** @param head null: the project has none any more */
  async saveHead(id: string, head: HeadSnapshot | null): Promise<void> {
    if (!head) return this.#delete(id, ['heads'], (transaction) => transaction.objectStore('heads').delete(id));
    const copy = copied(() => compact(head));
    return this.#change(id, ['heads'], async (transaction) => {
      await transaction.objectStore('heads').put(copy, id);
      return { headBytes: weightBytes(copy) };
    });
  }

  /** Removes a project and everything in it. */
  remove(id: string): Promise<void> {
    return this.#inTurn(async () => {
      await transact(this.#connection, EVERYTHING, 'readwrite', async (transaction) => {
        await Promise.all([
          transaction.objectStore('projects').delete(id),
          transaction.objectStore('docs').delete(id),
          transaction.objectStore('heads').delete(id),
          transaction.objectStore('examples').delete(rangeOf(id)),
          transaction.objectStore('contents').delete(rangeOf(id)),
        ]);
      });
      await this.#claims.release(id);
    });
  }

  /**
   * Says that this tab works on a project, until `release`, `remove` or `close`, or until the tab is closed.
   * Nothing keeps a tab from writing without it.
   * @returns false where another tab does. Where the browser cannot tell, it is true
   */
  claim(id: string): Promise<boolean> {
    return this.#claims.claim(id).catch((error) => {
      throw workingError(error);
    });
  }

  /** @returns when another tab can claim it */
  release(id: string): Promise<void> {
    return this.#claims.release(id);
  }

  /** @returns bytes of this origin; null where the browser won't say */
  async estimate(): Promise<{ usage: number; quota: number } | null> {
    const { usage, quota } = (await navigator.storage?.estimate?.().catch(() => null)) ?? {};
    return usage === undefined || quota === undefined ? null : { usage, quota };
  }

  /**
   * Asks the browser not to clear this away when room gets short. Some ask the visitor.
   * @returns whether it promised
   */
  async persist(): Promise<boolean> {
    return (await navigator.storage?.persist?.().catch(() => false)) ?? false;
  }

  /** @returns when everything asked for before is done. Every later call rejects with 'closed' */
  close(): Promise<void> {
    return this.#inTurn(async () => {
      this.#connection.database.close();
      await this.#claims.releaseAll();
    });
  }

  /** @param work begins when every earlier one has ended */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#tail.then(work);
    this.#tail = turn.catch(() => {});
    return turn;
  }

  /**
   * Changes something of a project that is there.
   * @param names of object stores besides `projects`
   */
  #change<Name extends StoreNames<Schema>>(id: string, names: Name[], change: Change<Name>) {
    return this.#inTurn(() => this.#changeNow(id, names, change));
  }

  /**
   * @param names of object stores besides `projects`
   * @param dated whether the project's record is written
   */
  #changeNow<Name extends StoreNames<Schema>>(id: string, names: Name[], change: Change<Name>, dated: boolean = true) {
    return transact(this.#connection, [...names, 'projects'], 'readwrite', async (transaction) => {
      const projects = transaction.objectStore('projects');
      const project = await projects.get(id);
      // Without this, a tab would fill a project that another tab has removed.
      if (!project) throw new StoreError('missing');
      const changed = await change(transaction);
      if (dated) await projects.put({ ...project, ...changed, updated: Date.now() });
    });
  }

  /**
   * Deletes something of a project that is there. A full disk takes no new date of the last change, but whoever
   * wants to make room must be able to.
   * @param names of object stores besides `projects`
   */
  #delete<Name extends StoreNames<Schema>>(id: string, names: Name[], work: Work<Name, void>) {
    const change: Change<Name> = async (transaction) => {
      await work(transaction);
      return {};
    };
    return this.#inTurn(() =>
      this.#changeNow(id, names, change).catch((error) => {
        if (error.code !== 'full') throw error;
        return this.#changeNow(id, names, change, false);
      }),
    );
  }

  async #keepsBlobs() {
    this.#asBlobs ??= keepsBlobs(this.#connection).catch((error) => {
      this.#asBlobs = null;
      throw error;
    });
    return this.#asBlobs;
  }
}

type Work<Name extends StoreNames<Schema>, Result> = (
  transaction: IDBPTransaction<Schema, (Name | 'projects')[], 'readwrite'>,
) => Promise<Result>;

/** Writes, and says what that changes in the project's record. */
type Change<Name extends StoreNames<Schema>> = Work<Name, Partial<ProjectRecord>>;
