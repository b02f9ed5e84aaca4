import assert from "node:assert/strict";
import test from "node:test";

/** Ports that would keep this process alive. @type {MessageChannel[]} */
const channels = [];
globalThis.MessageChannel = class extends MessageChannel {
  constructor() {
    super();
    channels.push(this);
  }
};
test.after(() => channels.forEach(({ port1 }) => port1.close()));

const { first, giveWay, sliceMs } =
  await import("../../../site_template/src/worker/task.js");

const wait = (/** @type {number} */ ms) =>
  new Promise((resolve) => setTimeout(resolve, ms));

test("a request that is under way is answered before training goes on", async () => {
  /** @type {string[]} */
  const order = [];
  const answer = first(async () => {
    await wait(5);
    return "answer";
  }).then((said) => order.push(said));
  await giveWay();
  order.push("slice");
  await answer;
  assert.deepEqual(order, ["answer", "slice"]);
});

test("what the answer brings about comes before the slice too", async () => {
  /** @type {string[]} */
  const order = [];
  // As many turns as it takes to hand an answer on.
  first(() => wait(5))
    .then(() => {})
    .then(() => {})
    .then(() => order.push("sent"));
  await giveWay();
  order.push("slice");
  assert.deepEqual(order, ["sent", "slice"]);
});

test("without requests training only lets messages in", async () => {
  const arrived = new Promise((resolve) => setImmediate(resolve));
  await giveWay();
  await arrived;
});

test("a request that is never answered does not hold training up for ever", async () => {
  /** @type {(value?: unknown) => void} */
  let end = () => {};
  const late = first(() => new Promise((resolve) => (end = resolve)));
  await giveWay();
  end();
  await late;
});

test("a request that fails wakes training too", async () => {
  const failed = first(async () => {
    await wait(2);
    throw new Error("no");
  });
  await Promise.all([assert.rejects(failed, /no/), giveWay()]);
});

test("slices grow with the time that answers take, within bounds", async () => {
  await first(async () => {});
  const shortest = sliceMs();
  await first(() => wait(60));
  assert.ok(sliceMs() > 2 * shortest);
  await first(() => wait(200));
  const longest = sliceMs();
  await first(() => wait(300));
  assert.equal(sliceMs(), longest);
  await first(async () => {});
  assert.equal(sliceMs(), shortest);
});
