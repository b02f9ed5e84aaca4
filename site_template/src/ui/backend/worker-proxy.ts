// The worker as the page knows it. Another one can take its place under way: calls wait meanwhile, and none is lost.

import type { Connection, RemoteWorker } from '../../client.ts';

/** What takes a frame needs the backend; everything else is answered without it. */
const NEEDS_BACKEND = ['addExample', 'addExamples', 'agree', 'embed', 'embedAll', 'predict', 'timeFrame'];

export class WorkerProxy {
  connection: Connection;
  /** While one worker takes the other's place. */
  move: Promise<void> | null;
  /** Calls that have not been answered, each with the way to give it up. */
  open: Map<Promise<unknown>, { name: string; giveUp: (reason: Error) => void }>;
  /** Its functions, whichever worker answers. */
  worker: RemoteWorker;

  constructor(connection: Connection) {
    this.connection = connection;
    this.move = null;
    this.open = new Map();
    this.worker = new Proxy(
      {},
      {
        // A promise that resolved to this would take it for another promise.
        get: (_, name) => (name === 'then' ? undefined : (...given: unknown[]) => this.call(String(name), given)),
      },
    ) as RemoteWorker;
  }

  async call(name: string, given: unknown[]) {
    while (this.move) await this.move;
    // A worker's functions are reached through proxies, whose types have no place for a name computed here.
    const worker = this.connection.worker as any;
    let giveUp: (reason: Error) => void = () => {};
    const abandoned = new Promise((_, reject) => {
      giveUp = reject;
    });
    const answer = Promise.race([worker[name](...given), abandoned]);
    this.open.set(answer, { name, giveUp });
    try {
      return await answer;
    } finally {
      this.open.delete(answer);
    }
  }

  /**
   * Hands everything that was taught to another worker, which answers from then on; the old one is ended. Where that
   * fails, all stays as it was.
   * @param to started
   * @param lost why the old worker cannot compute any more: calls with frames, which it may never answer, end with this
   */
  async moveTo(to: Connection, lost?: Error) {
    while (this.move) await this.move;
    this.move = this.hand(to, lost).finally(() => {
      this.move = null;
    });
    await this.move;
  }

  async hand(to: Connection, lost?: Error) {
    const from = this.connection;
    if (lost) {
      for (const { name, giveUp } of this.open.values()) if (NEEDS_BACKEND.includes(name)) giveUp(lost);
    }
    await Promise.allSettled(this.open.keys());
    await to.worker.restore(await from.worker.snapshot());
    this.connection = to;
    from.terminate();
  }
}
