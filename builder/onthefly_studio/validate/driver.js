// What `onthefly validate` runs in the page: it calls the worker's functions for Python. Arrays come in as
// files beside this one and go back as base64, because a browser's debugging protocol carries only JSON.

/** How long one call may take: far above what the slowest backend needs, below for ever. */
const CALL_MS = 180_000;

/** @type {Record<string, (buffer: ArrayBuffer) => unknown>} */
const DECODE = {
  uint8: (buffer) => new Uint8ClampedArray(buffer),
  uint16: (buffer) => new Uint16Array(buffer),
  float32: (buffer) => new Float32Array(buffer),
  // A picture's file goes the page's own way, from its bytes on.
  picture: async (buffer) => {
    const { frameOf } = await siteModule();
    if (!frameOf) throw new Error('the site was built by a version that cannot be asked about files; build it again');
    return frameOf(new Blob([buffer]));
  },
};

/** @typedef {import('../../../site_template/src/client.ts').Connection} Connection */
/** @typedef {import('../../../site_template/src/errors.ts').ErrorReport} ErrorReport */

/**
 * What a call came to.
 * @typedef {{value: unknown, error: null} | {value: null, error: ErrorReport}} Outcome
 */

/** @type {Connection|null} */
let connection = null;

/** @returns {Promise<typeof import('../../../site_template/src/onthefly.ts')>} the site's own */
function siteModule() {
  return import(new URL('../onthefly.js', import.meta.url).href);
}

/**
 * A value with every `{file, dtype}` in it replaced by the array, or the picture, in that file.
 * @param {any} value
 * @returns {Promise<any>}
 */
async function decode(value) {
  if (Array.isArray(value)) return Promise.all(value.map(decode));
  if (value === null || typeof value !== 'object') return value;
  if ('file' in value) {
    const response = await fetch(new URL(value.file, import.meta.url));
    if (!response.ok) throw new Error(`${value.file}: the server answered ${response.status}`);
    return DECODE[value.dtype](await response.arrayBuffer());
  }
  const entries = Object.entries(value).map(async ([key, part]) => [key, await decode(part)]);
  return Object.fromEntries(await Promise.all(entries));
}

/**
 * A value with every typed array in it replaced by `{array, base64}`, and every picture by null.
 * @param {any} value
 * @returns {Promise<any>}
 */
async function encode(value) {
  if (ArrayBuffer.isView(value)) return { array: value.constructor.name, base64: await base64(value) };
  if (value instanceof Blob) return null;
  if (Array.isArray(value)) return Promise.all(value.map(encode));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(async ([key, part]) => [key, await encode(part)]);
  return Object.fromEntries(await Promise.all(entries));
}

/**
 * @param {ArrayBufferView} view
 * @returns {Promise<string>}
 */
function base64(view) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,?/, ''));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(new Blob([/** @type {ArrayBufferView<ArrayBuffer>} */ (view)]));
  });
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {string} what
 * @returns {Promise<T>}
 */
async function inTime(promise, what) {
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not end within ${CALL_MS / 1000} s`)), CALL_MS);
  });
  try {
    return await Promise.race([promise, /** @type {Promise<never>} */ (late)]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {() => Promise<unknown>} action
 * @returns {Promise<Outcome>}
 */
async function outcomeOf(action) {
  try {
    return { value: await action(), error: null };
  } catch (error) {
    if (!(error instanceof Error)) return { value: null, error: { name: 'Error', message: String(error) } };
    const { name, message, code, data } = /** @type {ErrorReport & Error} */ (error);
    return { value: null, error: { name, message, code, data } };
  }
}

/**
 * Starts the worker of one backend through the site's own module, in the place of the one before.
 * @param {import('../../../site_template/src/protocol.ts').BackendName} backend
 * @param {import('../../../site_template/src/protocol.ts').Kernels|null} kernels the site's own choice where null
 * @returns {Promise<Outcome>} what the worker says of itself when it is ready
 */
export function start(backend, kernels) {
  connection?.terminate();
  connection = null;
  return outcomeOf(async () => {
    const { connect, loadSite } = await siteModule();
    const { site, base } = await loadSite();
    connection = await connect(site, base, backend);
    return inTime(connection.worker.start(site, base, undefined, undefined, kernels ?? undefined), 'the start');
  });
}

/**
 * Calls one function of the worker.
 * @param {string} path such as `embed` or `probe.train`
 * @param {unknown[]} parameters
 * @returns {Promise<Outcome>}
 */
export function call(path, parameters) {
  return outcomeOf(async () => {
    if (!connection) throw new Error('no worker has been started');
    const names = path.split('.');
    // A worker's functions are reached through proxies, whose types have no place for a name computed here.
    const target = names.reduce((part, name) => part[name], /** @type {any} */ (connection.worker));
    return encode(await inTime(target(...(await decode(parameters))), path));
  });
}

/**
 * Trains a head with tf.layers; see tf-layers.js, which is next to this file when it is wanted.
 * @param {unknown} task
 * @returns {Promise<Outcome>}
 */
export function layers(task) {
  return outcomeOf(async () => {
    const module = new URL('tf-layers.js', import.meta.url).href;
    const { train } = /** @type {typeof import('../../../site_template/src/validate/tf-layers.ts')} */ (
      await import(module)
    );
    return encode(await inTime(train(await decode(task)), 'tf.layers'));
  });
}

/** Which device draws for WebGL, in the browser's words; null where there is none. */
export function renderer() {
  const context = new OffscreenCanvas(1, 1).getContext('webgl2');
  const names = context?.getExtension('WEBGL_debug_renderer_info');
  return names ? String(context?.getParameter(names.UNMASKED_RENDERER_WEBGL)) : null;
}
