// Keys that work anywhere on the page, except where text is typed: there they are the text's own.

import { redo, undo } from './document.js';
import { stopRecording } from './recorder.js';

/** @returns {() => void} stops listening */
export function listenForKeys() {
  document.addEventListener('keydown', onKeyDown);
  return () => document.removeEventListener('keydown', onKeyDown);
}

/** @param {KeyboardEvent} event */
function onKeyDown(event) {
  const { ctrlKey, metaKey, shiftKey, altKey, defaultPrevented, target } = event;
  if (!(ctrlKey || metaKey) || altKey || defaultPrevented || isTyped(target)) return;
  const key = event.key.toLowerCase();
  const again = (key === 'z' && shiftKey) || (key === 'y' && !shiftKey);
  if (!again && key !== 'z') return;
  event.preventDefault();
  stopRecording();
  if (again) redo();
  else undo();
}

const WITHOUT_TEXT = ['button', 'checkbox', 'radio', 'range', 'file', 'submit', 'reset', 'color'];

/** @param {EventTarget|null} target */
function isTyped(target) {
  if (target instanceof HTMLInputElement) return !WITHOUT_TEXT.includes(target.type);
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLElement && target.isContentEditable);
}
