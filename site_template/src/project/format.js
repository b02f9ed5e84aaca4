// What `project.zip` is made of; docs/formats.md describes it. The Python twin is `builder/project/schema.py`.

import { list, number, oneOf, optional, record, table, text, whole } from './schema.js';

/** Version of the format. A reader refuses a higher one. */
export const FORMAT = 1;
export const KIND = 'onthefly-project';

export const FILES = {
  project: 'project.json',
  features: 'features.f32',
  head: 'head.json',
  weights: 'head.f32',
  trace: 'trace.f32',
  metadata: 'metadata.json',
};

const MIB = 2 ** 20;
export const LIMITS = {
  zipBytes: 1024 * MIB,
  /** All files unpacked. */
  totalBytes: 1024 * MIB,
  /** Files of a project: as many as a zip without 64-bit extensions can count. */
  entries: 65_535,
  /** Entries of a zip: for each file macOS may add one of its own. */
  records: 2 * 65_535,
  directoryBytes: 64 * MIB,
  /** Of a file in the zip, its folders included; more than a system takes. */
  nameLength: 1000,
  /** Largest size over packed size, of files above `ratioFrom` bytes. */
  ratio: 100,
  ratioFrom: 65_536,
  jsonBytes: 32 * MIB,
  pictureBytes: 4 * MIB,
  /** Pixels; a small file can hold a picture that needs gigabytes. */
  pictureEdge: 4096,
  classes: 1000,
  examples: 60_000,
  features: 8192,
  steps: 2 ** 24,
};

/** The tensors of `head.f32`, in their order there. */
export const TENSORS = /** @type {const} */ (['kernel1', 'bias1', 'kernel2', 'bias2']);

/**
 * @typedef {object} ProjectClass
 * @property {string} id
 * @property {string} name
 * @property {number} tone which class colour
 * @property {boolean} [enabled] false where the class is left out of training; true unless it stands there
 */

/** @typedef {import('../protocol.js').SnapshotExample & {classId: string}} ProjectExample */

/**
 * @typedef {object} ProjectBackbone
 * @property {string} name
 * @property {string} kind
 * @property {string} sha256 of the weights' source
 * @property {string} modelHash of the files of the converted model: equal means equal features
 * @property {number} features
 * @property {'float32'|'float16'|'int8'} precision
 */

/**
 * @typedef {object} Project
 * @property {string} generator
 * @property {ProjectClass[]} classes in display order
 * @property {import('../protocol.js').HeadSettings} settings for the next training
 * @property {import('../protocol.js').Preprocess} preprocess
 * @property {ProjectBackbone} backbone
 * @property {ProjectExample[]} examples in the order of adding
 * @property {import('../protocol.js').HeadSnapshot|null} head
 */

/**
 * The object in `project.json`, its schema checked.
 * @typedef {object} Described
 * @property {number} format
 * @property {string} kind
 * @property {string} generator
 * @property {ProjectBackbone} backbone
 * @property {import('../protocol.js').Preprocess} preprocess
 * @property {import('../protocol.js').HeadSettings} settings
 * @property {(ProjectClass & {folder: string})[]} classes
 * @property {{id: number, class: string}[]} examples
 * @property {Record<string, string>} files sha256 of each other file in the zip
 */

export const sha256Schema = text({ min: 64, max: 64, pattern: /^[0-9a-f]+$/ });
const id = text({ max: 100 });
export const settingsSchema = record({
  hidden: whole(1, 4096),
  epochs: whole(1, 1000),
  batch: whole(1, 4096),
  rate: number({ above: 0, max: 1 }),
  seed: whole(0, 2 ** 32 - 1),
});
export const backboneSchema = record({
  name: text({ max: 500 }),
  kind: text({ max: 20 }),
  sha256: sha256Schema,
  modelHash: text({ min: 16, max: 64, pattern: /^[0-9a-f]+$/ }),
  features: whole(1, LIMITS.features),
  precision: oneOf('float32', 'float16', 'int8'),
});
export const preprocessSchema = record({ size: whole(1, 1024), fit: oneOf('crop', 'stretch') });
const exampleId = whole(1, Number.MAX_SAFE_INTEGER);

/** Of the object in `project.json`. */
export const projectSchema = record({
  format: oneOf(FORMAT),
  kind: oneOf(KIND),
  generator: text(),
  backbone: backboneSchema,
  preprocess: preprocessSchema,
  settings: settingsSchema,
  classes: list(
    record({
      id,
      name: text(),
      tone: whole(0, 255),
      folder: text({ max: 60, pattern: /^[1-9][0-9]{0,3}(-[a-z0-9]+)*$/ }),
      enabled: optional(oneOf(true, false)),
    }),
    1,
    LIMITS.classes,
  ),
  examples: list(record({ id: exampleId, class: id }), 0, LIMITS.examples),
  files: table(text(), sha256Schema, LIMITS.entries),
});

const size = whole(1, LIMITS.features * 4096);

/** Of the object in `head.json`. */
export const headSchema = record({
  format: oneOf(FORMAT),
  classes: list(id, 2, LIMITS.classes),
  settings: settingsSchema,
  shapes: record({
    kernel1: list(size, 2, 2),
    bias1: list(size, 1, 1),
    kernel2: list(size, 2, 2),
    bias2: list(size, 1, 1),
  }),
  examples: list(exampleId, 2, LIMITS.examples),
  history: list(record({ loss: number(), accuracy: number({ min: 0, max: 1 }) }), 0, 1000),
  norms: list(list(number({ min: 0 }), 4, 4), 0, 1001),
  steps: whole(0, LIMITS.steps),
});

/**
 * The folder of a class inside the zip: its place and what of its name every file system takes.
 * @param {string} name
 * @param {number} index
 */
export function folderOf(name, index) {
  const words =
    name
      .normalize('NFKD')
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  return [String(index + 1), ...words].join('-').slice(0, 40).replace(/-$/, '');
}

/**
 * @param {string} folder of the class
 * @param {number} exampleId
 */
export const picturePath = (folder, exampleId) => `images/${folder}/${exampleId}.jpg`;

/**
 * The shapes of the head's tensors.
 * @param {number} features
 * @param {number} hidden
 * @param {number} classes
 */
export const shapesOf = (features, hidden, classes) => ({
  kernel1: [features, hidden],
  bias1: [hidden],
  kernel2: [hidden, classes],
  bias2: [classes],
});

/**
 * A class's name as a file holds it: one that every reader of JSON takes, and that is not empty.
 * @param {string} name
 * @param {number} index
 */
export function readableName(name, index) {
  const characters = [...name.replace(/\p{Surrogate}/gu, '\ufffd')];
  return characters.slice(0, 200).join('') || String(index + 1);
}

/**
 * What a file says of a site's backbone.
 * @param {import('../protocol.js').Site} site
 * @returns {ProjectBackbone}
 */
export function backboneOf({ backbone, model, precision }) {
  const { kind, sha256, features } = backbone;
  const name = backbone.name.slice(0, 500);
  return { name, kind, sha256, modelHash: model.hash, features, precision };
}
