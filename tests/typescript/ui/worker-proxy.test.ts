import assert from 'node:assert/strict';
import test from 'node:test';
import { WorkerProxy } from '../../../site_template/src/ui/backend/worker-proxy.ts';

const turns = () => new Promise((resolve) => setImmediate(resolve));

/** A worker that was taught something, and answers when it is told to. */
class Pretend {
  name: string;
  taught: string[];
  waiting: (() => void)[];
  ended: boolean;
  worker: {
    addExample: (what: string) => Promise<string>;
    head: () => Promise<string>;
    snapshot: () => Promise<string[]>;
    restore: (taught: string[]) => Promise<void>;
  };

  constructor(name: string) {
    this.name = name;
    this.taught = [];
    this.waiting = [];
    this.ended = false;
    this.worker = {
      addExample: async (what: string) => {
        await new Promise((resolve: (value?: any) => void) => this.waiting.push(resolve));
        this.taught.push(what);
        return `${this.name} ${what}`;
      },
      head: async () => this.name,
      snapshot: async () => [...this.taught],
      restore: async (taught: string[]) => {
        this.taught = taught;
      },
    };
  }

  terminate() {
    this.ended = true;
  }

  answer() {
    this.waiting.splice(0).forEach((go) => go());
  }
}

const proxyTo = (pretend: Pretend) => new WorkerProxy(pretend as any);

test('calls go to the worker, and errors come back', async () => {
  const one = new Pretend('one');
  one.worker.head = async () => {
    throw new Error('broken');
  };
  const { worker } = proxyTo(one);
  const answer = worker.addExample('a' as any, 'c1');
  await turns();
  one.answer();
  assert.equal(await answer, 'one a');
  await assert.rejects(worker.head(), /broken/);
});

test('what is on its way when another worker takes over is not lost', async () => {
  const [one, two] = [new Pretend('one'), new Pretend('two')];
  const proxy = proxyTo(one);
  const before = proxy.worker.addExample('before' as any, 'c1');
  await turns();
  const move = proxy.moveTo(two as any);
  const during = proxy.worker.addExample('during' as any, 'c1');
  await turns();
  assert.equal(one.ended, false, 'it still has to answer');
  one.answer();
  assert.equal(await before, 'one before');
  await move;
  assert.equal(one.ended, true);
  await turns();
  two.answer();
  assert.equal(await during, 'two during');
  assert.deepEqual(two.taught, ['before', 'during']);
});

test('a worker that cannot take over leaves all as it was', async () => {
  const [one, two] = [new Pretend('one'), new Pretend('two')];
  two.worker.restore = async () => {
    throw new Error('no room');
  };
  const proxy = proxyTo(one);
  await assert.rejects(proxy.moveTo(two as any), /no room/);
  assert.equal(await proxy.worker.head(), 'one');
  assert.equal(one.ended, false);
});

test('a worker that lost its device is left without waiting for its answers', async () => {
  const [one, two] = [new Pretend('one'), new Pretend('two')];
  one.taught = ['kept'];
  const proxy = proxyTo(one);
  const never = proxy.worker.addExample('x' as any, 'c1');
  const ended = assert.rejects(never, /taken away/);
  await turns();
  await proxy.moveTo(two as any, new Error('taken away'));
  await ended;
  assert.deepEqual(two.taught, ['kept']);
  assert.equal(await proxy.worker.head(), 'two');
});

test('two moves at once come one after the other', async () => {
  const [one, two, three] = ['one', 'two', 'three'].map((name) => new Pretend(name));
  one.taught = ['kept'];
  const proxy = proxyTo(one);
  await Promise.all([proxy.moveTo(two as any), proxy.moveTo(three as any)]);
  assert.equal(await proxy.worker.head(), 'three');
  assert.deepEqual(three.taught, ['kept']);
  assert.deepEqual([one.ended, two.ended, three.ended], [true, true, false]);
});

test('a promise may resolve to the proxyed worker', async () => {
  const { worker } = proxyTo(new Pretend('one'));
  assert.equal(await Promise.resolve(worker), worker);
});
