// Which other backends the page tried on this machine, and what came of it.

import { ready, type Trial, trials } from '../document/state.ts';
import { wordsOf } from '../i18n/error-words.ts';
import { milliseconds } from '../i18n/format.ts';
import { strings } from '../i18n/strings.ts';
import { Fact } from './Facts.tsx';

export function BackendTrials() {
  const { hood } = strings;
  return (
    <>
      {trials.value.map((trial) => (
        <Fact
          key={trial.backend}
          term={trial.backend === ready.value?.backend ? hood.taken(trial.backend) : hood.skipped(trial.backend)}
        >
          {finding(trial)}
        </Fact>
      ))}
    </>
  );
}

function finding({ backend, outcome, ms = 0, wasmMs = 0, detail = '', error }: Trial) {
  const { hood } = strings;
  switch (outcome) {
    case 'measured':
      return hood.measured(milliseconds(ms), milliseconds(wasmMs));
    case 'software':
      return hood.software(detail);
    case 'missing':
      return hood.missing;
    case 'lost':
      return hood.lost(backend);
    default:
      return error ? wordsOf(error) : strings.unexpected;
  }
}
