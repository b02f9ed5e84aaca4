// Hold to record: one photo at once, and while the button stays down about ten more a second.

import { forgetRemoved, say, takePhoto } from './actions.js';
import { classes, nameOf, recordBlocked, recording, removed, training } from './state.js';
import { strings } from './strings.js';

// Longer than a click, so that a click takes exactly one photo.
const HOLD_DELAY = 300;
const INTERVAL = 100;

/**
 * A button that is held down.
 * @typedef {object} Session
 * @property {string} classId
 * @property {boolean} held
 * @property {() => void} wake ends the wait for the next photo
 */

/** @type {Session|null} */
let current = null;

/** @param {string} classId */
export function startRecording(classId) {
  stopRecording();
  if (recordBlocked.value) {
    say(recordBlocked.value);
    return;
  }
  if (removed.value) forgetRemoved();
  current = { classId, held: true, wake: () => {} };
  recording.value = classId;
  record(current);
}

export function stopRecording() {
  if (current) {
    current.held = false;
    current.wake();
  }
  current = null;
  recording.value = null;
}

/** @param {Session} session */
async function record(session) {
  let taken = 0;
  let due = performance.now() + HOLD_DELAY;
  do {
    if (!(await takePhoto(session.classId))) break;
    taken += 1;
    if (session.held) await wait(session, due - performance.now());
    due = Math.max(due, performance.now()) + INTERVAL;
  } while (session.held);
  if (session === current) stopRecording();

  const entry = classes.value.find((candidate) => candidate.id === session.classId);
  if (entry && taken && !training.value) say(strings.record.done(taken, nameOf(entry)));
}

/**
 * @param {Session} session
 * @param {number} ms
 * @returns {Promise<void>} after so long, or at the release
 */
const wait = (session, ms) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    session.wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });

// A button never hears of its release when the window loses focus or the page is put away.
window.addEventListener('blur', stopRecording);
document.addEventListener('visibilitychange', stopRecording);
