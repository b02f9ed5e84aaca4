// How good the model is: what a second one, trained without some of the photos, says of those.

import { useEffect } from 'preact/hooks';
import {
  checking,
  classes,
  heldOut,
  heldOutBlocked,
  nameOf,
  type HeldOut as StateHeldOut,
  version,
} from '../document/state.ts';
import { percent, seconds } from '../i18n/format.ts';
import { strings } from '../i18n/strings.ts';
import { BalanceAdvice } from './BalanceAdvice.tsx';
import { Confused } from './Confused.tsx';
import { ConfusionMatrix } from './ConfusionMatrix.tsx';
import { type Asked, watchHeldOut } from './held-out.ts';

/** So many classes have a table that fits into half the width. */
const NARROW = 5;

export function HeldOut() {
  useEffect(() => watchHeldOut(), []);
  const words = strings.heldOut;
  const found = heldOutBlocked.value ? null : heldOut.value;
  return (
    <>
      {found ? <Figures found={found} /> : <p>{heldOutBlocked.value || words.waiting}</p>}
      <BalanceAdvice />
    </>
  );
}

function Figures({ found }: { found: StateHeldOut }) {
  const words = strings.heldOut;
  const { confusion, asked, taught, share, seed, ms } = found;
  const right = confusion.reduce((sum, row, i) => sum + row[i], 0);
  const order = askedClasses(found.classes);
  return (
    <div class="held" aria-busy={checking.value}>
      <p class="held-lead">
        <strong>{percent(right / asked)}</strong> {words.right(right, asked)}
      </p>
      <p class="hood-small">
        {found.version === version.value || checking.value
          ? words.how(taught, percent(share), seed, seconds(ms))
          : words.old}
      </p>
      <div class={`held-parts ${order.length > NARROW ? 'is-wide' : ''}`}>
        <PerClass classes={order} confusion={confusion} />
        <ConfusionMatrix classes={order} confusion={confusion} />
      </div>
      <Confused mistakes={found.mistakes} classes={order} />
    </div>
  );
}

function askedClasses(ids: string[]): Asked[] {
  const entries = new Map(classes.value.map((entry) => [entry.id, entry]));
  return ids.map((id) => {
    const entry = entries.get(id);
    return { id, name: entry ? nameOf(entry) : strings.heldOut.gone, tone: entry ? entry.tone.value : null };
  });
}

function PerClass({ classes: order, confusion }: { classes: Asked[]; confusion: number[][] }) {
  const words = strings.heldOut;
  return (
    <div>
      <h4 id="held-per-class">{words.perClass}</h4>
      <ul class="per-class" role="list" aria-labelledby="held-per-class">
        {order.map(({ id, name, tone }, i) => {
          const asked = confusion[i].reduce((sum, count) => sum + count, 0);
          const share = asked ? confusion[i][i] / asked : 0;
          return (
            <li key={id} class={tone === null ? '' : `tone-${tone}`}>
              <span class="per-class-name">{name}</span>
              <span class="per-class-count">
                {words.of(confusion[i][i], asked)}
                {asked > 0 && <strong>{percent(share)}</strong>}
              </span>
              <span class="per-class-track" aria-hidden="true">
                <span class="per-class-fill" style={{ inlineSize: `${share * 100}%` }} />
              </span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
