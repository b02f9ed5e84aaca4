// The most probable class, large; before there is one, what is still to come.

import { megabytes, percent } from '../format.js';
import {
  camera,
  filledClasses,
  head,
  live,
  MIN_CLASSES,
  nameOf,
  permission,
  prediction,
  probe,
  startup,
  training,
  winner,
} from '../state.js';
import { strings } from '../strings.js';

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

/**
 * @param {object} props
 * @param {import('../state.js').ClassEntry} props.entry
 * @param {number} props.probability
 * @param {boolean} props.sure whether it reaches the threshold
 */
function Answer({ entry, probability, sure }) {
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

/** @returns {keyof typeof strings.steps} */
function step() {
  const filled = filledClasses.value.length;
  if (filled >= MIN_CLASSES) return training.value?.live ? 'learning' : 'train';
  if (camera.value.status !== 'on') return permission.value === 'granted' ? 'camera' : 'ask';
  if (!filled) return 'first';
  return live.value ? 'secondLive' : 'second';
}

/** @param {{title: string, text?: string}} props */
function Waiting({ title, text }) {
  return (
    <>
      <p class="verdict-title">{title}</p>
      {text && <p class="verdict-text">{text}</p>}
    </>
  );
}

/** @param {{startup: Extract<import('../state.js').Startup, {bytes: number}>}} props */
function Loading({ startup: { phase, bytes, total } }) {
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

/**
 * @param {string} phase
 * @param {number} bytes
 * @param {number} total
 * @param {number} share
 */
function detail(phase, bytes, total, share) {
  if (phase === 'compile') return strings.startup.compile;
  if (phase === 'check') return strings.startup.check;
  if (phase === 'connect' || !total) return strings.startup.connect;
  return strings.startup.download(megabytes(bytes), megabytes(total), percent(share));
}
