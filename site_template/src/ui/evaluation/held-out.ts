// Figures on photos that a head has not seen: asked of a second one, which is trained without them.

import { effect } from '@preact/signals';
import { complain, session } from '../document/session.ts';
import type { Head } from '../document/state.ts';
import * as state from '../document/state.ts';
import { strings } from '../i18n/strings.ts';

/** A class as the figures name it; its name and colour are those of now. */
export interface Asked {
  id: string;
  name: string;
  /** Null where the class has been removed since. */
  tone: number | null;
}

/** What was last asked about: while both are the same there is nothing new to learn. */
const NOTHING = { head: null as Head | null, share: 0 };
let asked = NOTHING;

/**
 * Keeps the held-out figures up to date: now, and after every training and change of the share.
 * @returns ends it
 */
export function watchHeldOut(): () => void {
  return effect(() => {
    const known = asked.head === state.head.value && asked.share === state.heldOutShare.value;
    const busy = state.checking.value || state.training.value || state.startup.value.phase !== 'ready';
    if (!known && !busy && !state.heldOutBlocked.value) queueMicrotask(askHeldOut);
  });
}

/** Asks a second head, trained without them, about a share of the photos. One is asked at a time. */
async function askHeldOut() {
  const { worker } = session;
  if (!worker || state.checking.value || state.training.value || state.heldOutBlocked.value) return;
  const version = state.version.value;
  const settings = state.settings.value;
  const share = state.heldOutShare.value;
  asked = { head: state.head.value, share };
  state.checking.value = true;
  const replaced = workerReplaced();
  try {
    const found = await Promise.race([worker.evaluate(settings, share), replaced.promise]);
    if (found) state.heldOut.value = { ...found, version, share, seed: settings.seed };
    // Stopped by a training, or gone with its worker: asked again when that is over.
    else if (state.training.value || replaced.is) asked = NOTHING;
  } catch (error) {
    complain(strings.heldOut.failed, error);
  } finally {
    replaced.forget();
    state.checking.value = false;
  }
}

/** Tells when another worker takes the place of the one there is: what that one was asked stays unanswered. */
function workerReplaced() {
  const first = state.ready.peek();
  const watch = { is: false, promise: Promise.resolve(null) as Promise<null>, forget: () => {} };
  watch.promise = new Promise((resolve) => {
    watch.forget = effect(() => {
      watch.is = state.ready.value !== first;
      if (watch.is) resolve(null);
    });
  });
  return watch;
}
