// Between a worker and a file: what the page's Export and Import, and other pages, call.

import { transfer } from 'comlink';
import { ProjectError } from './errors.js';
import { packProject } from './export.js';
import { siteRefusal, unpackProject } from './import.js';

/** @typedef {import('./format.js').ProjectClass} ProjectClass */
/** @typedef {import('../protocol.js').Site} Site */
/** @typedef {import('../protocol.js').Snapshot} Snapshot */

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
  if (!classes.length) throw new ProjectError('no-classes', 'There is no class to export.');
  const snapshot = await worker.snapshot();
  const ids = new Set(classes.map(({ id }) => id));
  const examples = snapshot.examples.filter(({ classId }) => ids.has(classId));
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
 * A class as a project holds it: a name that every reader of JSON takes, and that is not empty.
 * @param {ProjectClass} given
 * @param {number} index
 * @returns {ProjectClass}
 */
function readable({ id, name, tone }, index) {
  const characters = [...name.replace(/\p{Surrogate}/gu, '\ufffd')];
  return { id, name: characters.slice(0, 200).join('') || String(index + 1), tone: tone ?? 0 };
}

/** @param {Site} site */
function backboneOf({ backbone, model, precision }) {
  const { kind, sha256, features } = backbone;
  const name = backbone.name.slice(0, 500);
  return { name, kind, sha256, modelHash: model.hash, features, precision };
}

/**
 * @typedef {object} Imported
 * @property {ProjectClass[]} classes in display order
 * @property {{id: number, classId: string, picture: Blob}[]} examples in the order of adding
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
    examples: examples.map(({ id, classId, picture }) => ({ id, classId, picture })),
    settings: project.settings,
    head: head && runOf(head),
    reembedded: refusal !== null,
  };
}

/** @param {import('../protocol.js').HeadSnapshot} head */
const runOf = ({ classes, settings, examples, history, trace }) => ({ classes, settings, examples, history, trace });

/**
 * The same photos with the features that this worker's backbone gives them. The worker's own examples stay.
 * @param {import('../client.js').RemoteWorker} worker
 * @param {Snapshot['examples']} examples
 * @param {(done: number, total: number) => void} [onProgress]
 */
async function embedAgain(worker, examples, onProgress) {
  /** @type {Snapshot['examples']} */
  const embedded = [];
  for (const example of examples) {
    const bitmap = await createImageBitmap(example.picture).catch(() => {
      throw new ProjectError('unreadable-photo', `Photo ${example.id} of this project cannot be read.`);
    });
    embedded.push({ ...example, features: await worker.embed(transfer(bitmap, [bitmap])) });
    onProgress?.(embedded.length, examples.length);
  }
  return embedded;
}
