// Which projects this tab works on, so that a second tab that opens one of them knows.

interface Held {
  granted: Promise<boolean>;
  release: () => Promise<void>;
}

export class Claims {
  prefix: string;
  /** By project. */
  held: Map<string, Held>;

  /** @param prefix of the locks' names, which all tabs of an origin share */
  constructor(prefix: string) {
    this.prefix = prefix;
    this.held = new Map();
  }

  /**
   * Ends with the tab at the latest. Where the browser has no Web Locks, every claim is granted.
   * @param id of the project
   * @returns false where another tab holds it
   */
  async claim(id: string): Promise<boolean> {
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
   * @param id of the project
   * @returns when another tab can claim it
   */
  async release(id: string): Promise<void> {
    const held = this.held.get(id);
    this.held.delete(id);
    await held?.release();
  }

  async releaseAll() {
    await Promise.all([...this.held.keys()].map((id) => this.release(id)));
  }

  /** @param id of the project */
  #request(id: string): Held {
    let answer: (granted: boolean) => void;
    let letGo: () => void;
    const granted = new Promise((resolve) => (answer = resolve)) as Promise<boolean>;
    const until = new Promise((resolve) => (letGo = resolve)) as Promise<void>;
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
