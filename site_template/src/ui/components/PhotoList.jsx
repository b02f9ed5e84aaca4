// The photos of a class, newest first so that what was just recorded is in sight.

import { useLayoutEffect, useRef } from 'preact/hooks';
import { removePhoto } from '../actions.js';
import { head } from '../state.js';
import { strings } from '../strings.js';
import { CrossIcon } from './Icons.jsx';

/** @param {{entry: import('../state.js').ClassEntry, name: string}} props */
export function PhotoList({ entry, name }) {
  const list = useRef(/** @type {HTMLUListElement|null} */ (null));
  const focusAt = useRef(/** @type {number|null} */ (null));
  const newestFirst = entry.photos.value.map((photo, i) => ({ ...photo, number: i + 1 })).reverse();

  // The focused button goes away with its photo: its neighbour takes over, so that a keyboard user keeps their place.
  useLayoutEffect(() => {
    if (focusAt.current === null) return;
    const buttons = list.current?.querySelectorAll('button');
    const card = list.current?.closest('.class-card');
    const next = buttons?.[Math.min(focusAt.current, buttons.length - 1)] ?? card?.querySelector('.button-record');
    focusAt.current = null;
    if (next instanceof HTMLElement) next.focus();
  });

  return (
    <div class="photo-area">
      {newestFirst.length === 0 && (
        <p class="photo-hint">{head.value ? strings.photos.leftOut : strings.photos.hint}</p>
      )}
      <ul class="photos" role="list" aria-label={strings.photos.list(name)} ref={list}>
        {newestFirst.map((photo, i) => (
          <li key={photo.id} class="photo">
            <button
              type="button"
              class="photo-remove"
              aria-label={strings.photos.remove(photo.number, name)}
              onClick={() => {
                focusAt.current = i;
                removePhoto(entry, photo.id);
              }}
            >
              <img src={photo.url} alt="" width="64" height="64" decoding="async" draggable={false} />
              <CrossIcon />
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
