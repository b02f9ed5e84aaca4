import assert from 'node:assert/strict';
import test from 'node:test';
import {
  fastest,
  isSoftware,
  rememberedTrials,
  rememberTrials,
} from '../../../site_template/src/ui/backend/backend-choice.ts';
import type { Trial } from '../../../site_template/src/ui/document/state.ts';

const measured = (backend: 'webgl' | 'webgpu', ms: number, wasmMs: number): Trial => ({
  backend,
  outcome: 'measured',
  ms,
  wasmMs,
});

test('a candidate has to be clearly faster than wasm', () => {
  assert.equal(fastest([measured('webgl', 6.9, 10)]), 'webgl');
  assert.equal(fastest([measured('webgl', 7.1, 10)]), null);
  assert.equal(fastest([measured('webgl', 12.3, 7.6)]), null);
  assert.equal(fastest([]), null);
});

test('of two the faster is taken, each against wasm as it was then', () => {
  const slow = measured('webgl', 5, 10);
  assert.equal(fastest([slow, measured('webgpu', 4, 10)]), 'webgpu');
  assert.equal(fastest([slow, measured('webgpu', 4, 6)]), 'webgl', 'a machine that was busier slowed both');
});

test('only what was measured is taken', () => {
  for (const outcome of ['software', 'missing', 'failed', 'lost'] as const) {
    const trial = { ...measured('webgl', 1, 10), outcome };
    assert.equal(fastest([trial]), null, outcome);
  }
  assert.equal(fastest([measured('webgl', NaN, 10)]), null);
  assert.equal(fastest([measured('webgl', 1, 0)]), null);
});

test('programs that pass for graphics cards are known by name', () => {
  for (const name of [
    'ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero)), SwiftShader driver)',
    'llvmpipe (LLVM 15.0.7, 256 bits)',
    'ANGLE (Microsoft, Microsoft Basic Render Driver Direct3D11)',
    'Software Rasterizer',
    'google swiftshader',
  ]) {
    assert.equal(isSoftware(name), true, name);
  }
  for (const name of [
    'ANGLE (NVIDIA, NVIDIA GeForce RTX 3060 Direct3D11 vs_5_0 ps_5_0)',
    'Apple M2',
    'Adreno (TM) 740',
    'Mesa Intel(R) UHD Graphics 620 (KBL GT2)',
  ]) {
    assert.equal(isSoftware(name), false, name);
  }
});

test('trials are remembered for one browser, model and set of workers', () => {
  const kept = new Map();
  const navigator = { value: { userAgent: 'a browser' }, configurable: true };
  Object.defineProperty(globalThis, 'navigator', navigator);
  Object.assign(globalThis, {
    localStorage: {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => kept.set(key, value),
    },
  });
  const site = {
    model: { hash: 'm1' },
    workers: {
      wasm: { sha256: 'a' },
      webgl: { sha256: 'b' },
      webgpu: { sha256: 'c' },
    },
  } as any;
  const trials = [measured('webgl', 12.3, 7.6)];
  assert.deepEqual(rememberedTrials(site), []);
  rememberTrials(site, trials);
  assert.deepEqual(rememberedTrials(site), trials);
  assert.deepEqual(rememberedTrials({ ...site, model: { hash: 'm2' } }), []);
  const workers = { ...site.workers, wasm: { sha256: 'newer' } };
  assert.deepEqual(rememberedTrials({ ...site, workers }), []);
  for (const broken of ['{', 'null', '7', '{"trials":[]}']) {
    kept.forEach((_, key) => kept.set(key, broken));
    assert.deepEqual(rememberedTrials(site), [], broken);
  }
});
