// From the zip of an exported model, whoever made it, to the head in it. Its graph is never run here: a site has the
// backbone already, and takes the head of a model with the very same one. Twin of `model.ts`.

import { MODEL_FORMAT, MODEL_KIND, PROJECT_LIMITS, TENSORS } from '../contract.ts';
import type { HeadWeights } from '../core/head.ts';
import type { Site } from '../protocol.ts';
import { sha256 } from '../verified.ts';
import { damaged, ProjectError } from './errors.ts';
import { backboneOf, shapesOf } from './format.ts';
import { bothBackbones, entryOf, parse, siteRefusal, toFloats } from './import.ts';
import { type AboutModel, MODEL_FILES } from './model-format.ts';
import { normalNames } from './names.ts';
import { modelSchema } from './schemas.ts';
import type { Entry } from './zip.ts';

interface UnpackedModel {
  about: AboutModel;
  weights: HeadWeights;
}

/**
 * @param directory of the file
 * @param site whose backbone the model has to have
 */
export async function unpackModel(file: Blob, directory: Map<string, Entry>, site: Site): Promise<UnpackedModel> {
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

function checked(about: any): AboutModel {
  if (about?.kind !== MODEL_KIND) throw new ProjectError('not-a-project/model');
  if (Number.isInteger(about.format) && about.format > MODEL_FORMAT) throw new ProjectError('newer/model');
  modelSchema(about, MODEL_FILES.about);
  return about;
}

/** The head's tensors: the last ones in the file. */
function readWeights(bytes: Uint8Array<ArrayBuffer>, { backbone, settings, classes }: AboutModel) {
  const shapes = shapesOf(backbone.features, settings.hidden, classes.length);
  const sizes = TENSORS.map((name) => shapes[name].reduce((product, size) => product * size, 1));
  const count = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes.length < 4 * count) throw damaged(MODEL_FILES.weights, 'short');
  const values = toFloats(MODEL_FILES.weights, bytes.slice(bytes.length - 4 * count), count);
  let at = 0;
  const [kernel1, bias1, kernel2, bias2] = sizes.map((size) => values.slice(at, (at += size)));
  return { kernel1, bias1, kernel2, bias2 };
}
