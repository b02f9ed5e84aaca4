// What an exported model is made of; docs/formats.md describes it.

export const MODEL_FILES = {
  about: 'onthefly.json',
  graph: 'model.json',
  weights: 'weights.bin',
  metadata: 'metadata.json',
  page: 'index.html',
  code: 'predict.js',
  readme: 'README.md',
};

/**
 * The object in `onthefly.json`.
 * @typedef {object} AboutModel
 * @property {number} format
 * @property {string} kind
 * @property {string} generator
 * @property {import('./format.js').ProjectBackbone} backbone
 * @property {import('../protocol.js').Preprocess} preprocess
 * @property {import('../protocol.js').HeadSettings} settings that the head was trained with
 * @property {string[]} classes names, in the order of the outputs
 * @property {Record<string, string>} files sha256 of the files that the model is in
 */
