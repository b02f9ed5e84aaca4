// Errors that cross a border: from the worker to the page, to other people's pages, to Python. A program tells them
// apart by `name` and `code` and finds numbers and names in `data`. The message is English, for programs and logs; what
// a visitor reads is chosen where it is shown, by `ui/i18n/error-words.ts`.

/**
 * The sentences of a class of errors, each by its code, or by `code/reason` where a code has several. `{names}` in them
 * stand for what the error's `data` hold under these names.
 */
export type Messages = Record<string, string>;

export type CodeOf<Key extends PropertyKey> = Key extends `${infer Code}/${string}` ? Code : Key;

type NamesIn<Message> = Message extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;

type Value = string | number | string[] | undefined;

/** What the error of a class is made from: a key of its messages, and the data that this message names. */
export type Given<All extends Messages> = {
  [Key in keyof All]: [NamesIn<All[Key]>] extends [never]
    ? [key: Key, data?: Record<string, never>]
    : [key: Key, data: Record<NamesIn<All[Key]>, Value>];
}[keyof All];

/** An error as plain data, which can be cloned and kept as JSON. */
export interface ErrorReport {
  /** Of the class. */
  name: string;
  /** English where it is ours. */
  message: string;
  /** Absent where the error is not ours. */
  code?: string;
  /** `reason` tells apart what has one code. */
  data?: Record<string, unknown>;
}

/** A value of an error's data, in English. */
export const inEnglish = (value: unknown) => (Array.isArray(value) ? value.join(' or ') : String(value));

/** @param inWords writes a value */
export function filled(
  message: string,
  data: Record<string, unknown>,
  inWords: (value: unknown) => string = inEnglish,
) {
  return message.replace(/\{(\w+)\}/g, (_, name) => inWords(data[name]));
}

/** An error that a program knows by its name and code. */
export class CodedError<Code extends string> extends Error {
  readonly code: Code;
  /** What the message names; `reason` tells apart what has one code. */
  readonly data: Readonly<Record<string, unknown>>;

  /**
   * @param name of the class, which loses its own when it is minified
   * @param key of the message
   * @internal
   */
  constructor(
    name: string,
    messages: Messages,
    key: PropertyKey,
    data: Record<string, unknown> = {},
    options?: ErrorOptions,
  ) {
    super(filled(messages[String(key)], data), options);
    const [code, reason] = String(key).split('/');
    this.name = name;
    this.code = code as Code;
    this.data = reason ? { reason, ...data } : data;
  }
}

export function errorReport(error: unknown): ErrorReport {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message } = error;
  const { code, data } = error as Partial<CodedError<string>>;
  // What browsers throw may have numbers for codes.
  return typeof code === 'string' ? { name, message, code, data } : { name, message };
}

/** What keeps the worker from starting on a backend, or from answering. */
export const WORKER_MESSAGES = {
  'no-backend': 'This browser does not offer {backend}.',
  'no-webassembly': 'This browser offers no WebAssembly.',
  'no-simd': 'This browser does not run WebAssembly SIMD.',
  'no-kernels': 'This browser cannot run the kernels {kernels}.',
  'no-plan': "The page's kernels do not know this model: {why}.",
  'self-check':
    'On {backend} this browser computes different numbers from those of the build (off by {error}, limit {limit}).',
  'other-memory': "TensorFlow.js' memory is not where it is expected.",
  'device-lost': 'The graphics device was lost.',
  'no-canvas': 'This browser provides no canvas to read the camera with.',
  'no-memory': 'This browser does not have enough memory for a picture of {width} by {height} pixels.',
  'not-loaded': 'The model has not been loaded yet.',
  'no-class': 'There is no class {class}.',
} as const;

export class WorkerError extends CodedError<CodeOf<keyof typeof WORKER_MESSAGES>> {
  constructor(...[key, data]: Given<typeof WORKER_MESSAGES>) {
    super('WorkerError', WORKER_MESSAGES, key, data);
  }
}
