// The photos that the second head got wrong, the surest mistakes first. Many are photos in the wrong class.

import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Mistake } from '../../protocol.ts';
import { Picture } from '../classes/Picture.tsx';
import { movePhotos, removePhotos } from '../classes/photos.ts';
import { type ClassEntry, classes, type Photo } from '../document/state.ts';
import { percent } from '../i18n/format.ts';
import { strings } from '../i18n/strings.ts';
import { Dialog } from '../shared/Dialog.tsx';
import { BinIcon, CrossIcon } from '../shared/Icons.tsx';
import type { Asked } from './held-out.ts';

/** How many are shown at once, and more with every press of the button. */
const PAGE = 12;

interface Shown {
  photo: Photo;
  /** The class it is in. */
  entry: ClassEntry;
  shows: string;
  predicted: string;
  /** The class that was predicted, unless it has been removed. */
  other: ClassEntry | undefined;
  sure: string;
}

export function Confused({ mistakes, classes: order }: { mistakes: Mistake[]; classes: Asked[] }) {
  const words = strings.heldOut;
  const count = useSignal(PAGE);
  const enlarged = useSignal<number | null>(null);
  const list = useRef<HTMLUListElement | null>(null);
  const title = useRef<HTMLHeadingElement | null>(null);
  /** Set where the dialog, which has the focus, takes the photo away. */
  const focusAt = useRef<number | null>(null);

  const names = new Map(order.map(({ id, name }) => [id, name]));
  const entries = new Map(classes.value.map((entry) => [entry.id, entry]));
  const shown: Shown[] = [];
  let left = 0;
  for (const { id, classId, predicted, probability } of mistakes) {
    const entry = entries.get(classId);
    const photo = entry && photoOf(entry.photos.value, id);
    if (!photo) continue; // removed or moved since
    if (shown.length >= count.value) {
      left++;
      continue;
    }
    const named = { shows: names.get(classId) ?? words.gone, predicted: names.get(predicted) ?? words.gone };
    shown.push({ photo, entry, ...named, other: entries.get(predicted), sure: percent(probability) });
  }

  // The focused button goes away with its photo, when that is removed or no longer confused: its neighbour takes over,
  // so that a keyboard user keeps their place.
  const held = placeOfFocus(list.current);
  useLayoutEffect(() => {
    const at = focusAt.current ?? held;
    focusAt.current = null;
    if (at === null || list.current?.contains(document.activeElement)) return;
    const buttons = list.current?.querySelectorAll('.confused-remove');
    const next = buttons?.[Math.min(at, buttons.length - 1)] ?? title.current;
    if (next instanceof HTMLElement) next.focus();
  });

  const place = shown.findIndex(({ photo }) => photo.id === enlarged.value);
  return (
    <div>
      <h4 id="held-mistakes" tabIndex={-1} ref={title}>
        {words.mistakes}
      </h4>
      {shown.length === 0 && <p>{words.noMistakes}</p>}
      <ul class="confused" role="list" aria-labelledby="held-mistakes" ref={list}>
        {shown.map((each) => {
          const mistake = words.mistake(each.shows, each.predicted, each.sure);
          return (
            <li key={each.photo.id}>
              <button
                type="button"
                class="confused-picture"
                aria-label={words.enlarge(mistake)}
                onClick={() => (enlarged.value = each.photo.id)}
              >
                <Picture photo={each.photo} size={72} />
              </button>
              <div class="confused-texts">
                <p class={`confused-shows tone-${each.entry.tone.value}`}>{each.shows}</p>
                <p>{words.called(each.predicted, each.sure)}</p>
              </div>
              <button
                type="button"
                class="icon-button confused-remove"
                aria-label={words.remove(mistake)}
                title={words.removeThis}
                onClick={() => removePhotos(each.entry, new Set([each.photo.id]))}
              >
                <BinIcon />
              </button>
            </li>
          );
        })}
      </ul>
      {left > 0 && (
        <button type="button" class="button" onClick={() => (count.value += PAGE)}>
          {words.more(Math.min(PAGE, left))}
        </button>
      )}
      {place >= 0 && (
        <Enlarged
          shown={shown[place]}
          onLeave={() => (focusAt.current = place)}
          onClose={() => (enlarged.value = null)}
        />
      )}
    </div>
  );
}

/**
 * @param list as it is before it is drawn anew
 * @returns which of its entries holds the focus
 */
function placeOfFocus(list: HTMLUListElement | null): number | null {
  const at = [...(list?.children ?? [])].findIndex((entry) => entry.contains(document.activeElement));
  return at < 0 ? null : at;
}

/** @param photos their ids rising */
function photoOf(photos: Photo[], id: number) {
  let low = 0;
  let high = photos.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (photos[middle].id < id) low = middle + 1;
    else high = middle;
  }
  return photos[low]?.id === id ? photos[low] : undefined;
}

function Enlarged({
  shown: { photo, entry, shows, predicted, other, sure },
  onLeave,
  onClose,
}: {
  shown: Shown;
  /** Before the photo leaves the list. */
  onLeave: () => void;
  onClose: () => void;
}) {
  const words = strings.heldOut;
  const ids = new Set([photo.id]);
  return (
    <Dialog class="photo-dialog enlarged" labelledBy="enlarged-title" onClose={onClose}>
      {(close) => {
        const leave = (act: () => void) => () => {
          close();
          onLeave();
          act();
        };
        return (
          <>
            <div class="photo-dialog-head">
              <h2 id="enlarged-title">{words.mistake(shows, predicted, sure)}</h2>
              <button type="button" class="icon-button" aria-label={words.close} title={words.close} onClick={close}>
                <CrossIcon />
              </button>
            </div>
            <Picture photo={photo} size={448} />
            <div class="dialog-buttons">
              {other && (
                <button type="button" class="button button-small" onClick={leave(() => movePhotos(entry, ids, other))}>
                  {words.move(predicted)}
                </button>
              )}
              <button type="button" class="button button-small" onClick={leave(() => removePhotos(entry, ids))}>
                <BinIcon />
                {words.removeThis}
              </button>
            </div>
          </>
        );
      }}
    </Dialog>
  );
}
