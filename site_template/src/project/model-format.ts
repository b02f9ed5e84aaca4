// What an exported model is made of; docs/formats.md describes it.

import type { HeadSettings, Preprocess } from '../protocol.ts';
import type { ProjectBackbone } from './format.ts';

export const MODEL_FILES = {
  about: 'onthefly.json',
  graph: 'model.json',
  weights: 'weights.bin',
  metadata: 'metadata.json',
  page: 'index.html',
  code: 'predict.js',
  readme: 'README.md',
};

/** The object in `onthefly.json`. */
export interface AboutModel {
  format: number;
  kind: string;
  generator: string;
  backbone: ProjectBackbone;
  preprocess: Preprocess;
  /** That the head was trained with. */
  settings: HeadSettings;
  /** Names, in the order of the outputs. */
  classes: string[];
  /** sha256 of the files that the model is in. */
  files: Record<string, string>;
}
