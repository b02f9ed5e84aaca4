// Between a worker and a file: what the page's Export and Import, and other pages, call.

import { transfer } from 'comlink';
import { bitmapOf } from '../images.js';
import { inParts } from '../parts.js';
import { ProjectError } from './errors.js';
import { packProject } from './export.js';
import { backboneOf, readableName } from './format.js';
import { siteRefusal, unpackProject } from './import.js';

/** @typedef {import('./format.js').ProjectClass} ProjectClass */
/** @typedef {import('../protocol.js').Site} Site */

/**
 * @typedef {object} Exported
 * @property {Blob} file
 * @property {string} fileName for a download
 * @property {number} examples photos in it
 * @property {'untrained'|'class-removed'|'diverged'|null} withoutHead why it holds no head; null where it holds one.
 *   'class-removed': the head knows a class that is no more, and training again mends it. 'diverged': its numbers
 *   are not finite, because the rate is too high
 */

/**
 * What a worker was taught, as the bytes of a `project.zip`.
 * @param {import('../client.js').RemoteWorker} worker
 * @param {Site} site
 * @param {ProjectClass[]} classes in display order; examples of others are left out
 * @param {object} [options]
 * @param {import('../protocol.js').HeadSettings} [options.settings] where they are not the site's own
 * @param {Date} [options.timeStamp]
 * @returns {Promise<Exported>}
 */
export async function exportProject(worker, site, classes, { settings = site.head, timeStamp = new Date() } = {}) {
  if (!classes.length) throw new ProjectError('no-classes');
  const snapshot = await worker.snapshot();
  const ids = new Set(classes.map(({ id }) => id));
  const examples = snapshot.examples.flatMap((example) => {
    const { classId } = example; // null where it was set aside
    return classId !== null && ids.has(classId) ? [{ ...example, classId }] : [];
  });
  const withoutHead = headRefusal(snapshot.head, ids);
  const file = await packProject(
    {
      ...{ generator: site.generator, classes: classes.map(readable), settings, preprocess: site.preprocess, examples },
      backbone: backboneOf(site),
      head: withoutHead ? null : snapshot.head,
    },
    { modelName: site.title, timeStamp },
  );
  const words = site.title.normalize('NFKD').match(/[A-Za-z0-9]+/g) ?? ['project'];
  return {
    file,
    fileName: `${words.join('-').slice(0, 60)}.zip`,
    examples: examples.length,
    withoutHead,
  };
}

/**
 * @param {import('../protocol.js').HeadSnapshot|null} head
 * @param {Set<string>} ids of the classes that are exported
 * @returns {Exported['withoutHead']}
 */
function headRefusal(head, ids) {
  if (!head) return 'untrained';
  if (!head.classes.every((id) => ids.has(id))) return 'class-removed';
  const { kernel1, bias1, kernel2, bias2, trace } = head;
  const numbers = [kernel1, bias1, kernel2, bias2, trace.losses, trace.norms.flat()];
  return numbers.every((values) => values.every(Number.isFinite)) ? null : 'diverged';
}

/**
 * A class as a project holds it.
 * @param {ProjectClass} given
 * @param {number} index
 * @returns {ProjectClass}
 */
function readable({ id, name, tone, enabled = true }, index) {
  return { id, name: readableName(name, index), tone: tone ?? 0, enabled };
}

/**
 * @typedef {object} Imported
 * @property {ProjectClass[]} classes in display order
 * @property {import('./format.js').ProjectExample[]} examples in the order of adding
 * @property {import('../protocol.js').HeadSettings} settings for the next training
 * @property {import('../protocol.js').HeadRun|null} head as the worker has it now; null: train to get one
 * @property {boolean} reembedded whether the photos were learned anew, which leaves no head
 */

/**
 * Puts a `project.zip` in the place of everything a worker was taught. Where the file is refused, which the
 * error's `code` and message tell, the worker keeps what it has.
 * @param {import('../client.js').RemoteWorker} worker
 * @param {Site} site
 * @param {Blob|BlobPart} bytes the file
 * @param {object} [options]
 * @param {boolean} [options.reembed] take a project of another backbone too, by learning its photos anew
 * @param {(done: number, total: number) => void} [options.onProgress] of learning photos anew
 * @param {() => string} [options.newId] makes the ids of the classes; without it they keep the file's
 * @returns {Promise<Imported>}
 */
export async function importProject(worker, site, bytes, { reembed = false, onProgress, newId } = {}) {
  const project = await unpackProject(bytes instanceof Blob ? bytes : new Blob([bytes]));
  const refusal = siteRefusal(project, site);
  if (refusal && !reembed) throw refusal;
  const named = new Map(project.classes.map(({ id }) => [id, newId ? newId() : id]));
  const renamed = (/** @type {string} */ id) => /** @type {string} */ (named.get(id));

  let examples = project.examples.map((example) => ({ ...example, classId: renamed(example.classId) }));
  if (refusal) examples = await embedAgain(worker, examples, onProgress);
  const head = refusal || !project.head ? null : { ...project.head, classes: project.head.classes.map(renamed) };
  const classes = project.classes.map((each) => ({ ...each, id: renamed(each.id) }));
  await worker.restore({ classes: classes.map(({ id }) => id), examples, head });
  return {
    classes,
    examples,
    settings: project.settings,
    head: head && runOf(head),
    reembedded: refusal !== null,
  };
}

/** @param {import('../protocol.js').HeadSnapshot} head */
const runOf = ({ classes, settings, examples, history, trace }) => ({ classes, settings, examples, history, trace });

/**
 * The same photos with the features that this worker's backbone gives them. The worker's own examples stay.
 * @template {{id: number, picture: Blob, features: Float32Array}} Example
 * @param {import('../client.js').RemoteWorker} worker
 * @param {Example[]} examples
 * @param {(done: number, total: number) => void} [onProgress]
 * @returns {Promise<Example[]>}
 */
export async function embedAgain(worker, examples, onProgress) {
  /** @type {Example[]} */
  const embedded = [];
  await inParts(examples, {
    weight: ({ picture }) => picture.size, // a project's photos are small
    decode: ({ id, picture }) =>
      bitmapOf(picture).catch(() => {
        throw new ProjectError('unreadable-photo/file', { photo: id });
      }),
    send: (_, frames) => worker.embedAll(transfer(frames, frames)),
    done(part, found) {
      embedded.push(...part.map((example, i) => ({ ...example, features: found[i] })));
      onProgress?.(embedded.length, examples.length);
    },
  });
  return embedded;
}
