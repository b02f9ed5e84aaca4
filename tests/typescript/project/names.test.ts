import assert from 'node:assert/strict';
import test from 'node:test';
import { nameKey, normalName, normalNames } from '../../../site_template/src/project/names.ts';

const COMPOSED = 'Caf\u00e9';
const APART = 'Cafe\u0301';

test('a name is one however its letters are stored', () => {
  assert.equal(normalName(APART), COMPOSED);
  assert.equal(normalName('\u1112\u1161\u11ab'), '\ud55c');
  for (const name of [APART, ` ${COMPOSED} `, 'CAF\u00c9', 'cafE\u0301\t']) assert.equal(nameKey(name), 'caf\u00e9');
  assert.notEqual(nameKey('Cafe'), nameKey(COMPOSED));
});

test('names that would become one stay as they were', () => {
  assert.deepEqual(normalNames([APART, 'A\u0308']), [COMPOSED, '\u00c4']);
  assert.deepEqual(normalNames([APART, COMPOSED, 'o\u0308']), [APART, COMPOSED, '\u00f6']);
  assert.deepEqual(normalNames([APART, APART]), [COMPOSED, COMPOSED]);
});
