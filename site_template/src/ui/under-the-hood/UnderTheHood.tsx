// How the page computes, and how well, for those who want to know.

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { BACKENDS } from '../../contract.ts';
import type { KernelsInUse, Site } from '../../protocol.ts';
import { chosenBackend } from '../backend/backend-choice.ts';
import { chooseBackend, readMemory } from '../backend/start.ts';
import {
  adding,
  filledClasses,
  frameMs,
  head,
  ready,
  settings,
  skipped,
  startup,
  training,
} from '../document/state.ts';
import { HeldOut } from '../evaluation/HeldOut.tsx';
import { wordsOf } from '../i18n/error-words.ts';
import { decimals, megabytes, milliseconds, power, seconds } from '../i18n/format.ts';
import { strings } from '../i18n/strings.ts';
import { BackendTrials } from './BackendTrials.tsx';
import { Fact, Facts } from './Facts.tsx';
import { StoredFacts } from './StoredFacts.tsx';

const MEMORY_INTERVAL = 1000;

export function UnderTheHood({ site }: { site: Site }) {
  const { hood } = strings;
  const open = useSignal(false);
  return (
    <details
      class="fold hood"
      onToggle={(event) => {
        // Those within tell of themselves too.
        if (event.target === event.currentTarget) open.value = event.currentTarget.open;
      }}
    >
      <summary>
        <h2>{hood.summary}</h2>
      </summary>
      {open.value && (
        <div class="fold-body">
          <section class="hood-part" aria-labelledby="hood-model">
            <h3 id="hood-model">{hood.model}</h3>
            <ModelFacts site={site} />
          </section>
          <section class="hood-part" aria-labelledby="hood-held-out">
            <h3 id="hood-held-out">{strings.heldOut.title}</h3>
            <HeldOut />
          </section>
          <section class="hood-part" aria-labelledby="hood-speed">
            <h3 id="hood-speed">{hood.speed}</h3>
            <SpeedFacts />
            <BackendChoice />
          </section>
          <section class="hood-part" aria-labelledby="hood-privacy">
            <h3 id="hood-privacy">{hood.privacy}</h3>
            <StoredFacts />
          </section>
        </div>
      )}
    </details>
  );
}

function ModelFacts({ site: { backbone, precision } }: { site: Site }) {
  const { hood } = strings;
  const check = ready.value?.selfCheck;
  return (
    <Facts>
      <Fact term={hood.backbone}>{backbone.name}</Fact>
      <Fact term={hood.trainedOn}>{fromBuild(backbone.trainedOn)}</Fact>
      {backbone.why && <Fact term={hood.why}>{fromBuild(backbone.why)}</Fact>}
      <Fact term={hood.features}>{backbone.features}</Fact>
      <Fact term={hood.precision}>{precision}</Fact>
      <Fact term={hood.selfCheck}>
        {check ? hood.selfCheckValue(power(check.error, 1), power(check.limit, 0), check.images) : hood.unknown}
      </Fact>
      <Fact term={hood.head}>{hood.headValue(settings.value.hidden, filledClasses.value.length)}</Fact>
      <Fact term={hood.headPhotos}>{head.value ? hood.photos(head.value.examples) : hood.unknown}</Fact>
      <Fact term={hood.seed}>{settings.value.seed}</Fact>
    </Facts>
  );
}

/** @param words English, as the build wrote them */
function fromBuild(words: string) {
  return strings.hood.inOtherWords[words] ?? <span lang="en">{words}</span>;
}

function SpeedFacts() {
  const { hood } = strings;
  return (
    <Facts>
      <Fact term={hood.frame}>{frameMs.value === null ? hood.unknown : `${decimals(frameMs.value, 1)} ms`}</Fact>
      <Fact term={hood.backend}>{ready.value?.backend ?? hood.unknown}</Fact>
      <Fact term={hood.kernels}>{ready.value ? <Kernels {...ready.value.kernels} /> : hood.unknown}</Fact>
      {skipped.value.map(({ backend, error }) => (
        <Fact key={backend} term={hood.skipped(backend)}>
          {wordsOf(error)}
        </Fact>
      ))}
      <BackendTrials />
      <Fact term={hood.engine}>{engine()}</Fact>
      <Fact term={hood.trainTime}>{trainTime()}</Fact>
      <Memory />
    </Facts>
  );
}

/** What trained the head, in words. */
function engine() {
  const { hood } = strings;
  if (!head.value) return hood.unknown;
  return head.value.engine ? hood.engines[head.value.engine] : hood.fromFile;
}

function trainTime() {
  const { hood } = strings;
  if (!head.value?.engine) return hood.unknown;
  const { ms, examples, history } = head.value;
  return hood.trainTimeValue(seconds(ms), milliseconds(ms / (examples * history.length)));
}

function Kernels({ kind, faults }: KernelsInUse) {
  const why = faults.map(({ kernels, error }) => (kernels ? `${kernels}: ${wordsOf(error)}` : wordsOf(error)));
  return <>{[strings.hood.kernelsOf[kind], ...why].join(' ')}</>;
}

function BackendChoice() {
  const { hood } = strings;
  const busy = startup.value.phase !== 'ready' || training.value !== null || adding.value !== null;
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

function Memory() {
  const { hood } = strings;
  const memory = useSignal<Awaited<ReturnType<typeof readMemory>>>(null);
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
      <Fact term={hood.examples}>{found ? decimals(found.examples, 0) : hood.unknown}</Fact>
    </>
  );
}
