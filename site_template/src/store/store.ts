// What a visitor teaches, kept in this browser: several projects, each with its settings, its examples and its head.
// Only this browser has them; nothing here leaves the device.

import { Claims } from './claims.js';
import { MIGRATIONS, openDatabase, transact } from './database.js';
import { StoreError, workingError } from './errors.js';
import { fromStored, keepsBlobs, toStored } from './pictures.js';

/** @typedef {import('./database.js').ProjectRecord} ProjectRecord */
/** @typedef {import('../protocol.js').HeadSnapshot} HeadSnapshot */

/**
 * What the store reads of a project's document. The document may hold anything else that can be cloned.
 * @typedef {object} DocBasics
 * @property {string} name of the project
 * @property {(string|{name: string})[]} classes in display order
 * @property {{modelHash: string, name: string}} backbone that the features come from
 */

/**
 * @typedef {object} ProjectInfo
 * @property {string} id
 * @property {string} name
 * @property {number} updated when it was last changed, in milliseconds since 1970
 * @property {number} examples how many
 * @property {string[]} classes names, in display order
 * @property {{modelHash: string, name: string}} backbone
 * @property {number} bytes of the examples and the head
 */

/**
 * @typedef {object} StoredExample
 * @property {number} id rising in the order of adding
 * @property {string|null} classId
 * @property {Float32Array} features
 * @property {Blob} picture
 */

/**
 * @template {DocBasics} Doc
 * @typedef {object} StoredProject
 * @property {Doc} doc
 * @property {StoredExample[]} examples in the order of their ids
 * @property {HeadSnapshot|null} head
 */

/**
 * @typedef {object} OpenOptions
 * @property {(error: StoreError) => void} [onLost] called once, when the browser or another tab closes the database;
 *   from then on every call rejects with the code 'closed', and `openStore` may be tried again
 */

/** @type {import('idb').StoreNames<import('./database.js').Schema>[]} */
const EVERYTHING = ['projects', 'docs', 'heads', 'examples', 'contents'];

/** Examples read at once: enough to be quick, few enough for the page to draw in between. */
const PART = 100;
/** The same of their small records. */
const SMALL_PART = 1000;

/**
 * Opens what is kept in this browser, or begins it.
 * @template {DocBasics} [Doc=DocBasics]
 * @param {string} [name] of the database; all sites of one origin that use the same name share it
 * @param {OpenOptions} [options]
 * @returns {Promise<Store<Doc>>} rejects with a StoreError: 'refused', 'newer', 'blocked', 'full' or 'failed'
 */
export async function openStore(name = 'onthefly', { onLost } = {}) {
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
 * @template {DocBasics} [Doc=DocBasics]
 */
export class Store {
  /** @type {import('./database.js').Connection} */
  #connection;
  /** @type {Claims} */
  #claims;
  /** @type {Promise<unknown>} the last call's end; never rejects */
  #tail = Promise.resolve();
  /** @type {Promise<boolean>|null} whether pictures are kept as blobs; asked when there is the first one */
  #asBlobs = null;

  /**
   * @param {import('./database.js').Connection} connection
   * @param {Claims} claims
   */
  constructor(connection, claims) {
    this.#connection = connection;
    this.#claims = claims;
  }

  /** @returns {Promise<ProjectInfo[]>} the last changed first */
  projects() {
    return this.#inTurn(() =>
      transact(this.#connection, ['projects', 'heads', 'examples'], 'readonly', async (transaction) => {
        /** @type {ProjectInfo[]} */
        const infos = [];
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

  /**
   * @param {Doc} doc
   * @returns {Promise<string>} the new project's id
   */
  async create(doc) {
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
   * @param {string} id
   * @param {(done: number, total: number) => void} [onProgress] counts examples
   * @returns {Promise<StoredProject<Doc>|null>} null where there is no such project
   */
  load(id, onProgress) {
    return this.#inTurn(() =>
      transact(this.#connection, EVERYTHING, 'readonly', async (transaction) => {
        const project = await transaction.objectStore('projects').get(id);
        if (!project) return null;
        const doc = /** @type {Doc} */ (await transaction.objectStore('docs').get(id));
        const head = (await transaction.objectStore('heads').get(id)) ?? null;
        /** @type {StoredExample[]} */
        const examples = [];
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

  /**
   * Puts another document in the place of a project's own.
   * @param {string} id
   * @param {Doc} doc
   * @returns {Promise<void>}
   */
  async saveDoc(id, doc) {
    const copy = copied(() => structuredClone(doc));
    return this.#change(id, ['docs'], async (transaction) => {
      await transaction.objectStore('docs').put(copy, id);
      return basicsOf(copy);
    });
  }

  /**
   * @param {string} id
   * @param {string} name
   * @returns {Promise<void>}
   */
  rename(id, name) {
    return this.#change(id, ['docs'], async (transaction) => {
      const docs = transaction.objectStore('docs');
      await docs.put({ ...(await docs.get(id)), name }, id);
      return { name };
    });
  }

  /**
   * Adds examples, or puts them in the place of those with the same ids. All are kept, or none.
   * @param {string} id of the project
   * @param {readonly StoredExample[]} examples
   * @returns {Promise<void>}
   */
  async putExamples(id, examples) {
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
   * @param {string} id of the project
   * @param {readonly {id: number, classId: string|null}[]} examples that are there; where one is not, none is moved
   * @returns {Promise<void>}
   */
  assignExamples(id, examples) {
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
   * @param {string} id of the project
   * @param {Iterable<number>} ids of examples; those that are not there are passed over
   * @returns {Promise<void>}
   */
  async removeExamples(id, ids) {
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

  /**
   * @param {string} id
   * @param {HeadSnapshot|null} head null: the project has none any more
   * @returns {Promise<void>}
   */
  async saveHead(id, head) {
    if (!head) return this.#delete(id, ['heads'], (transaction) => transaction.objectStore('heads').delete(id));
    const copy = copied(() => compact(head));
    return this.#change(id, ['heads'], async (transaction) => {
      await transaction.objectStore('heads').put(copy, id);
      return { headBytes: weightBytes(copy) };
    });
  }

  /**
   * Removes a project and everything in it.
   * @param {string} id
   * @returns {Promise<void>}
   */
  remove(id) {
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
   * @param {string} id
   * @returns {Promise<boolean>} false where another tab does. Where the browser cannot tell, it is true
   */
  claim(id) {
    return this.#claims.claim(id).catch((error) => {
      throw workingError(error);
    });
  }

  /**
   * @param {string} id
   * @returns {Promise<void>} when another tab can claim it
   */
  release(id) {
    return this.#claims.release(id);
  }

  /** @returns {Promise<{usage: number, quota: number}|null>} bytes of this origin; null where the browser won't say */
  async estimate() {
    const { usage, quota } = (await navigator.storage?.estimate?.().catch(() => null)) ?? {};
    return usage === undefined || quota === undefined ? null : { usage, quota };
  }

  /**
   * Asks the browser not to clear this away when room gets short. Some ask the visitor.
   * @returns {Promise<boolean>} whether it promised
   */
  async persist() {
    return (await navigator.storage?.persist?.().catch(() => false)) ?? false;
  }

  /** @returns {Promise<void>} when everything asked for before is done. Every later call rejects with 'closed' */
  close() {
    return this.#inTurn(async () => {
      this.#connection.database.close();
      await this.#claims.releaseAll();
    });
  }

  /**
   * @template Result
   * @param {() => Promise<Result>} work begins when every earlier one has ended
   * @returns {Promise<Result>}
   */
  #inTurn(work) {
    const turn = this.#tail.then(work);
    this.#tail = turn.catch(() => {});
    return turn;
  }

  /**
   * Changes something of a project that is there.
   * @template {import('idb').StoreNames<import('./database.js').Schema>} Name
   * @param {string} id
   * @param {Name[]} names of object stores besides `projects`
   * @param {Change<Name>} change
   */
  #change(id, names, change) {
    return this.#inTurn(() => this.#changeNow(id, names, change));
  }

  /**
   * @template {import('idb').StoreNames<import('./database.js').Schema>} Name
   * @param {string} id
   * @param {Name[]} names of object stores besides `projects`
   * @param {Change<Name>} change
   * @param {boolean} [dated] whether the project's record is written
   */
  #changeNow(id, names, change, dated = true) {
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
   * @template {import('idb').StoreNames<import('./database.js').Schema>} Name
   * @param {string} id
   * @param {Name[]} names of object stores besides `projects`
   * @param {Work<Name, void>} work
   */
  #delete(id, names, work) {
    /** @type {Change<Name>} */
    const change = async (transaction) => {
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

/**
 * @template {import('idb').StoreNames<import('./database.js').Schema>} Name
 * @template Result
 * @typedef {(transaction: import('idb').IDBPTransaction<import('./database.js').Schema, (Name|'projects')[], 'readwrite'>)
 *   => Promise<Result>} Work
 */

/**
 * Writes, and says what that changes in the project's record.
 * @template {import('idb').StoreNames<import('./database.js').Schema>} Name
 * @typedef {Work<Name, Partial<ProjectRecord>>} Change
 */

/**
 * Keys of a project's examples. An array comes after every number.
 * @param {string} id of the project
 * @param {number} [after] of the example before the first
 */
const rangeOf = (id, after) =>
  after === undefined ? IDBKeyRange.bound([id], [id, []]) : IDBKeyRange.bound([id, after], [id, []], true);

/**
 * Reads a project's examples part by part, in the order of their ids.
 * @param {string} id of the project
 * @param {number} most examples of a part
 * @param {(range: IDBKeyRange, most: number) => Promise<{id: number}[]>} read
 */
async function inParts(id, most, read) {
  /** @type {{id: number}[]} */
  let part = [];
  do part = await read(rangeOf(id, part.at(-1)?.id), most);
  while (part.length === most);
}

/**
 * @param {DocBasics} doc
 * @returns {Pick<ProjectRecord, 'name'|'classes'|'backbone'>}
 */
function basicsOf({ name, classes, backbone }) {
  return {
    name,
    classes: classes.map((each) => (typeof each === 'string' ? each : each.name)),
    backbone: { modelHash: backbone.modelHash, name: backbone.name },
  };
}

/**
 * @template Copy
 * @param {() => Copy} copy
 * @returns {Copy}
 */
function copied(copy) {
  try {
    return copy();
  } catch (error) {
    throw workingError(error);
  }
}

/**
 * A copy whose tensors have buffers of their own size.
 * @param {HeadSnapshot} head
 * @returns {HeadSnapshot}
 */
function compact(head) {
  const { kernel1, bias1, kernel2, bias2, ...rest } = head;
  return {
    ...structuredClone(rest),
    kernel1: kernel1.slice(),
    bias1: bias1.slice(),
    kernel2: kernel2.slice(),
    bias2: bias2.slice(),
  };
}

/** @param {HeadSnapshot} head */
const weightBytes = ({ kernel1, bias1, kernel2, bias2 }) =>
  [kernel1, bias1, kernel2, bias2].reduce((sum, { byteLength }) => sum + byteLength, 0);
