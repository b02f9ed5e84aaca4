// How the page computes, for those who want to know.

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { BACKENDS } from '../../client.js';
import { chooseBackend, readMemory } from '../actions.js';
import { chosenBackend } from '../backend-choice.js';
import { loss, megabytes, percent } from '../format.js';
import { frameMs, head, ready, skipped, startup, training } from '../state.js';
import { strings } from '../strings.js';

const MEMORY_INTERVAL = 1000;

/** @typedef {import('../../protocol.js').Site} Site */

/** @param {{site: Site}} props */
export function UnderTheHood({ site }) {
  const open = useSignal(false);
  return (
    <details
      class="hood"
      onToggle={(event) => {
        open.value = event.currentTarget.open;
      }}
    >
      <summary>{strings.hood.summary}</summary>
      {open.value && <Facts site={site} />}
      {open.value && <BackendChoice />}
      {open.value && head.value && <History epochs={head.value.history} />}
    </details>
  );
}

/** @param {{site: Site}} props */
function Facts({ site: { backbone, precision, head: settings } }) {
  const { hood } = strings;
  const check = ready.value?.selfCheck;
  return (
    <dl class="facts">
      <Fact term={hood.backbone}>{backbone.name}</Fact>
      <Fact term={hood.trainedOn}>{backbone.trainedOn}</Fact>
      {backbone.why && <Fact term={hood.why}>{backbone.why}</Fact>}
      <Fact term={hood.features}>{backbone.features}</Fact>
      <Fact term={hood.precision}>{precision}</Fact>
      <Fact term={hood.seed}>{settings.seed}</Fact>
      <Fact term={hood.backend}>{ready.value?.backend ?? hood.unknown}</Fact>
      {skipped.value.map(({ backend, reason }) => (
        <Fact key={backend} term={hood.skipped(backend)}>
          {reason}
        </Fact>
      ))}
      <Fact term={hood.selfCheck}>
        {check
          ? hood.selfCheckValue(check.error.toExponential(1), check.limit.toExponential(0), check.images)
          : hood.unknown}
      </Fact>
      <Fact term={hood.frame}>{frameMs.value === null ? hood.unknown : `${frameMs.value.toFixed(1)} ms`}</Fact>
      <Memory />
    </dl>
  );
}

function BackendChoice() {
  const { hood } = strings;
  const busy = startup.value.phase !== 'ready' || training.value !== null;
  return (
    <label class="choice">
      <span>{hood.backendChoice}</span>
      <select
        disabled={busy}
        value={chosenBackend() ?? ''}
        onChange={({ currentTarget: { value } }) => {
          chooseBackend(BACKENDS.find((name) => name === value) ?? null);
        }}
      >
        <option value="">{hood.backendAutomatic}</option>
        {BACKENDS.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** @param {{term: string, children: import('preact').ComponentChildren}} props */
function Fact({ term, children }) {
  return (
    <div class="fact">
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Memory() {
  const { hood } = strings;
  const memory = useSignal(/** @type {Awaited<ReturnType<typeof readMemory>>} */ (null));
  useEffect(() => {
    const read = async () => {
      try {
        memory.value = await readMemory();
      } catch {
        memory.value = null;
      }
    };
    read();
    const timer = setInterval(read, MEMORY_INTERVAL);
    return () => clearInterval(timer);
  }, []);
  const found = memory.value;
  return (
    <>
      <Fact term={hood.tensors}>{found ? hood.tensorsValue(found.tensors, megabytes(found.bytes)) : hood.unknown}</Fact>
      <Fact term={hood.examples}>{found?.examples ?? hood.unknown}</Fact>
    </>
  );
}

/** @param {{epochs: import('../../protocol.js').EpochReport[]}} props */
function History({ epochs }) {
  return (
    <table class="history">
      <caption>{strings.hood.history}</caption>
      <thead>
        <tr>
          <th scope="col">{strings.hood.epoch}</th>
          <th scope="col">{strings.hood.loss}</th>
          <th scope="col">{strings.hood.accuracy}</th>
        </tr>
      </thead>
      <tbody>
        {epochs.map((row) => (
          <tr key={row.epoch}>
            <td>{row.epoch}</td>
            <td>{loss(row.loss)}</td>
            <td>{percent(row.accuracy)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
