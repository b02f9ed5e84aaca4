// Recording: while a button is held, about ten photos a second after the first; or hands-free, after a countdown and
// for as long as was wished.

import { remember } from '../document/document.ts';
import { say } from '../document/session.ts';
import { classes, countdown, handsFree, nameOf, recordBlocked, recording, training } from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { handsFreeSettings } from './hands-free.ts';
import { capturePhoto } from './photos.ts';

// Longer than a click, so that a click takes exactly one photo.
const HOLD_DELAY = 300;
const INTERVAL = 100;

/** A recording that goes on. */
interface Session {
  classId: string;
  going: boolean;
  /** Ends the wait for the next photo. */
  wake: () => void;
}

let current: Session | null = null;

/** Begins to record for as long as a button is held. */
export function startRecording(classId: string) {
  const session = begin(classId);
  if (!session) return;
  recording.value = classId;
  capturePhotos(session, { delay: HOLD_DELAY, interval: INTERVAL, until: Infinity });
}

/** Counts down, then records by itself, as `handsFreeSettings` say. */
export async function startHandsFree(classId: string) {
  const session = begin(classId);
  if (!session) return;
  const { countdown: seconds, rate, duration } = handsFreeSettings.value;
  handsFree.value = classId;
  if (seconds) say(strings.record.startsIn(seconds));
  for (let left = seconds; left > 0 && session.going; left--) {
    countdown.value = left;
    await wait(session, 1000);
  }
  if (!session.going) return;
  countdown.value = null;
  if (recordBlocked.value) {
    stopRecording();
    say(recordBlocked.value);
    return;
  }
  recording.value = classId;
  const interval = 1000 / rate;
  const most = rate * duration; // a timer that fires late would let one more in
  capturePhotos(session, { delay: interval, interval, until: performance.now() + duration * 1000, most });
}

/** Ends whatever records or counts down. */
export function stopRecording() {
  if (current) {
    current.going = false;
    current.wake();
  }
  current = null;
  recording.value = null;
  handsFree.value = null;
  countdown.value = null;
}

/** What was recorded hands-free until now is kept. */
export function stopHandsFree() {
  if (!handsFree.peek()) return;
  const counting = recording.peek() === null;
  stopRecording();
  if (counting) say(strings.record.notStarted);
}

/** @returns null where nothing can be recorded now, which is said */
function begin(classId: string): Session | null {
  stopRecording();
  if (recordBlocked.value) {
    say(recordBlocked.value);
    return null;
  }
  current = { classId, going: true, wake: () => {} };
  return current;
}

/** @param pace milliseconds */
async function capturePhotos(
  session: Session,
  {
    delay,
    interval,
    until,
    most = Infinity,
  }: {
    /** Between the first photo and the second. */
    delay: number;
    /** Between further ones; longer where a photo takes longer. */
    interval: number;
    /** Which time, on the clock of `performance.now`. */
    until: number;
    /** Photos. */
    most?: number;
  },
) {
  let captured = 0;
  let due = performance.now() + delay;
  do {
    if (!(await capturePhoto(session.classId))) break;
    captured += 1;
    if (session.going) await wait(session, Math.min(due, until) - performance.now());
    due = Math.max(due, performance.now()) + interval;
    // A timer may be early by a hair: that must not make room for one photo more.
  } while (session.going && captured < most && performance.now() < until - interval / 2);
  if (session === current) stopRecording();

  const entry = classes.value.find((candidate) => candidate.id === session.classId);
  if (!entry || !captured) return;
  remember(strings.history.record(captured, nameOf(entry)));
  if (!training.value || training.value.live) say(strings.record.done(captured, nameOf(entry)));
}

/** @returns after so long, or when the session ends */
const wait = (session: Session, ms: number): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    session.wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });

// A button never hears of its release when the window loses focus.
window.addEventListener('blur', () => {
  if (!handsFree.peek()) stopRecording();
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) stopRecording();
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') stopHandsFree();
});
