// Says the winning class, or that there is none, to those who do not see it, when it changes and not more often than speech can follow.

import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { nameOf, winner } from '../document/state.ts';
import { percent } from '../i18n/format.ts';
import { strings } from '../i18n/strings.ts';

const PAUSE = 2000;
/** In the place of a class's id. */
const UNSURE = '';

export function Announcer() {
  const text = useSignal('');
  const spokenAt = useRef(-PAUSE);
  // Of an unsure answer the best guess may change at every frame: that is not said.
  const answer = useComputed(() => winner.value && (winner.value.sure ? winner.value.entry.id : UNSURE));

  useSignalEffect(() => {
    if (answer.value === null) return undefined;
    const speak = () => {
      const now = winner.peek();
      if (!now) return;
      spokenAt.current = performance.now();
      text.value = now.sure
        ? strings.result.announce(nameOf(now.entry), percent(now.probability))
        : strings.result.unsure;
    };
    // A change back within the pause cancels this one: only the class that stays is said.
    const timer = setTimeout(speak, Math.max(0, spokenAt.current + PAUSE - performance.now()));
    return () => clearTimeout(timer);
  });

  return (
    <p class="visually-hidden" aria-live="polite">
      {text}
    </p>
  );
}
