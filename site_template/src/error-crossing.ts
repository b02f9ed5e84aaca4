// Errors on their way between page and worker. Comlink takes along their name, message and stack, and nothing else: here
// code and data follow. Both sides import this before the first call.

import { transferHandlers } from 'comlink';
import { errorReport } from './errors.js';

/** @typedef {import('comlink').TransferHandler<{value: unknown}, {isError: boolean, value: object}>} Thrown */

const handler = /** @type {Thrown} */ (transferHandlers.get('throw'));

/** @type {Thrown} */
const withCode = {
  ...handler,
  serialize(thrown) {
    const [sent, transferred] = handler.serialize(thrown);
    return [sent.isError ? { ...sent, value: { ...sent.value, ...errorReport(thrown.value) } } : sent, transferred];
  },
};

transferHandlers.set('throw', withCode);
