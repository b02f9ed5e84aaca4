// The most probable class, large; before there is one, what is still to come.

import {
  type ClassEntry,
  camera,
  filledClasses,
  head,
  live,
  MIN_CLASSES,
  nameOf,
  permission,
  prediction,
  probe,
  type Startup,
  startup,
  training,
  winner,
} from '../document/state.ts';
import { megabytes, percent } from '../i18n/format.ts';
import { strings } from '../i18n/strings.ts';

/** In the show a name is as large as its letters let it be; from so many on it takes more lines. */
const MOST_LETTERS = 12;
const FEWEST_LETTERS = 4;

export function Verdict() {
  return (
    <div class="verdict">
      <Content />
    </div>
  );
}

function Content() {
  const { result } = strings;
  if (startup.value.phase === 'failed') return <Waiting title={strings.startup.failedTitle} />;
  if (startup.value.phase !== 'ready') return <Loading startup={startup.value} />;
  if (!head.value) return <NextStep />;
  if (!probe.value && camera.value.status !== 'on') {
    return <Waiting title={result.heading} text={camera.value.status === 'asleep' ? result.asleep : result.noCamera} />;
  }
  if (!winner.value)
    return <Waiting title={result.heading} text={prediction.value ? result.removed : result.looking} />;
  return <Answer {...winner.value} />;
}

function Answer({
  entry,
  probability,
  sure,
}: {
  entry: ClassEntry;
  probability: number;
  /** Whether it reaches the threshold. */
  sure: boolean;
}) {
  const { result } = strings;
  const name = nameOf(entry);
  const words = sure ? name : result.unsure;
  const letters = Math.min(Math.max(words.length, FEWEST_LETTERS), MOST_LETTERS);
  return (
    <div class={`verdict-winner ${sure ? `tone-${entry.tone.value}` : 'is-unsure'}`}>
      <p class="verdict-title">{result.heading}</p>
      {sure && <p class="verdict-percent">{percent(probability)}</p>}
      <p class="verdict-name" style={{ '--letters': letters }}>
        {words}
      </p>
      {!sure && <p class="verdict-guess">{result.guess(name, percent(probability))}</p>}
    </div>
  );
}

/** What a visitor does next, until there is something to see. */
function NextStep() {
  const { title, text } = strings.steps[step()];
  return (
    <>
      <p class="verdict-step">{title}</p>
      <p class="verdict-text">{text}</p>
    </>
  );
}

function step(): keyof typeof strings.steps {
  const filled = filledClasses.value.length;
  if (filled >= MIN_CLASSES) return training.value?.live ? 'learning' : 'train';
  if (camera.value.status !== 'on') return permission.value === 'granted' ? 'camera' : 'ask';
  if (!filled) return 'first';
  return live.value ? 'secondLive' : 'second';
}

function Waiting({ title, text }: { title: string; text?: string }) {
  return (
    <>
      <p class="verdict-title">{title}</p>
      {text && <p class="verdict-text">{text}</p>}
    </>
  );
}

function Loading({ startup: { phase, bytes, total } }: { startup: Extract<Startup, { bytes: number }> }) {
  const share = total > 0 ? Math.min(1, bytes / total) : 0;
  const downloaded = phase === 'compile' || phase === 'check' ? 1 : share;
  return (
    <>
      <p class="verdict-title">{strings.startup.title}</p>
      <progress aria-label={strings.startup.label} max={1} value={downloaded} />
      <p class="verdict-figures">{detail(phase, bytes, total, share)}</p>
      <p class="verdict-text">{strings.startup.meanwhile}</p>
    </>
  );
}

function detail(phase: string, bytes: number, total: number, share: number) {
  if (phase === 'compile') return strings.startup.compile;
  if (phase === 'check') return strings.startup.check;
  if (phase === 'connect' || !total) return strings.startup.connect;
  return strings.startup.download(megabytes(bytes), megabytes(total), percent(share));
}
