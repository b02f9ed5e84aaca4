import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { byFolder, type Found, fromInput, sortOut } from '../../../site_template/src/ui/classes/picture-files.ts';

function found(path: string, type: string = '') {
  const parts = path.split('/');
  const name = parts.pop()!;
  return { file: new File(['.'], name, { type }), folders: parts };
}

const names = (some: Found[]) => some.map(({ file }) => file.name);

test('pictures are told by their type or, where a browser names none, by their name', () => {
  const { pictures, others } = sortOut([
    found('notes.txt', 'text/plain'),
    found('b.HEIC'),
    found('a', 'image/png'),
    found('c.jpeg', 'image/jpeg'),
    found('heic.zip'),
  ]);
  assert.deepEqual(names(pictures), ['a', 'b.HEIC', 'c.jpeg']);
  assert.deepEqual(others, ['notes.txt', 'heic.zip']);
});

test('what systems leave in folders is not even counted', () => {
  const litter = ['.DS_Store', '._1.jpg', 'Thumbs.db', 'desktop.ini'];
  const { pictures, others } = sortOut([
    ...litter.map((name) => found(`set/cat/${name}`, 'image/jpeg')),
    found('set/.git/a.jpg', 'image/jpeg'),
    found('__MACOSX/cat/a.jpg', 'image/jpeg'),
    found('set/cat/1.jpg', 'image/jpeg'),
  ]);
  assert.deepEqual(names(pictures), ['1.jpg']);
  assert.deepEqual(others, []);
});

test('a folder that holds pictures is a class, wherever it lies', () => {
  const { pictures } = sortOut([
    found('set/train/dog/2.jpg'),
    found('set/train/cat/1.jpg'),
    found('set/test/dog/1.jpg'),
    found('set/cover.jpg'),
    found('loose.jpg'),
  ]);
  const { folders, beside } = byFolder(pictures);
  const read = [...folders].map(([name, files]) => [name, names(files)]);
  assert.deepEqual(read, [
    ['dog', ['1.jpg', '2.jpg']],
    ['cat', ['1.jpg']],
  ]);
  assert.deepEqual(beside, ['loose.jpg', 'cover.jpg']);
});

test('a folder of pictures alone is one class', () => {
  const { folders, beside } = byFolder(sortOut([found('cat/2.jpg'), found('cat/1.jpg')]).pictures);
  assert.deepEqual([...folders.keys()], ['cat']);
  assert.deepEqual(names(folders.get('cat') ?? []), ['1.jpg', '2.jpg']);
  assert.deepEqual(beside, []);
});

test('the order is that of the paths, not of the picker or a language', () => {
  const paths = ['d/b.jpg', 'd/é.jpg', 'd/B.jpg', 'd/10.jpg', 'd/9.jpg'];
  const sorted = names(sortOut(paths.map((path) => found(path))).pictures);
  assert.deepEqual(sorted, ['10.jpg', '9.jpg', 'B.jpg', 'b.jpg', 'é.jpg']);
});

test("a picker's files know the folders they were picked with", () => {
  const file = new File(['.'], '1.jpg');
  Object.defineProperty(file, 'webkitRelativePath', { value: 'set/cat/1.jpg' });
  assert.deepEqual(fromInput([file]), [{ file, folders: ['set', 'cat'] }]);
});

const SHARED: Record<string, { files: string[]; classes: [string, string[]][]; others?: string[]; beside?: string[] }> =
  JSON.parse(readFileSync(new URL('../../support/folders.json', import.meta.url), 'utf-8'));

for (const [what, { files, classes, others: strange = [], beside: loose = [] }] of Object.entries(SHARED)) {
  test(`as in Python: ${what}`, () => {
    const { pictures, others } = sortOut(files.map((path) => found(`set/${path}`)));
    const { folders, beside } = byFolder(pictures);
    const read = [...folders].map(([name, some]) => [name, names(some)]);
    assert.deepEqual({ read, others: others.sort(), beside }, { read: classes, others: strange, beside: loose });
  });
}

test('several folders that are handed over at once are classes, with all that is in them', () => {
  const { folders, beside } = byFolder(
    sortOut([found('cat/1.jpg'), found('cat/more/2.jpg'), found('dog/1.jpg'), found('x.jpg')]).pictures,
  );
  const read = [...folders].map(([name, some]) => [name, names(some)]);
  assert.deepEqual(read, [
    ['cat', ['1.jpg', '2.jpg']],
    ['dog', ['1.jpg']],
  ]);
  assert.deepEqual(beside, ['x.jpg']);
});
