import assert from 'node:assert/strict';
import test from 'node:test';
import { Examples } from '../../../site_template/src/worker/examples.ts';

const vector = (value: number) => Float32Array.of(value, -value);
const PICTURE = new Blob(['jpeg']);

function filled() {
  const examples = new Examples();
  examples.setClasses(['a', 'b', 'c']);
  examples.add('c', vector(1), PICTURE);
  examples.add('a', vector(2), PICTURE);
  examples.add('c', vector(3), PICTURE);
  examples.add('a', vector(4), PICTURE);
  return examples;
}

test('examples stand by class, then by time; a class without any is left out', () => {
  const { classes, rows, labels } = filled().trainingSet();
  assert.deepEqual(classes, ['a', 'c']);
  assert.deepEqual([...labels], [0, 0, 1, 1]);
  assert.deepEqual(
    rows.map(([first]) => first),
    [2, 4, 1, 3],
  );
});

test('the order of classes is the display order', () => {
  const examples = filled();
  examples.setClasses(['c', 'b', 'a']);
  assert.deepEqual(examples.trainingSet().classes, ['c', 'a']);
});

test('removing a class drops its examples, removing an example only that one', () => {
  const examples = filled();
  examples.remove(1);
  assert.equal(examples.count('c'), 1);
  examples.setClasses(['a', 'b']);
  assert.equal(examples.size, 2);
  assert.throws(() => examples.add('c', vector(5), PICTURE), /no class c/);
});

test('what was kept can be taken elsewhere, and ids go on rising there', () => {
  const examples = filled();
  examples.remove(4);
  const other = new Examples();
  other.replace(examples.classes, examples.all());
  assert.deepEqual(other.trainingSet(), examples.trainingSet());
  assert.equal(other.add('b', vector(6), PICTURE), 4);
});

test('a training set copies no features', () => {
  const examples = new Examples();
  examples.setClasses(['a']);
  const features = vector(1);
  examples.add('a', features, PICTURE);
  assert.equal(examples.trainingSet().rows[0], features);
});

const counted = (examples: Examples, classId: string) =>
  examples.all().filter((example) => example.classId === classId).length;

test('counts stay right through every change', () => {
  const examples = filled();
  const all = (...ids: number[]) => Uint32Array.from(ids);
  const check = () => {
    for (const id of ['a', 'b', 'c']) {
      assert.equal(examples.count(id), counted(examples, id), id);
    }
  };
  check();
  examples.remove(1);
  examples.remove(1); // a second time, as when two answers cross
  check();
  examples.arrange(
    [
      { id: 'a', enabled: true, examples: all(2, 3) },
      { id: 'b', enabled: false, examples: all(4) },
    ],
    4,
  );
  check();
  examples.add('b', vector(5), PICTURE);
  check();
  examples.forget(all(2, 5));
  check();
  examples.arrange([{ id: 'b', enabled: true, examples: all() }], 4);
  check();
  examples.replace(['c'], filled().all());
  check();
  examples.setClasses(['c']);
  check();
  examples.clear();
  check();
});
