// A classifier for other pages: what the site's page does with its worker, in a few calls with names instead of ids.

import { proxy } from 'comlink';
import type {
  Added,
  Classifier,
  ClassProbability,
  ConnectOptions,
  CreateOptions,
  FileLike,
  ImageLike,
  Predictor,
  Trained,
} from './api.ts';
import { obstacle, open } from './client.ts';
import { BACKENDS, PROJECT_FILES } from './contract.ts';
import { filled } from './errors.ts';
import { frameOf, sending } from './images.ts';
import { allowedFetch, PolicyError } from './policy.ts';
import { DAMAGES, ProjectError } from './project/errors.ts';
import type { ProjectClass } from './project/format.ts';
import { siteRefusal, unpackProject } from './project/import.ts';
import { packModel } from './project/model.ts';
import { MODEL_FILES } from './project/model-format.ts';
import { unpackModel } from './project/model-import.ts';
import { normalName } from './project/names.ts';
import { settingsSchema } from './project/schemas.ts';
import { readDirectory } from './project/zip.ts';
import type { EpochReport, HeadSettings, HeadSnapshot, Site } from './protocol.ts';
import { exportProject, importProject } from './transfer.ts';

type ClassifierErrorCode =
  | 'unsupported'
  | 'no-site'
  | 'bad-option'
  | 'unknown-class'
  | 'unknown-example'
  | 'too-few'
  | 'stopped'
  | 'not-trained'
  | 'no-file'
  | 'disposed';

/** Wrong use, or a site or browser that cannot. */
export class ClassifierError extends Error {
  readonly code: ClassifierErrorCode;
  /** What the message names. */
  readonly data: Readonly<Record<string, unknown>>;

  /**
   * @param data what the message names
   * @internal
   */
  constructor(code: ClassifierErrorCode, message: string, data: Record<string, unknown> = {}) {
    super(message);
    this.name = 'ClassifierError';
    this.code = code;
    this.data = data;
  }
}

/** @returns a good answer, or why there is none */
async function asked(address: URL): Promise<{ response?: Response; problem?: string }> {
  try {
    const response = await allowedFetch(address);
    return response.ok ? { response } : { problem: `the server answered ${response.status}.` };
  } catch (error) {
    return { problem: error instanceof PolicyError ? error.way : 'no answer, or none that this page may read.' };
  }
}

/**
 * Reads the description of a built site.
 * @param root of the site; where this module lies unless given
 */
export async function loadSite(
  root: string | URL = new URL('.', import.meta.url),
): Promise<{ site: Site; base: string }> {
  const base = new URL(root, globalThis.document?.baseURI).href.replace(/[^/]*$/, '');
  const address = new URL('site.json', base);
  const { response, problem } = await asked(address);
  if (!response)
    throw new ClassifierError('no-site', `${address} could not be read: ${problem}`, { url: address.href });
  try {
    return { site: await response.json(), base };
  } catch {
    throw new ClassifierError('no-site', `${address} is not the description of a site.`, { url: address.href });
  }
}

async function connected({ base: root, backend, onProgress }: ConnectOptions) {
  const missing = obstacle();
  if (missing) {
    const message =
      missing === 'insecure' ? 'The page has to be on https or localhost.' : 'Workers are not allowed here.';
    throw new ClassifierError('unsupported', message);
  }
  if (backend !== undefined && !BACKENDS.includes(backend)) {
    throw new ClassifierError('bad-option', `There is no backend ${backend}; there are ${BACKENDS.join(', ')}.`, {
      backend,
    });
  }
  const { site, base } = await loadSite(root);
  return { site, base, ...(await open(site, base, { backend, onProgress })) };
}

type Connected = Awaited<ReturnType<typeof connected>>;

/** What predicts: all that a loaded classifier can do, and a part of what one that learns can. */
class LoadedClassifier implements Predictor {
  connection: Connected | null;
  known: { id: string; name: string }[];

  constructor(connection: Connected, classes: { id: string; name: string }[]) {
    this.connection = connection;
    this.known = classes;
  }

  /** Names of the classes, in order. */
  get classes() {
    return this.known.map(({ name }) => name);
  }

  /** What computes: `'wasm'`, `'webgl'`, `'webgpu'` or `'cpu'`. */
  get backend() {
    return this.running.ready.backend;
  }

  protected get running() {
    if (!this.connection) throw new ClassifierError('disposed', 'This classifier has been disposed of.');
    return this.connection;
  }

  /** @returns the most probable class first; classes it was not trained on are absent */
  async predict(image: ImageLike): Promise<ClassProbability[]> {
    const frame = await frameOf(image);
    const answer = await sending(() => this.running.worker.predict(frame));
    if (!answer) throw new ClassifierError('not-trained', 'Nothing has been trained yet: call train() first.');
    return this.known
      .filter(({ id }) => id in answer.probabilities)
      .map(({ id, name }) => ({ class: name, probability: answer.probabilities[id] }))
      .sort((a, b) => b.probability - a.probability);
  }

  /** @returns the backbone's features */
  async embed(image: ImageLike): Promise<Float32Array> {
    const frame = await frameOf(image);
    return sending(() => this.running.worker.embed(frame));
  }

  /** Ends the worker and lets go of everything in it. */
  dispose() {
    this.connection?.terminate();
    this.connection = null;
  }
}

class LearningClassifier extends LoadedClassifier implements Classifier {
  declare known: ProjectClass[];
  /** Of the next training. */
  settings: HeadSettings;
  /** Ids of examples to ids of classes, in the order of adding. */
  taught: Map<number, string>;

  constructor(connection: Connected, classes: ProjectClass[], settings: HeadSettings) {
    super(connection, classes);
    this.known = classes;
    this.settings = settings;
    this.taught = new Map();
  }

  /** Every example, in the order of adding. */
  get examples() {
    const names = new Map(this.known.map(({ id, name }) => [id, name]));
    return [...this.taught].map(([id, classId]) => ({ id, class: names.get(classId)! }));
  }

  async addExample(image: ImageLike, className: string): Promise<Added> {
    const { id: classId, name } = this.#called(className);
    const frame = await frameOf(image);
    const { id, count, thumbnail } = await sending(() => this.running.worker.addExample(frame, classId));
    this.taught.set(id, classId);
    return { id, class: name, count, picture: thumbnail };
  }

  #called(className: string) {
    const called = (wanted: string) => this.known.filter(({ name }) => name === wanted);
    // As it was given first: a project of old may hold two names that are one with their letters composed.
    const found = called(className).length ? called(className) : called(normalName(String(className)));
    if (found.length === 1) return found[0];
    const why = found.length ? 'Several classes are called' : 'There is no class';
    const all = this.classes.map((name) => JSON.stringify(name)).join(', ');
    throw new ClassifierError('unknown-class', `${why} ${JSON.stringify(className)}; the classes are ${all}.`, {
      class: className,
    });
  }

  /** @param id that `addExample` gave */
  async removeExample(id: number) {
    if (!this.taught.has(id)) throw new ClassifierError('unknown-example', `There is no example ${id}.`, { id });
    await this.running.worker.removeExample(id);
    this.taught.delete(id);
  }

  /** Trains a head on all examples; the one before it predicts meanwhile. A second call ends the first. */
  async train({ onEpoch, signal }: Parameters<Classifier['train']>[0] = {}): Promise<Trained> {
    const { worker } = this.running;
    const stop = () => worker.stopTraining();
    let reported = 0;
    const report = (epoch: EpochReport) => {
      if (epoch.epoch <= reported) return;
      reported = epoch.epoch;
      onEpoch?.(epoch);
    };
    if (signal?.aborted) throw stopped();
    signal?.addEventListener('abort', stop);
    try {
      const result = await worker.train(this.settings, onEpoch && proxy(report));
      // The last reports come by a channel of their own, and may be later than the result.
      result.history.forEach(report);
      if (result.outcome === 'stopped') throw stopped();
      if (result.outcome === 'too-few') {
        throw new ClassifierError('too-few', 'Training needs examples of two or more classes.');
      }
      const { history, examples, ms } = result;
      const names = new Map(this.known.map(({ id, name }) => [id, name]));
      return { history, examples, ms, classes: result.classes.map((id) => names.get(id)!) };
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** @returns `project.zip`: photos, features, settings and head */
  async exportProject(): Promise<Blob> {
    const { worker, site } = this.running;
    return (await exportProject(worker, site, this.known, { settings: this.settings })).file;
  }

  /**
   * Takes the place of everything that was taught, classes and settings included. A file that is refused leaves all
   * as it was.
   */
  async importProject(file: FileLike, { reembed, onProgress }: Parameters<Classifier['importProject']>[1] = {}) {
    const { worker, site } = this.running;
    const imported = await importProject(worker, site, await blobOf(file), { reembed, onProgress });
    this.known = imported.classes;
    this.settings = imported.settings;
    this.taught = new Map(imported.examples.map(({ id, classId }) => [id, classId]));
    return { classes: this.classes, examples: this.taught.size, trained: imported.head !== null };
  }

  /** @returns a zip with one TensorFlow.js model, from pictures to probabilities */
  async exportModel(): Promise<Blob> {
    const { worker, site, base } = this.running;
    const head = await worker.head();
    if (!head) throw new ClassifierError('not-trained', 'Nothing has been trained yet: call train() first.');
    const names = new Map(this.known.map(({ id, name }) => [id, name]));
    return packModel({ site, base, head, classNames: head.classes.map((id) => names.get(id)!) });
  }
}

const stopped = () => new ClassifierError('stopped', 'The training was stopped.');

/** A classifier to be taught. */
export async function createClassifier(options: CreateOptions): Promise<Classifier> {
  const { classes, seed, settings, ...where } = options;
  const problem = problemWith(classes);
  if (problem) throw new ClassifierError('bad-option', problem);
  const opened = await connected(where);
  try {
    const wanted = { ...opened.site.head, ...settings, ...(seed === undefined ? {} : { seed }) };
    requireSettings(wanted);
    const named = classes.map(normalName);
    const known = named.map((name, i) => ({ id: `c${i + 1}`, name, tone: i % 8, enabled: true }));
    await opened.worker.setClasses(known.map(({ id }) => id));
    return new LearningClassifier(opened, known, wanted);
  } catch (error) {
    opened.terminate();
    throw error;
  }
}

function problemWith(classes: unknown): string | null {
  if (!Array.isArray(classes) || classes.length < 2) return '`classes` has to be a list of two names or more.';
  if (!classes.every((name) => typeof name === 'string' && name && [...name].length <= 200)) {
    return '`classes` has to hold names of 1 to 200 characters.';
  }
  return new Set(classes.map(normalName)).size < classes.length ? '`classes` holds a name twice.' : null;
}

function requireSettings(settings: HeadSettings) {
  try {
    settingsSchema(settings, 'settings');
  } catch (error) {
    if (!(error instanceof ProjectError)) throw error;
    const { data } = error;
    const what = filled(DAMAGES[data.reason as keyof typeof DAMAGES], data);
    throw new ClassifierError('bad-option', `${data.where}: ${what}.`, data);
  }
}

/**
 * A classifier that predicts and does not learn, from what a page or a classifier exported: a project with a head, or
 * a model. Either has to be of the site's own backbone.
 */
export async function loadClassifier(file: FileLike, options: ConnectOptions = {}): Promise<Predictor> {
  const [blob, connection] = await settled([blobOf(file), connected(options)]);
  try {
    const { classes, head } = await trainedHead(blob, connection.site);
    await connection.worker.restore({ classes: classes.map(({ id }) => id), examples: [], head });
    return new LoadedClassifier(connection, classes);
  } catch (error) {
    connection.terminate();
    throw error;
  }
}

/** Both, or the first's error, with no worker left behind. */
async function settled([file, connecting]: [Promise<Blob>, Promise<Connected>]): Promise<[Blob, Connected]> {
  try {
    return await Promise.all([file, connecting]);
  } catch (error) {
    connecting.then(({ terminate }) => terminate()).catch(() => {});
    throw error;
  }
}

async function trainedHead(
  file: Blob,
  site: Site,
): Promise<{ classes: { id: string; name: string }[]; head: HeadSnapshot }> {
  const directory = await readDirectory(file);
  if (directory.has(MODEL_FILES.about) && !directory.has(PROJECT_FILES.project)) {
    const { about, weights } = await unpackModel(file, directory, site);
    const classes = about.classes.map((name, i) => ({ id: `c${i + 1}`, name }));
    const run = { settings: about.settings, examples: [], history: [], trace: { losses: [], norms: [] } };
    return { classes, head: { ...weights, ...run, classes: classes.map(({ id }) => id) } };
  }
  const project = await unpackProject(file);
  const refusal = siteRefusal(project, site);
  if (refusal) throw refusal;
  if (!project.head) throw new ProjectError('no-head');
  return { classes: project.classes, head: project.head };
}

async function blobOf(file: FileLike): Promise<Blob> {
  if (file instanceof Blob) return file;
  if (typeof file !== 'string' && !(file instanceof URL)) return new Blob([file]);
  const address = new URL(file, document.baseURI);
  const { response, problem } = await asked(address);
  if (!response)
    throw new ClassifierError('no-file', `${address} could not be read: ${problem}`, { url: address.href });
  return response.blob();
}
