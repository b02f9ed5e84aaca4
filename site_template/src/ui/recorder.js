// Hold to record: one photo at once, and while the button stays down about ten more a second.

import { forgetRemoved, say, takePhoto } from './actions.js';
import { classes, nameOf, recordBlocked, recording, removed } from './state.js';
import { strings } from './strings.js';

// Longer than a click, so that a click takes exactly one photo.
const HOLD_DELAY = 300;
const INTERVAL = 100;

/** @type {{classId: string, held: boolean}|null} */
let current = null;

/** @param {string} classId */
export function startRecording(classId) {
  stopRecording();
  if (recordBlocked.value) {
    say(recordBlocked.value);
    return;
  }
  if (removed.value) forgetRemoved();
  current = { classId, held: true };
  recording.value = classId;
  record(current);
}

export function stopRecording() {
  if (current) current.held = false;
  current = null;
  recording.value = null;
}

/** @param {{classId: string, held: boolean}} session */
async function record(session) {
  let taken = 0;
  let due = performance.now() + HOLD_DELAY;
  do {
    if (!(await takePhoto(session.classId))) break;
    taken += 1;
    await wait(due - performance.now());
    due = Math.max(due, performance.now()) + INTERVAL;
  } while (session.held);
  if (session === current) stopRecording();

  const entry = classes.value.find((candidate) => candidate.id === session.classId);
  if (entry && taken) say(strings.record.done(taken, nameOf(entry)));
}

/** @param {number} ms */
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A button never hears of its release when the window loses focus or the page is put away.
window.addEventListener('blur', stopRecording);
document.addEventListener('visibilitychange', stopRecording);
