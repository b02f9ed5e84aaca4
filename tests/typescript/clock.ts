// A clock that only a test moves, so that no test is right or wrong by how busy the machine is.

const real = { setImmediate };

/** Lets whatever can go on without the clock go on: promises, messages of a channel. */
export async function settle() {
  for (let i = 0; i < 20; i++) await new Promise(real.setImmediate);
}

/** From here on `performance.now` and `setTimeout` of this process stand still but for `pass`. */
export function standingClock() {
  let now = 1000;
  let count = 0;
  const timers = new Map<number, { at: number; run: () => void }>();
  performance.now = () => now;
  Object.assign(globalThis, {
    setTimeout(run: () => void, ms = 0) {
      timers.set(++count, { at: now + ms, run });
      return count;
    },
    clearTimeout: (timer: number) => timers.delete(timer),
  });
  return {
    pass(ms: number) {
      now += ms;
      const due = [...timers].filter(([, { at }]) => at <= now);
      for (const [timer, { run }] of due.sort(([, a], [, b]) => a.at - b.at)) {
        timers.delete(timer);
        run();
      }
    },
  };
}
