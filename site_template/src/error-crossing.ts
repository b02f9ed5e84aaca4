// Errors on their way between page and worker. Comlink passes on their name, message and stack, and nothing else: code
// and data are added here. Both sides import this before the first call.

import { type TransferHandler, transferHandlers } from 'comlink';
import { errorReport } from './errors.ts';

type Thrown = TransferHandler<{ value: unknown }, { isError: boolean; value: object }>;

const handler = transferHandlers.get('throw') as Thrown;

const withCode: Thrown = {
  ...handler,
  serialize(thrown) {
    const [sent, transferred] = handler.serialize(thrown);
    return [sent.isError ? { ...sent, value: { ...sent.value, ...errorReport(thrown.value) } } : sent, transferred];
  },
};

transferHandlers.set('throw', withCode);
