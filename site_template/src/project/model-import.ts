// From the zip of an exported model, whoever made it, to the head in it. Its graph is never run here: a site has the
// backbone already, and takes the head of a model with the very same one. Twin of `model.js`.

import { MODEL_FORMAT, MODEL_KIND, PROJECT_LIMITS, TENSORS } from '../contract.js';
import { sha256 } from '../verified.js';
import { damaged, ProjectError } from './errors.js';
import { backboneOf, shapesOf } from './format.js';
import { bothBackbones, entryOf, parse, siteRefusal, toFloats } from './import.js';
import { MODEL_FILES } from './model-format.js';
import { normalNames } from './names.js';
import { modelSchema } from './schemas.js';

/**
 * @typedef {object} UnpackedModel
 * @property {import('./model-format.js').AboutModel} about
 * @property {import('../core/head.js').HeadWeights} weights
 */

/**
 * @param {Blob} file
 * @param {Map<string, import('./zip.js').Entry>} directory of the file
 * @param {import('../protocol.js').Site} site whose backbone the model has to have
 * @returns {Promise<UnpackedModel>}
 */
export async function unpackModel(file, directory, site) {
  const about = checked(
    parse(MODEL_FILES.about, await entryOf(file, directory, MODEL_FILES.about, PROJECT_LIMITS.jsonBytes)),
  );
  if (siteRefusal(about, site)) {
    const ours = { backbone: backboneOf(site), preprocess: site.preprocess };
    throw new ProjectError('other-backbone/model', bothBackbones(about, ours));
  }
  const bytes = await entryOf(file, directory, MODEL_FILES.weights, PROJECT_LIMITS.totalBytes);
  if ((await sha256(bytes)) !== about.files[MODEL_FILES.weights]) {
    throw new ProjectError('changed/model', { file: MODEL_FILES.weights });
  }
  return { about: { ...about, classes: normalNames(about.classes) }, weights: readWeights(bytes, about) };
}

/**
 * @param {any} about
 * @returns {import('./model-format.js').AboutModel}
 */
function checked(about) {
  if (about?.kind !== MODEL_KIND) throw new ProjectError('not-a-project/model');
  if (Number.isInteger(about.format) && about.format > MODEL_FORMAT) throw new ProjectError('newer/model');
  modelSchema(about, MODEL_FILES.about);
  return about;
}

/**
 * The head's tensors: the last ones in the file.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {import('./model-format.js').AboutModel} about
 */
function readWeights(bytes, { backbone, settings, classes }) {
  const shapes = shapesOf(backbone.features, settings.hidden, classes.length);
  const sizes = TENSORS.map((name) => shapes[name].reduce((product, size) => product * size, 1));
  const count = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes.length < 4 * count) throw damaged(MODEL_FILES.weights, 'short');
  const values = toFloats(MODEL_FILES.weights, bytes.slice(bytes.length - 4 * count), count);
  let at = 0;
  const [kernel1, bias1, kernel2, bias2] = sizes.map((size) => values.slice(at, (at += size)));
  return { kernel1, bias1, kernel2, bias2 };
}
