import assert from 'node:assert/strict';
import test from 'node:test';
import { settingsSchema } from '../../../site_template/src/project/schemas.ts';
import { BOUNDS, fits, readSetting, type SettingName } from '../../../site_template/src/ui/training/bounds.ts';

const GOOD = { hidden: 128, epochs: 10, batch: 5, rate: 0.001, seed: 1 };

function mayBeExported(name: string, value: number) {
  try {
    settingsSchema({ ...GOOD, [name]: value }, '');
    return true;
  } catch {
    return false;
  }
}

test('what fits can be exported, and what does not fit cannot', () => {
  for (const name of Object.keys(GOOD) as (keyof typeof GOOD)[]) {
    const { min, max } = BOUNDS[name];
    const step = 1e-9;
    const tried = [min, max, min - 1, max + 1, min + step, max + step, NaN];
    for (const value of [...tried, Infinity, min + 1.5]) {
      assert.equal(fits(name, value), mayBeExported(name, value), `${name} ${value}`);
    }
  }
});

test('what is typed becomes a number, or nothing', () => {
  const cases: [SettingName, string, number | null][] = [
    ['epochs', '10', 10],
    ['epochs', ' 7 ', 7],
    ['epochs', '1000', 1000],
    ['epochs', '1001', null],
    ['epochs', '0', null],
    ['epochs', '2.5', null],
    ['epochs', '-3', null],
    ['epochs', '', null],
    ['epochs', 'ten', null],
    ['epochs', '0x10', null],
    ['rate', '0.001', 0.001],
    ['rate', '0,001', 0.001],
    ['rate', '.5', 0.5],
    ['rate', '1e-3', 0.001],
    ['rate', '1', 1],
    ['rate', '0', null],
    ['rate', '1.01', null],
    ['rate', 'Infinity', null],
    ['seed', '0', 0],
    ['seed', '4294967295', 4294967295],
    ['seed', '4294967296', null],
    ['share', '5', 5],
    ['share', '4', null],
    ['share', '51', null],
  ];
  for (const [name, text, value] of cases) {
    assert.equal(readSetting(name, text), value, `${name} ${text}`);
  }
});
