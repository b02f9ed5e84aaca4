// The worker as the page knows it. Another one can take its place under way: calls wait meanwhile, and none is lost.

/** @import {Connection, RemoteWorker} from '../client.js' */

/** What takes a frame needs the backend; everything else is answered without it. */
const NEEDS_BACKEND = ['addExample', 'addExamples', 'agree', 'embed', 'embedAll', 'predict', 'timeFrame'];

export class Relay {
  /** @param {Connection} connection */
  constructor(connection) {
    this.connection = connection;
    /** @type {Promise<void>|null} while one worker takes the other's place */
    this.move = null;
    /**
     * Calls that have not been answered, each with the way to give it up.
     * @type {Map<Promise<unknown>, {name: string, giveUp: (reason: Error) => void}>}
     */
    this.open = new Map();
    /** Its functions, whichever worker answers. */
    this.worker = /** @type {RemoteWorker} */ (
      new Proxy(
        {},
        {
          // A promise that resolved to this would take it for another promise.
          get: (_, name) =>
            name === 'then' ? undefined : (/** @type {unknown[]} */ ...given) => this.call(String(name), given),
        },
      )
    );
  }

  /**
   * @param {string} name
   * @param {unknown[]} given
   */
  async call(name, given) {
    while (this.move) await this.move;
    // A worker's functions are reached through proxies, whose types have no place for a name computed here.
    const worker = /** @type {any} */ (this.connection.worker);
    /** @type {(reason: Error) => void} */
    let giveUp = () => {};
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
   * @param {Connection} to started
   * @param {Error} [lost] why the old worker cannot compute any more: calls with frames, which it may never answer, end with this
   */
  async moveTo(to, lost) {
    while (this.move) await this.move;
    this.move = this.hand(to, lost).finally(() => {
      this.move = null;
    });
    await this.move;
  }

  /**
   * @param {Connection} to
   * @param {Error} [lost]
   */
  async hand(to, lost) {
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
