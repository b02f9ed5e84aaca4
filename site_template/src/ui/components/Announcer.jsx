// Says the winning class to those who do not see it, when it changes and not more often than speech can follow.

import { useSignal, useSignalEffect } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { percent } from '../format.js';
import { nameOf, winner, winnerId } from '../state.js';
import { strings } from '../strings.js';

const PAUSE = 2000;

export function Announcer() {
  const text = useSignal('');
  const spokenAt = useRef(-PAUSE);

  useSignalEffect(() => {
    if (winnerId.value === null) return undefined;
    const speak = () => {
      const now = winner.peek();
      if (!now) return;
      spokenAt.current = performance.now();
      text.value = strings.result.announce(nameOf(now.entry), percent(now.probability));
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
