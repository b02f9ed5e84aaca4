// The show: preview and answer fill the screen, for people watching from further away. If the browser gives no full
// screen, as on some phones and inside other pages, they fill the window.

import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';
import { showing } from '../document/state.ts';

/** @param section what is shown */
export async function enterShow(section: HTMLElement) {
  showing.value = true;
  try {
    await section.requestFullscreen?.({ navigationUI: 'hide' });
  } catch {
    return; // the window will do
  }
  if (!showing.value) leaveFullscreen();
}

function leaveShow() {
  showing.value = false;
  leaveFullscreen();
}

function leaveFullscreen() {
  // It may have ended by itself meanwhile.
  if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
}

/**
 * Keeps focus and reading inside the show while it lasts, and ends it by its button, by Escape, or with full screen.
 */
export function useShow(section: RefObject<HTMLElement | null>) {
  const { value: shown } = showing;
  useLayoutEffect(() => {
    const { current: stage } = section;
    if (!shown || !stage) return undefined;
    const before = document.activeElement;
    const release = isolate(stage);
    const leaveButton = stage.querySelector('[data-leave]') as HTMLElement | null;
    leaveButton?.addEventListener('click', leaveShow);
    leaveButton?.focus();
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape') leaveShow();
    };
    const onFullscreen = () => {
      if (!document.fullscreenElement) leaveShow();
    };
    document.addEventListener('keydown', onKey);
    document.addEventListener('fullscreenchange', onFullscreen);
    const sleep = stayAwake();
    return () => {
      document.removeEventListener('keydown', onKey);
      document.removeEventListener('fullscreenchange', onFullscreen);
      sleep();
      release();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [shown]);
}

/**
 * Makes everything but an element and what it is in unreachable.
 * @returns takes it back
 */
function isolate(element: HTMLElement): () => void {
  const made: HTMLElement[] = [];
  for (let inside = element; inside !== document.body && inside.parentElement; inside = inside.parentElement) {
    for (const other of inside.parentElement.children) {
      if (other === inside || !(other instanceof HTMLElement) || other.inert) continue;
      other.inert = true;
      made.push(other);
    }
  }
  return () => made.forEach((other) => (other.inert = false));
}

/**
 * Keeps the screen from going dark, where the browser lets a page ask for that.
 * @returns lets it go dark again
 */
function stayAwake(): () => void {
  let lock: WakeLockSentinel | null = null;
  let over = false;
  const ask = async () => {
    // The browser takes it back whenever the page is hidden.
    if (document.hidden) return;
    try {
      const given = await navigator.wakeLock.request('screen');
      if (over) await given.release();
      else lock = given;
    } catch {
      // Not offered here, or refused to save power.
    }
  };
  document.addEventListener('visibilitychange', ask);
  ask();
  return () => {
    over = true;
    document.removeEventListener('visibilitychange', ask);
    lock?.release().catch(() => {});
  };
}
