// Many pictures for the worker: decoded and sent in parts, so that it always has the next part when one is done.

/** Files of more bytes are decoded alone, so that two huge pictures are never in memory at once. */
const LARGE = 4e6;
/** What a part holds at most. The time is how late a progress bar and Cancel may be. */
const PART = { pictures: 16, bytes: LARGE / 2, ms: 200 };

/**
 * @template Item, Answer
 * @template {ImageBitmap|null} Decoded
 * @param {Item[]} items
 * @param {object} how
 * @param {(item: Item) => Blob} how.file of an item
 * @param {(item: Item) => Promise<Decoded>} how.decode may give null where it cannot be read
 * @param {(items: Item[], frames: Decoded[]) => Promise<Answer>} how.send transfers or closes the frames
 * @param {(items: Item[], answer: Answer) => void} how.done is told part by part, in order
 * @param {() => boolean} [how.stopped] asked before a part is sent; what was sent is answered all the same
 */
export async function inParts(items, { file, decode, send, done, stopped = () => false }) {
  let at = 0;
  let pictures = 4; // until it is known how long one takes
  const next = () => {
    const begin = at;
    let bytes = 0;
    do bytes += file(items[at++]).size;
    while (at < items.length && at - begin < pictures && bytes + file(items[at]).size <= PART.bytes);
    return items.slice(begin, at);
  };
  const decodeAll = (/** @type {Item[]} */ part) => Promise.all(part.map(decode));
  const isLarge = (/** @type {Item[]} */ part) => part.some((item) => file(item).size > LARGE);

  /** The answer to the last part that was sent. */
  let answer = Promise.resolve();
  let last = performance.now();
  /** @type {Promise<Decoded[]>|null} */
  let frames = null;
  try {
    for (let part = items.length ? next() : []; part.length;) {
      const ready = await (frames ?? (frames = decodeAll(part)));
      if (stopped()) break;
      const [sent, before] = [part, answer];
      answer = Promise.all([send(sent, ready), before]).then(([given]) => {
        const each = (performance.now() - last) / sent.length;
        last = performance.now();
        pictures = Math.min(Math.max(Math.round(PART.ms / each), 1), PART.pictures);
        done(sent, given);
      });
      answer.catch(() => {}); // whoever waits for it is told
      part = at < items.length ? next() : [];
      const alone = isLarge(sent) || isLarge(part);
      frames = alone ? null : decodeAll(part);
      // One part is computed, one is on its way, and one is decoded.
      await (alone ? answer : before);
    }
    await answer;
  } finally {
    frames?.then((some) => some.forEach((frame) => frame?.close())).catch(() => {});
  }
}
