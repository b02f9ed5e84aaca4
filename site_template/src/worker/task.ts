// Giving way: training pauses so that whatever arrived meanwhile is answered first.

/** How long a pause may wait for answers: training goes on even where the next request always follows the last. */
const PATIENCE_MS = 50;

// A message channel has none of the four milliseconds that nested timers are held back by.
const channel = new MessageChannel();
const later: (() => void)[] = [];
channel.port1.onmessage = () => later.shift()?.();

/** @returns resolves in a task of its own, after the messages that have arrived */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    later.push(resolve);
    channel.port2.postMessage(null);
  });
}

/** How many requests are being answered. */
let open = 0;
/** How long the last one took, in milliseconds. */
let lastTook = 0;

/** A slice of training is well under a frame at 60 Hz, but no crumb beside the answers between which it stands. */
const SLICE_MS = { least: 6, most: 60 };

/** @returns how long training may hold the worker at a stretch, in milliseconds */
export const sliceMs = (): number => Math.min(Math.max(lastTook / 2, SLICE_MS.least), SLICE_MS.most);
const waiting = new Set<() => void>();

/** Answers a request that goes before training. */
export async function first<T>(answer: () => Promise<T>): Promise<T> {
  open++;
  const begin = performance.now();
  try {
    return await answer();
  } finally {
    open--;
    lastTook = performance.now() - begin;
    waiting.forEach((wake) => wake());
  }
}

/**
 * @param ms at most
 * @returns after the next answer
 */
const answered = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      waiting.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    waiting.add(wake);
  });

/** Lets messages in, and waits a little for the requests of `first` that are under way. */
export async function giveWay() {
  const until = performance.now() + PATIENCE_MS;
  await nextTask();
  for (let left = PATIENCE_MS; open > 0 && left > 0; left = until - performance.now()) {
    await answered(left);
    await nextTask(); // so that the answer leaves before the next slice
  }
}
