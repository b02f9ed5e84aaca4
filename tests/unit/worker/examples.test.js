import assert from "node:assert/strict";
import test from "node:test";
import { Examples } from "../../../site_template/src/worker/examples.js";

/** @param {number} value */
const vector = (value) => Float32Array.of(value, -value);
const PICTURE = new Blob(["jpeg"]);

function filled() {
  const examples = new Examples();
  examples.setClasses(["a", "b", "c"]);
  examples.add("c", vector(1));
  examples.add("a", vector(2));
  examples.add("c", vector(3));
  examples.add("a", vector(4));
  return examples;
}

test("examples stand by class, then by time; a class without any is left out", () => {
  const { classes, features, labels } = filled().trainingSet(2);
  assert.deepEqual(classes, ["a", "c"]);
  assert.deepEqual([...labels], [0, 0, 1, 1]);
  assert.deepEqual([...features], [2, -2, 4, -4, 1, -1, 3, -3]);
});

test("the order of classes is the display order", () => {
  const examples = filled();
  examples.setClasses(["c", "b", "a"]);
  assert.deepEqual(examples.trainingSet(2).classes, ["c", "a"]);
});

test("removing a class drops its examples, removing an example only that one", () => {
  const examples = filled();
  examples.remove(1);
  assert.equal(examples.count("c"), 1);
  examples.setClasses(["a", "b"]);
  assert.equal(examples.size, 2);
  assert.throws(() => examples.add("c", vector(5)), /no class c/);
});

test("what was kept can be taken elsewhere, and ids go on rising there", () => {
  const examples = filled();
  examples.remove(4);
  const other = new Examples();
  other.replace(examples.classes, examples.all());
  assert.deepEqual(other.trainingSet(2), examples.trainingSet(2));
  assert.equal(other.add("b", vector(6), PICTURE), 4);
});
