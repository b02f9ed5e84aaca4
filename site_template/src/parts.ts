// Many pictures for the worker: decoded and sent in parts, so that it always has the next part when one is done.

/** What weighs more is decoded alone, so that two huge pictures are never in memory at once. */
const LARGE = 4e6;
/** What a part holds at most. The time is how late a progress bar and Cancel may be. */
const PART = { pictures: 16, weight: LARGE / 2, ms: 200 };

const NONE = { part: [], isLarge: false };

/** Sends items to the worker part by part, in their order, however large they are. */
export async function inParts<Item, Answer, Decoded extends ImageBitmap | null>(
  items: Item[],
  {
    weight,
    decode,
    send,
    done,
    stopped = () => false,
  }: {
    /** Of an item, as a file's bytes weigh. */
    weight: (item: Item) => number | Promise<number>;
    /** May give null where it cannot be read. */
    decode: (item: Item) => Promise<Decoded>;
    /** Transfers or closes the frames. */
    send: (items: Item[], frames: Decoded[]) => Promise<Answer>;
    /** Is told part by part, in order. */
    done: (items: Item[], answer: Answer) => void;
    /** Asked before a part is sent; what was sent is answered all the same. */
    stopped?: () => boolean;
  },
) {
  let at = 0;
  let pictures = 4; // until it is known how long one takes
  /** Of the items up to some way beyond `at`. */
  const weights: number[] = [];
  const weigh = async () => {
    const end = Math.min(at + PART.pictures, items.length);
    while (weights.length < end) weights.push(await weight(items[weights.length]));
  };
  const next = () => {
    const begin = at;
    let total = 0;
    do total += weights[at++];
    while (at < items.length && at - begin < pictures && total + weights[at] <= PART.weight);
    return { part: items.slice(begin, at), isLarge: total > LARGE };
  };
  const decodeAll = (part: Item[]) => Promise.all(part.map(decode));

  /** The answer to the last part that was sent. */
  let answer = Promise.resolve();
  let last = performance.now();
  let frames: Promise<Decoded[]> | null = null;
  try {
    await weigh();
    for (let now = items.length ? next() : NONE; now.part.length; ) {
      const [ready] = await Promise.all([frames ?? (frames = decodeAll(now.part)), weigh()]);
      if (stopped()) break;
      const [sent, before] = [now.part, answer];
      answer = Promise.all([send(sent, ready), before]).then(([given]) => {
        const each = (performance.now() - last) / sent.length;
        last = performance.now();
        pictures = Math.min(Math.max(Math.round(PART.ms / each), 1), PART.pictures);
        done(sent, given);
      });
      answer.catch(() => {}); // whoever waits for it is told
      const then = at < items.length ? next() : NONE;
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
