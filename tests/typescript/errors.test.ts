import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import test from 'node:test';
import { START_MESSAGES } from '../../site_template/src/client.ts';
import { errorReport, filled, WORKER_MESSAGES, WorkerError } from '../../site_template/src/errors.ts';
import { POLICY_MESSAGES, PolicyError } from '../../site_template/src/policy.ts';
import { damaged, PROJECT_MESSAGES, ProjectError } from '../../site_template/src/project/errors.ts';
import { STORE_MESSAGES, StoreError } from '../../site_template/src/store/errors.ts';
import { DOWNLOAD_MESSAGES, DownloadError } from '../../site_template/src/verified.ts';

const STRINGS = new URL('../../site_template/src/ui/i18n/words/', import.meta.url);
const LANGUAGES = await Promise.all(
  readdirSync(STRINGS).map(async (file) => (await import(new URL(file, STRINGS).href)).words),
);

/** What can reach the page's visitors, by the names of the errors. */
const MESSAGES = {
  DownloadError: DOWNLOAD_MESSAGES,
  PolicyError: POLICY_MESSAGES,
  StartError: START_MESSAGES,
  WorkerError: WORKER_MESSAGES,
  ProjectError: PROJECT_MESSAGES,
  StoreError: STORE_MESSAGES,
};

const sorted = (object: object) => Object.keys(object).sort();
const named = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();

test('every error has words in every language, of the same data', () => {
  assert.ok(LANGUAGES.length >= 2);
  for (const { errors, language } of LANGUAGES) {
    assert.deepEqual(sorted(errors), sorted(MESSAGES), language);
    for (const [name, messages] of Object.entries(MESSAGES)) {
      assert.deepEqual(sorted(errors[name]), sorted(messages), language);
      for (const [key, message] of Object.entries(messages)) {
        const where = `${language} ${name} ${key}`;
        assert.deepEqual(named(errors[name][key]), named(message), where);
        if (language !== 'en') assert.notEqual(errors[name][key], message);
      }
    }
  }
});

/** Mistakes of ours, and causes of errors that have a code: files, and how many are thrown there. */
const BARE = {
  'project/model.ts': 1,
  'store/store.ts': 1,
  'worker/our-kernels.ts': 1,
  'worker/weights.ts': 2,
};

test('what a visitor can meet is thrown with a code, not with a sentence', () => {
  const src = new URL('../../site_template/src/', import.meta.url);
  const isOfThePage = (name: string) =>
    /\.tsx?$/.test(name) &&
    // A visitor meets none of these: numbers that do not fit, `onthefly validate`, what a model's own page says.
    !/^(core|kernel|validate)\/|^service-worker|model-texts/.test(name);
  const bare = readdirSync(src, { recursive: true })
    .map((name) => String(name).replaceAll('\\', '/'))
    .filter(isOfThePage)
    .map((name) => {
      const code = readFileSync(new URL(name, src), 'utf8');
      return [name, code.match(/new (Range|Type)?Error\(/g)?.length ?? 0];
    })
    .filter(([, count]) => count);
  assert.deepEqual(Object.fromEntries(bare), BARE);
});

test('an error has a code, data and an English message', () => {
  const changed = new ProjectError('changed/project', { file: 'head.json' });
  assert.deepEqual(errorReport(changed), {
    name: 'ProjectError',
    code: 'changed',
    data: { reason: 'project', file: 'head.json' },
    message: 'This project is not as it was exported: head.json has been changed since.',
  });
  const wrong = damaged('project.json', 'length', { min: 1, max: 200 });
  assert.deepEqual(wrong.data, {
    reason: 'length',
    where: 'project.json',
    min: 1,
    max: 200,
  });
  assert.equal(wrong.message, 'This project is damaged: project.json: should have 1 to 200 characters.');
  const cause = new Error("the browser's");
  const full = new StoreError('full', cause);
  assert.deepEqual([full.code, full.cause], ['full', cause]);
  assert.equal(
    new PolicyError('script-src').way,
    "the content security policy of this page, or one that its host sends, has to allow script-src 'self' 'wasm-unsafe-eval'.",
  );
  assert.equal(new PolicyError('sandbox').code, 'worker');
  assert.match(new PolicyError('sandbox').message, /has to leave out sandbox/);
});

test('what is not ours is reported without a code, whatever was thrown', () => {
  const clone = new DOMException('not cloned', 'DataCloneError');
  assert.deepEqual(errorReport(clone), {
    name: 'DataCloneError',
    message: 'not cloned',
  });
  assert.deepEqual(errorReport('words'), { name: 'Error', message: 'words' });
});

test('a value cannot bring names of its own into a sentence', () => {
  const data = { file: '{where} $1 $&' };
  assert.equal(filled('{file} {where}', { ...data, where: 1 }), '{where} $1 $& 1');
});

test('code and data survive the way from the worker to the page and back', async () => {
  const require = createRequire(new URL('../../site_template/package.json', import.meta.url));
  const { expose, proxy, wrap } = await import(require.resolve('comlink'));
  const { port1, port2 } = new MessageChannel();
  const lost = new DownloadError('status', { url: 'a.bin', status: 404 });
  const wrong = new WorkerError('self-check', {
    ...{ backend: 'wasm', error: Infinity, limit: 0.001 },
  });
  expose(
    {
      start: (take: () => Promise<unknown>) => take(),
      check() {
        throw wrong;
      },
      fail() {
        throw new TypeError('not ours');
      },
      refuse() {
        throw 'no error at all';
      },
    },
    port1,
  );
  const worker = wrap(port2);
  const take = proxy(() => Promise.reject(lost));
  const reported = (call: Promise<unknown>) => call.then(() => assert.fail('it did not fail'), errorReport);
  try {
    assert.deepEqual(await reported(worker.check()), errorReport(wrong));
    assert.deepEqual(await reported(worker.start(take)), errorReport(lost));
    assert.deepEqual(await reported(worker.fail()), {
      name: 'TypeError',
      message: 'not ours',
    });
    assert.equal(await worker.refuse().catch((thrown: unknown) => thrown), 'no error at all');
  } finally {
    port1.close();
    port2.close();
  }
});
