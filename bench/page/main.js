// The page that one way of doing it is measured in: `?peer=NAME&...`, where peers/NAME.js exports `start`,
// which resolves to an object with some of `embed`, `run`, `train`, `add`, `hold` and `memory`.

import { drawing, preparedPixels } from './data.js';

const options = new URL(location.href).searchParams;

// What keeps the page's thread busy, and for how long.
/** @type {{tasks: number[], gaps: number[]}} */
const busy = { tasks: [], gaps: [] };
new PerformanceObserver((list) => busy.tasks.push(...list.getEntries().map((entry) => entry.duration))).observe({
  type: 'longtask',
  buffered: true,
});
let last = performance.now();
requestAnimationFrame(function tick(now) {
  busy.gaps.push(now - last);
  last = now;
  requestAnimationFrame(tick);
});

/** @returns {Promise<{task: number, gap: number}>} the longest since it was last asked, in ms; 0 tasks are under 50 ms */
async function longest() {
  await new Promise((resolve) => setTimeout(resolve, 100)); // observers are told afterwards
  const found = {
    task: Math.max(0, ...busy.tasks),
    gap: Math.max(0, ...busy.gaps),
  };
  busy.tasks.length = busy.gaps.length = 0;
  return found;
}

/**
 * Milliseconds of each of `count` calls, one after another.
 * @param {number} count
 * @param {() => Promise<unknown>} call
 */
async function timed(count, call) {
  const times = [];
  for (let i = 0; i < count; i++) {
    const begin = performance.now();
    await call();
    times.push(performance.now() - begin);
  }
  return times;
}

/**
 * So many calls, each in an animation frame of its own, as a camera asks for them.
 * @param {number} count
 * @param {() => Promise<unknown>} call
 */
async function onFrames(count, call) {
  for (let i = 0; i < count; i++) {
    await new Promise(requestAnimationFrame);
    await call();
  }
}

async function open() {
  const { start } = await import(`./peers/${options.get('peer')}.js`);
  const peer = await start(options);
  const frame = drawing(640, 480);
  await peer.first(frame);
  const firstMs = performance.now();
  const prepared = preparedPixels();
  return {
    firstMs,
    longest,
    ...peer,
    embedTimes: (count) => timed(count, () => peer.embed(frame)),
    runTimes: (count) => timed(count, () => peer.run(prepared)),
    addTimes: (count) => timed(count, () => peer.add(frame)),
    watch: (count) => onFrames(count, () => peer.embed(frame)),
    record: (count) => onFrames(count, () => peer.add(frame)),
  };
}

globalThis.opened = open();
