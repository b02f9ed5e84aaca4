// Which other backends the page tried on this machine, and what came of it.

import { wordsOf } from '../error-words.js';
import { milliseconds } from '../format.js';
import { ready, trials } from '../state.js';
import { strings } from '../strings.js';
import { Fact } from './Facts.jsx';

/** @typedef {import('../backend-choice.js').Trial} Trial */

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

/** @param {Trial} trial */
function finding({ backend, outcome, ms = 0, wasmMs = 0, detail = '', error }) {
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
