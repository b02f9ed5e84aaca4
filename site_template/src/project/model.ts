// From a trained head to a model that needs nothing of this project: a zip with one TensorFlow.js graph, backbone and
// head, and a page that runs it. Formats only: no page, no TensorFlow.js, no worker.

import { MODEL_FORMAT, MODEL_KIND, TENSORS } from '../contract.ts';
import type { HeadSettings, HeadSnapshot, Site } from '../protocol.ts';
import { fetchVerified, sha256 } from '../verified.ts';
import { ProjectError } from './errors.ts';
import { floats, json, metadata } from './export.ts';
import { backboneOf, readableName } from './format.ts';
import { appendHead } from './graph.ts';
import { MODEL_FILES } from './model-format.ts';
import { CODE, PAGE, README } from './model-texts.ts';
import { modelSchema } from './schemas.ts';
import { writeZip } from './zip.ts';

/** @returns the same bytes for the same head, names and time */
export async function packModel({
  site,
  base,
  head,
  classNames,
  settings = head.settings,
  modelName = site.title,
  timeStamp = new Date(),
}: {
  site: Site;
  /** Absolute URL of the site's root. */
  base: string;
  head: HeadSnapshot;
  /** In the order of the head's outputs, which is that of `head.classes`. */
  classNames: string[];
  /** That the head was trained with, where they are not `head.settings`. */
  settings?: HeadSettings;
  /** The site's title unless given. */
  modelName?: string;
  /** The only time in the file. */
  timeStamp?: Date;
}): Promise<Blob> {
  if (classNames.length !== head.classes.length) {
    throw new RangeError(`The head has ${head.classes.length} classes, and ${classNames.length} names are given.`);
  }
  if (!TENSORS.every((name) => head[name].every(Number.isFinite))) throw new ProjectError('diverged');
  const { graph, shards } = site.model;
  const [graphBytes, ...shardBytes] = await Promise.all([graph, ...shards].map((file) => fetchVerified(file, base)));
  const shape = {
    features: site.backbone.features,
    hidden: head.bias1.length,
    classes: classNames.length,
  };
  const document = JSON.parse(new TextDecoder().decode(graphBytes));
  const whole = json(appendHead(document, shape, MODEL_FILES.weights), 0);
  const weights = joined([...shardBytes.map((shard) => new Uint8Array(shard)), floats(TENSORS.map((t) => head[t]))]);
  const labels = classNames.map(readableName);
  const about = {
    format: MODEL_FORMAT,
    kind: MODEL_KIND,
    generator: site.generator,
    backbone: backboneOf(site),
    preprocess: site.preprocess,
    settings,
    classes: labels,
    files: { [MODEL_FILES.graph]: await sha256(whole), [MODEL_FILES.weights]: await sha256(weights) },
  };
  modelSchema(about, MODEL_FILES.about); // what is written can be read
  const { generator, preprocess } = site;
  return writeZip([
    [MODEL_FILES.about, json(about)],
    [MODEL_FILES.readme, text(README)],
    [MODEL_FILES.page, text(PAGE)],
    [MODEL_FILES.metadata, json(metadata({ generator, labels, imageSize: preprocess.size, modelName, timeStamp }))],
    [MODEL_FILES.graph, whole],
    [MODEL_FILES.code, text(CODE)],
    [MODEL_FILES.weights, weights],
  ]);
}

/** The name for the download of a model. */
export function modelFileName(title: string) {
  const words = title.normalize('NFKD').match(/[A-Za-z0-9]+/g) ?? [];
  return `${[...words, 'model'].join('-').slice(0, 60)}.zip`;
}

const text = (words: string) => new TextEncoder().encode(words);

function joined(parts: Uint8Array[]) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
