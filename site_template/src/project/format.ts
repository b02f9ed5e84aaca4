// What `project.zip` is made of; docs/formats.md describes it. Its names and bounds stand in the contract.

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
