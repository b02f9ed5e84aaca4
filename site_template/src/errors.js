// Errors that cross a border: from the worker to the page, to pages of others, to Python. A program knows one by `name` and
// `code` and finds numbers and names in `data`. The message is English, for programs and logs; what a visitor reads is
// chosen where it is shown, by `ui/error-words.js`.

/**
 * The English messages of a class of errors, each by its code, or by `code/reason` where a code has several. What they
 * are made of is the error's `data`.
 * @typedef {Record<string, (data: any) => string>} Messages
 */

/**
 * @template {PropertyKey} Key of `Messages`
 * @typedef {Key extends `${infer Code}/${string}` ? Code : Key} CodeOf
 */

/**
 * What the error of a class is made from: a key of its messages, and the data that this message needs.
 * @template {Messages} All
 * @typedef {{[Key in keyof All]: Parameters<All[Key]> extends [infer Data] ? [key: Key, data: Data] : [key: Key, data?: undefined]
 * }[keyof All]} Given
 */

/**
 * An error as plain data, which can be cloned and kept as JSON.
 * @typedef {object} ErrorReport
 * @property {string} name of the class
 * @property {string} message English where it is ours
 * @property {string} [code] absent where the error is not ours
 * @property {Record<string, unknown>} [data] `reason` tells apart what has one code
 */

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
    super(messages[String(key)](data), options);
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

/** What keeps the worker from starting, or from answering. */
export const WORKER_MESSAGES = {
  'not-started': () => 'The worker could not be started in this browser.',
  'no-backend': (/** @type {{backend: string}} */ { backend }) => `This browser does not offer ${backend}.`,
  'no-webassembly': () => 'This browser offers no WebAssembly.',
  'no-simd': () => 'This browser does not run WebAssembly SIMD.',
  'no-kernels': (/** @type {{kernels: string}} */ { kernels }) => `This browser does not run the kernels ${kernels}.`,
  'no-plan': (/** @type {{why: string|undefined}} */ { why }) => `The page's kernels do not know this model: ${why}.`,
  // JSON has no infinity and says null.
  'self-check': (/** @type {{backend: string, error: number|null, limit: number}} */ { backend, error, limit }) =>
    `On ${backend} this browser computes other numbers than the site was built with ` +
    `(off by ${(error ?? Infinity).toPrecision(2)}, limit ${limit}).`,
  'device-lost': () => 'The graphics device was lost.',
  'no-canvas': () => 'This browser gives no canvas to read the camera with.',
  'no-memory': (/** @type {{width: number, height: number}} */ { width, height }) =>
    `This browser has no memory for a picture of ${width} by ${height} pixels.`,
  'not-loaded': () => 'The model has not been loaded yet.',
  'no-class': (/** @type {{class: string}} */ { class: id }) => `There is no class ${id}.`,
};

/** @extends {CodedError<CodeOf<keyof typeof WORKER_MESSAGES>>} */
export class WorkerError extends CodedError {
  /** @param {Given<typeof WORKER_MESSAGES>} given */
  constructor(...[key, data]) {
    super('WorkerError', WORKER_MESSAGES, key, data);
  }
}
