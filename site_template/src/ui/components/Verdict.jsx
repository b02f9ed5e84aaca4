// The most probable class, large; before there is one, what is still to come.

import { megabytes, percent } from '../format.js';
import { camera, filledClasses, head, MIN_CLASSES, nameOf, prediction, startup, winner } from '../state.js';
import { strings } from '../strings.js';

export function Verdict() {
  return (
    <div class="verdict">
      <Content />
    </div>
  );
}

function Content() {
  if (startup.value.phase === 'failed') return <Waiting title={strings.startup.failedTitle} />;
  if (startup.value.phase !== 'ready') return <Loading startup={startup.value} />;
  if (!head.value) return <NextStep />;
  if (camera.value.status !== 'on') return <Waiting title={strings.result.heading} text={strings.result.noCamera} />;
  if (!winner.value) {
    const text = prediction.value ? strings.result.removed : strings.result.looking;
    return <Waiting title={strings.result.heading} text={text} />;
  }
  const { entry, probability } = winner.value;
  return (
    <div class={`verdict-winner tone-${entry.tone}`}>
      <p class="verdict-title">{strings.result.heading}</p>
      <p class="verdict-percent">{percent(probability)}</p>
      <p class="verdict-name">{nameOf(entry)}</p>
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
  if (filled >= MIN_CLASSES) return 'train';
  if (camera.value.status !== 'on') return 'camera';
  return filled ? 'second' : 'first';
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
