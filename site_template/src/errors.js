// Errors that cross a border: from the worker to the page, to pages of others, to Python. A program knows one by `name` and
// `code` and finds numbers and names in `data`. The message is English, for programs and logs; what a visitor reads is
// chosen where it is shown, by `ui/error-words.js`.

/**
 * The sentences of a class of errors, each by its code, or by `code/reason` where a code has several. `{names}` in them
 * stand for what the error's `data` hold under these names.
 * @typedef {Record<string, string>} Messages
 */

/**
 * @template {PropertyKey} Key of `Messages`
 * @typedef {Key extends `${infer Code}/${string}` ? Code : Key} CodeOf
 */

/**
 * @template Message
 * @typedef {Message extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never} NamesIn
 */

/** @typedef {string|number|string[]|undefined} Value */

/**
 * What the error of a class is made from: a key of its messages, and the data that this message names.
 * @template {Messages} All
 * @typedef {{[Key in keyof All]: [NamesIn<All[Key]>] extends [never] ? [key: Key, data?: {}]
 *   : [key: Key, data: Record<NamesIn<All[Key]>, Value>]}[keyof All]} Given
 */

/**
 * An error as plain data, which can be cloned and kept as JSON.
 * @typedef {object} ErrorReport
 * @property {string} name of the class
 * @property {string} message English where it is ours
 * @property {string} [code] absent where the error is not ours
 * @property {Record<string, unknown>} [data] `reason` tells apart what has one code
 */

/**
 * A value of an error's data, in English.
 * @param {unknown} value
 */
export const inEnglish = (value) => (Array.isArray(value) ? value.join(' or ') : String(value));

/**
 * @param {string} message
 * @param {Record<string, unknown>} data
 * @param {(value: unknown) => string} [inWords] writes a value
 */
export function filled(message, data, inWords = inEnglish) {
  return message.replace(/\{(\w+)\}/g, (_, name) => inWords(data[name]));
}

/** @template {string} Code */
export class CodedError extends Error {
  /**
   * @param {string} name of the class, which loses its own when it is minified
   * @param {Messages} messages
   * @param {PropertyKey} key of the message
   * @param {Record<string, unknown>} [data]
   * @param {ErrorOptions} [options]
   */
  constructor(name, messages, key, data = {}, options) {
    super(filled(messages[String(key)], data), options);
    const [code, reason] = String(key).split('/');
    this.name = name;
    this.code = /** @type {Code} */ (code);
    this.data = reason ? { reason, ...data } : data;
  }
}

/**
 * @param {unknown} error
 * @returns {ErrorReport}
 */
export function errorReport(error) {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message } = error;
  const { code, data } = /** @type {Partial<CodedError<string>>} */ (error);
  // What browsers throw may have numbers for codes.
  return typeof code === 'string' ? { name, message, code, data } : { name, message };
}

/** What keeps the worker from starting on a backend, or from answering. */
export const WORKER_MESSAGES = /** @type {const} */ ({
  'no-backend': 'This browser does not offer {backend}.',
  'no-webassembly': 'This browser offers no WebAssembly.',
  'no-simd': 'This browser does not run WebAssembly SIMD.',
  'no-kernels': 'This browser does not run the kernels {kernels}.',
  'no-plan': "The page's kernels do not know this model: {why}.",
  'self-check':
    'On {backend} this browser computes other numbers than the site was built with (off by {error}, limit {limit}).',
  'other-memory': "TensorFlow.js' memory is not where it is expected.",
  'device-lost': 'The graphics device was lost.',
  'no-canvas': 'This browser gives no canvas to read the camera with.',
  'no-memory': 'This browser has no memory for a picture of {width} by {height} pixels.',
  'not-loaded': 'The model has not been loaded yet.',
  'no-class': 'There is no class {class}.',
});

/** @extends {CodedError<CodeOf<keyof typeof WORKER_MESSAGES>>} */
export class WorkerError extends CodedError {
  /** @param {Given<typeof WORKER_MESSAGES>} given */
  constructor(...[key, data]) {
    super('WorkerError', WORKER_MESSAGES, key, data);
  }
}
