// Keys that work anywhere on the page, except where text is typed: there they are the text's own.

import { stopRecording } from '../classes/recorder.ts';
import { redo, undo } from '../document/document.ts';

/** @returns stops listening */
export function listenForKeys(): () => void {
  document.addEventListener('keydown', onKeyDown);
  return () => document.removeEventListener('keydown', onKeyDown);
}

function onKeyDown(event: KeyboardEvent) {
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

function isTyped(target: EventTarget | null) {
  if (target instanceof HTMLInputElement) return !WITHOUT_TEXT.includes(target.type);
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLElement && target.isContentEditable);
}
