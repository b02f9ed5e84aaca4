// From what was taught to the bytes of `project.zip`. Formats only: no page, no TensorFlow.js, no worker.

import { PROJECT_FILES, PROJECT_FORMAT, PROJECT_KIND, PROJECT_LIMITS, TENSORFLOW_JS, TENSORS } from '../contract.js';
import { sha256 } from '../verified.js';
import { ProjectError } from './errors.js';
import { folderOf, picturePath, shapesOf } from './format.js';
import { jpegSize } from './jpeg.js';
import { projectSchema } from './schemas.js';
import { writeZip } from './zip.js';

/** The version of Teachable Machine whose fields `metadata.json` carries. */
const TM_VERSION = '2.4.10';

/** @typedef {import('./format.js').Project} Project */

/**
 * @param {Project} project
 * @param {object} about
 * @param {string} about.modelName
 * @param {Date} about.timeStamp the only time in the file
 * @returns {Promise<Blob>}
 */
export async function packProject(project, { modelName, timeStamp }) {
  const { examples, head } = project;
  if (examples.length > PROJECT_LIMITS.examples || project.classes.length > PROJECT_LIMITS.classes) {
    throw new ProjectError('too-large/contents', {
      examples: PROJECT_LIMITS.examples,
      classes: PROJECT_LIMITS.classes,
    });
  }
  const folders = new Map(project.classes.map(({ id, name }, i) => [id, folderOf(name, i)]));
  /** @type {[string, Uint8Array<ArrayBuffer>][]} */
  const files = [
    [PROJECT_FILES.features, floats(examples.map(({ features }) => features))],
    [PROJECT_FILES.metadata, json(describeProject(project, modelName, timeStamp))],
  ];
  if (head) {
    files.push([PROJECT_FILES.head, json(describeHead(head, project.backbone.features))]);
    files.push([PROJECT_FILES.weights, floats(TENSORS.map((name) => head[name]))]);
    files.push([PROJECT_FILES.trace, floats([Float32Array.from(head.trace.losses)])]);
  }
  for (const { id, classId, picture } of examples) {
    files.push([picturePath(/** @type {string} */ (folders.get(classId)), id), await readPicture(picture)]);
  }
  files.sort(([a], [b]) => (a < b ? -1 : 1));
  /** @type {Record<string, string>} */
  const hashes = {};
  for (const [name, contents] of files) hashes[name] = await sha256(contents);
  const described = describe(project, folders, hashes);
  projectSchema(described, PROJECT_FILES.project); // what is written can be read
  return writeZip([[PROJECT_FILES.project, json(described)], ...files]);
}

/**
 * The object in `project.json`.
 * @param {Project} project
 * @param {Map<string, string>} folders
 * @param {Record<string, string>} files
 */
function describe({ generator, backbone, preprocess, settings, classes, examples }, folders, files) {
  return {
    format: PROJECT_FORMAT,
    kind: PROJECT_KIND,
    generator,
    backbone,
    preprocess,
    settings,
    classes: classes.map(({ id, name, tone, enabled = true }) => ({
      ...{ id, name, tone, folder: folders.get(id) },
      ...(enabled ? {} : { enabled }),
    })),
    examples: examples.map(({ id, classId }) => ({ id, class: classId })),
    files,
  };
}

/**
 * The object in `head.json`.
 * @param {import('../protocol.js').HeadSnapshot} head
 * @param {number} features
 */
function describeHead({ classes, settings, examples, history, trace }, features) {
  return {
    format: PROJECT_FORMAT,
    classes,
    settings,
    shapes: shapesOf(features, settings.hidden, classes.length),
    examples,
    history: history.map(({ loss, accuracy }) => ({ loss, accuracy })),
    norms: trace.norms,
    steps: trace.losses.length,
  };
}

/**
 * @param {Project} project
 * @param {string} modelName
 * @param {Date} timeStamp
 */
function describeProject({ generator, classes, preprocess, head }, modelName, timeStamp) {
  const names = new Map(classes.map(({ id, name }) => [id, name]));
  const labels = (head?.classes ?? [...names.keys()]).map((id) => /** @type {string} */ (names.get(id)));
  return metadata({ generator, labels, imageSize: preprocess.size, modelName, timeStamp });
}

/**
 * What Teachable Machine writes beside a model.
 * @param {object} about
 * @param {string} about.generator
 * @param {string[]} about.labels in the order of the head's outputs
 * @param {number} about.imageSize
 * @param {string} about.modelName
 * @param {Date} about.timeStamp
 */
export function metadata({ generator, labels, imageSize, modelName, timeStamp }) {
  return {
    tfjsVersion: TENSORFLOW_JS,
    tmVersion: TM_VERSION,
    packageVersion: generator.split(' ')[1] ?? '',
    packageName: generator.split(' ')[0],
    timeStamp: timeStamp.toISOString(),
    userMetadata: {},
    modelName,
    labels,
    imageSize,
  };
}

/** @param {Blob} picture */
async function readPicture(picture) {
  const bytes = new Uint8Array(await picture.arrayBuffer());
  if (!jpegSize(bytes) || bytes.length > PROJECT_LIMITS.pictureBytes) {
    throw new ProjectError('unreadable-photo/stored');
  }
  return bytes;
}

/**
 * @param {unknown} value
 * @param {number} [indent] spaces per level
 */
export const json = (value, indent = 1) =>
  new Uint8Array(new TextEncoder().encode(`${JSON.stringify(value, null, indent)}\n`));

/**
 * One after another, as little-endian bytes.
 * @param {Float32Array[]} arrays
 */
export function floats(arrays) {
  const bytes = new Uint8Array(4 * arrays.reduce((sum, array) => sum + array.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const array of arrays) {
    for (const value of array) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  return bytes;
}
