// Many pictures for the worker: decoded and sent in parts, so that it always has the next part when one is done.

/** What weighs more is decoded alone, so that two huge pictures are never in memory at once. */
const LARGE = 4e6;
/** What a part holds at most. The time is how late a progress bar and Cancel may be. */
const PART = { pictures: 16, weight: LARGE / 2, ms: 200 };

/**
 * @template Item, Answer
 * @template {ImageBitmap|null} Decoded
 * @param {Item[]} items
 * @param {object} how
 * @param {(item: Item) => number|Promise<number>} how.weight of an item, as a file's bytes weigh
 * @param {(item: Item) => Promise<Decoded>} how.decode may give null where it cannot be read
 * @param {(items: Item[], frames: Decoded[]) => Promise<Answer>} how.send transfers or closes the frames
 * @param {(items: Item[], answer: Answer) => void} how.done is told part by part, in order
 * @param {() => boolean} [how.stopped] asked before a part is sent; what was sent is answered all the same
 */
export async function inParts(items, { weight, decode, send, done, stopped = () => false }) {
  let at = 0;
  let pictures = 4; // until it is known how long one takes
  /** Of the item at `at`, where it is known already. @type {number|null} */
  let ahead = null;
  /** @returns {Promise<{part: Item[], isLarge: boolean}>} the next items; none at the end */
  const next = async () => {
    const begin = at;
    let total = 0;
    for (; at < items.length && at - begin < pictures; at++) {
      ahead ??= await weight(items[at]);
      if (at > begin && total + ahead > PART.weight) break;
      total += ahead;
      ahead = null;
    }
    return { part: items.slice(begin, at), isLarge: at - begin === 1 && total > LARGE };
  };
  const decodeAll = (/** @type {Item[]} */ part) => Promise.all(part.map(decode));

  /** The answer to the last part that was sent. */
  let answer = Promise.resolve();
  let last = performance.now();
  /** @type {Promise<Decoded[]>|null} */
  let frames = null;
  try {
    for (let now = await next(); now.part.length;) {
      const ready = await (frames ?? (frames = decodeAll(now.part)));
      if (stopped()) break;
      const [sent, before] = [now.part, answer];
      answer = Promise.all([send(sent, ready), before]).then(([given]) => {
        const each = (performance.now() - last) / sent.length;
        last = performance.now();
        pictures = Math.min(Math.max(Math.round(PART.ms / each), 1), PART.pictures);
        done(sent, given);
      });
      answer.catch(() => {}); // whoever waits for it is told
      const then = await next();
      const alone = now.isLarge || then.isLarge;
      now = then;
      frames = alone ? null : decodeAll(now.part);
      // One part is computed, one is on its way, and one is decoded.
      await (alone ? answer : before);
    }
    await answer;
  } finally {
    frames?.then((some) => some.forEach((frame) => frame?.close())).catch(() => {});
  }
}
