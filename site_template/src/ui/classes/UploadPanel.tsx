// How far an upload is, and afterwards which files were not taken.

import { useLayoutEffect, useRef } from 'preact/hooks';
import { adding, startup } from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { AlertIcon, CrossIcon } from '../shared/Icons.tsx';
import { cancelAdding, type Leftover, leftover } from './uploads.ts';

/** Fewer photos are there before a bar could be read. */
const MANY = 8;

export function ImportPanel() {
  const { value } = adding;
  if (value && (value.total >= MANY || startup.value.phase !== 'ready')) return <Progress {...value} />;
  return leftover.value && !value ? <Leftovers {...leftover.value} /> : null;
}

function Progress({ done, total }: { done: number; total: number }) {
  const panel = useRef<HTMLDivElement | null>(null);
  useLayoutEffect(() => panel.current?.scrollIntoView({ block: 'nearest' }), []);
  const waiting = startup.value.phase !== 'ready';
  return (
    <div class="import" ref={panel}>
      <div class="import-texts">
        <p>{waiting ? strings.uploads.waiting : strings.uploads.count(done, total)}</p>
        <progress aria-label={strings.uploads.progress} max={total} value={done} />
      </div>
      <button type="button" class="button" onClick={cancelAdding}>
        {strings.uploads.cancel}
      </button>
    </div>
  );
}

function Leftovers({ unreadable, tooLarge, others, beside }: Leftover) {
  return (
    <section class="import leftovers" aria-labelledby="leftovers-title">
      <AlertIcon />
      <div class="import-texts">
        <h3 id="leftovers-title">{title(unreadable, others, beside)}</h3>
        {unreadable.length > 0 && (
          <>
            {unreadable.length > tooLarge && <p>{strings.uploads.unreadableHint}</p>}
            {tooLarge > 0 && <p>{strings.uploads.tooLarge(tooLarge)}</p>}
            <ul class="leftovers-names" role="list" tabIndex={0} aria-labelledby="leftovers-title">
              {unreadable.map((name, i) => (
                <li key={i}>{name}</li>
              ))}
            </ul>
          </>
        )}
        {unreadable.length > 0 && others.length > 0 && <p>{strings.uploads.others(others.length)}</p>}
        {unreadable.length + others.length > 0 && beside.length > 0 && <p>{strings.uploads.beside(beside.length)}</p>}
      </div>
      <button
        type="button"
        class="icon-button"
        aria-label={strings.uploads.close}
        title={strings.uploads.close}
        onClick={() => (leftover.value = null)}
      >
        <CrossIcon />
      </button>
    </section>
  );
}

function title(unreadable: string[], others: string[], beside: string[]) {
  if (unreadable.length) return strings.uploads.unreadableTitle(unreadable.length);
  return others.length ? strings.uploads.others(others.length) : strings.uploads.beside(beside.length);
}
