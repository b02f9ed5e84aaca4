// The photos of a class, newest first so that what was just recorded is in sight. Arrow keys go from photo to photo;
// Tab reaches one of them.

import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type ClassEntry, head, type Photo } from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { CheckIcon, CrossIcon } from '../shared/Icons.tsx';
import { isNone } from './classes.ts';
import { Picture } from './Picture.tsx';
import { removePhotos } from './photos.ts';
import { endSelection, enlarge, select, selectedOf } from './selection.ts';
import { isReversed, useWindow } from './windowing.ts';

export function PhotoList({ entry, name }: { entry: ClassEntry; name: string }) {
  const photos = entry.photos.value;
  const count = photos.length;
  const chosen = selectedOf(entry);
  const scroller = useRef<HTMLDivElement | null>(null);
  const list = useRef<HTMLUListElement | null>(null);
  const { from, to, columns, style, update, reveal } = useWindow(scroller, list, count);
  // Index of the photo that Tab reaches, and which of its buttons takes the focus at the next drawing.
  const [at, setAt] = useState(0);
  const focus = useRef<{ index: number; part: string } | null>(null);
  // Where a selection with Shift begins.
  const anchor = useRef(0);
  const photoAt = (index: number) => photos[count - 1 - index];
  const stop = at >= from && at < to ? at : from;

  // A focused photo can go away, or lie outside the window: its neighbour takes over, so that nobody loses their place.
  useLayoutEffect(() => {
    if (!focus.current) return;
    const { index, part } = focus.current;
    const next = list.current?.querySelector(`[data-index="${Math.min(index, count - 1)}"] ${part}`);
    const card = list.current?.closest('.class-card');
    const target = next ?? (count ? null : card?.querySelector('.button-record'));
    if (!(target instanceof HTMLElement)) return;
    focus.current = null;
    target.focus({ preventScroll: true });
  });

  const go = (index: number, part: string) => {
    const there = Math.max(0, Math.min(index, count - 1));
    focus.current = { index: there, part };
    setAt(there);
    reveal(there);
  };

  const remove = (index: number, part: string) => {
    focus.current = { index, part };
    setAt(Math.max(0, Math.min(index, count - 2)));
    removePhotos(entry, new Set([photoAt(index).id]));
  };

  const toggle = (index: number, { shiftKey }: { shiftKey: boolean }) => {
    const ids = new Set(chosen ?? []);
    if (shiftKey) {
      const [first, last] = [Math.min(anchor.current, index), Math.max(anchor.current, index)];
      for (let i = first; i <= last; i++) ids.add(photoAt(i).id);
    } else {
      const { id } = photoAt(index);
      if (!ids.delete(id)) ids.add(id);
      anchor.current = index;
    }
    select(entry, ids);
  };

  const press = (event: MouseEvent & { currentTarget: HTMLElement }, index: number) => {
    setAt(index);
    if (chosen || event.ctrlKey || event.metaKey || event.shiftKey) {
      if (!chosen) focus.current = { index, part: '.photo-open' };
      toggle(index, event);
    } else {
      anchor.current = index;
      enlarge(entry, photoAt(index).id);
    }
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const { target, key, ctrlKey, metaKey, altKey } = event;
    const index = target instanceof Element ? Number(target.closest('li')?.dataset.index ?? -1) : -1;
    if (index < 0 || !(target instanceof Element) || altKey) return;
    const part = target.matches('.photo-remove') ? '.photo-remove' : '.photo-open';
    if ((ctrlKey || metaKey) && key === 'a') {
      select(
        entry,
        photos.map(({ id }) => id),
      );
    } else if (ctrlKey || metaKey) {
      return;
    } else if (key === 'Escape' && chosen) {
      focus.current = { index, part: '.photo-open' };
      endSelection();
    } else if (key === 'Delete') {
      if (chosen?.size) {
        focus.current = { index, part };
        removePhotos(entry, chosen);
        endSelection();
      } else {
        remove(index, part);
      }
    } else {
      const next = step(key, index, count, columns, !!list.current && isReversed(list.current));
      if (next === null) return;
      if (event.shiftKey && chosen) toggle(Math.max(0, Math.min(next, count - 1)), event);
      go(next, part);
    }
    event.preventDefault();
  };

  return (
    <div class={`photo-area ${count ? '' : 'is-empty'}`}>
      {count === 0 && <p class="photo-hint">{hint(entry)}</p>}
      <div class={`photo-scroller ${chosen ? 'is-selecting' : ''}`} ref={scroller} onScroll={update}>
        <ul
          class="photos"
          role="list"
          aria-label={strings.photos.list(name)}
          ref={list}
          style={style}
          onKeyDown={onKeyDown}
        >
          {photos
            .slice(count - to, count - from)
            .reverse()
            .map((photo, i) => (
              <PhotoItem
                key={photo.id}
                photo={photo}
                index={from + i}
                count={count}
                name={name}
                reachable={from + i === stop}
                chosen={chosen ? chosen.has(photo.id) : null}
                onPress={press}
                onRemove={(index) => remove(index, '.photo-remove')}
              />
            ))}
        </ul>
      </div>
    </div>
  );
}

function PhotoItem({
  photo,
  index,
  count,
  name,
  reachable,
  chosen,
  onPress,
  onRemove,
}: {
  photo: Photo;
  /** In the list. */
  index: number;
  /** Of the whole list. */
  count: number;
  /** Of the class. */
  name: string;
  /** Whether Tab goes here. */
  reachable: boolean;
  /** Null where photos are not being selected. */
  chosen: boolean | null;
  onPress: (event: MouseEvent & { currentTarget: HTMLElement }, index: number) => void;
  onRemove: (index: number) => void;
}) {
  const number = count - index;
  const tabIndex = reachable ? 0 : -1;
  const selecting = chosen !== null;
  return (
    <li class={`photo ${chosen ? 'is-chosen' : ''}`} data-index={index} aria-setsize={count} aria-posinset={index + 1}>
      <button
        type="button"
        class="photo-open"
        role={selecting ? 'checkbox' : undefined}
        aria-checked={selecting ? chosen : undefined}
        aria-label={selecting ? strings.photos.one(number, name) : strings.photos.enlarge(number, name)}
        tabIndex={tabIndex}
        onClick={(event) => onPress(event, index)}
      >
        <Picture photo={photo} size={64} />
        {selecting && (
          <span class="photo-check">
            <CheckIcon />
          </span>
        )}
      </button>
      {!selecting && (
        <button
          type="button"
          class="photo-remove"
          aria-label={strings.photos.remove(number, name)}
          tabIndex={tabIndex}
          onClick={() => onRemove(index)}
        >
          <CrossIcon />
        </button>
      )}
    </li>
  );
}

function hint(entry: ClassEntry) {
  if (isNone(entry)) return strings.classes.noneHint;
  return head.value ? strings.photos.leftOut : strings.photos.hint;
}

/**
 * Where a key leads to.
 * @param reversed whether the list begins at the right
 * @returns null where it leads nowhere
 */
function step(key: string, index: number, count: number, columns: number, reversed: boolean): number | null {
  switch (key) {
    case 'ArrowRight':
      return index + (reversed ? -1 : 1);
    case 'ArrowLeft':
      return index + (reversed ? 1 : -1);
    case 'ArrowDown':
      return index + columns;
    case 'ArrowUp':
      return index - columns;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}
