// Which projects this tab works on, so that a second tab that opens one of them knows.

/**
 * @typedef {object} Held
 * @property {Promise<boolean>} granted
 * @property {() => Promise<void>} release
 */

export class Claims {
  /** @param {string} prefix of the locks' names, which all tabs of an origin share */
  constructor(prefix) {
    this.prefix = prefix;
    /** @type {Map<string, Held>} by project */
    this.held = new Map();
  }

  /**
   * Ends with the tab at the latest. Where the browser has no Web Locks, every claim is granted.
   * @param {string} id of the project
   * @returns {Promise<boolean>} false where another tab holds it
   */
  async claim(id) {
    if (!navigator.locks) return true;
    const held = this.held.get(id) ?? this.#request(id);
    this.held.set(id, held);
    const granted = await held.granted.catch((error) => {
      this.held.delete(id);
      throw error;
    });
    if (!granted && this.held.get(id) === held) this.held.delete(id);
    return granted;
  }

  /**
   * @param {string} id of the project
   * @returns {Promise<void>} when another tab can claim it
   */
  async release(id) {
    const held = this.held.get(id);
    this.held.delete(id);
    await held?.release();
  }

  async releaseAll() {
    await Promise.all([...this.held.keys()].map((id) => this.release(id)));
  }

  /**
   * @param {string} id of the project
   * @returns {Held}
   */
  #request(id) {
    /** @type {(granted: boolean) => void} */
    let answer;
    /** @type {() => void} */
    let letGo;
    const granted = /** @type {Promise<boolean>} */ (new Promise((resolve) => (answer = resolve)));
    const until = /** @type {Promise<void>} */ (new Promise((resolve) => (letGo = resolve)));
    // The lock is held for as long as the promise that this function returns is pending.
    const ended = navigator.locks.request(this.prefix + id, { ifAvailable: true }, (lock) => {
      answer(lock !== null);
      return lock ? until : undefined;
    });
    return {
      granted: Promise.race([granted, ended.then(() => granted)]),
      release: async () => {
        letGo();
        await ended;
      },
    };
  }
}
