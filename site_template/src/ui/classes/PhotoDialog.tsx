// One photo, large: exactly what the model learns from, with the ways to remove or move it.

import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { session } from '../document/session.ts';
import { type ClassEntry, classes, nameOf } from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { Dialog } from '../shared/Dialog.tsx';
import { BinIcon, CrossIcon, NextIcon, PreviousIcon } from '../shared/Icons.tsx';
import { MoveTo } from './MoveTo.tsx';
import { Picture } from './Picture.tsx';
import { movePhotos, removePhotos } from './photos.ts';
import { enlarge, enlarged } from './selection.ts';

export function PhotoDialog() {
  const wanted = enlarged.value;
  const entry = classes.value.find(({ id }) => id === wanted?.classId);
  const place = entry?.photos.value.findIndex(({ id }) => id === wanted?.id) ?? -1;
  const gone = wanted !== null && place < 0;
  useEffect(() => {
    if (gone) enlarged.value = null;
  }, [gone]);
  return entry && place >= 0 ? <Shown entry={entry} place={place} /> : null;
}

function Shown({
  entry,
  place,
}: {
  entry: ClassEntry;
  /** Of the photo among those of its class, counted from 0 in the order of adding. */
  place: number;
}) {
  const photos = entry.photos.value;
  const photo = photos[place];
  const name = nameOf(entry);
  const learned = session.site.preprocess.fit === 'stretch' ? strings.photos.learnedStretch : strings.photos.learned;

  const show = (to: number) => {
    if (photos[to]) enlarge(entry, photos[to].id);
  };
  /** Takes the photo out of its class; the next one follows, and after the last the dialog closes. */
  const leave = (act: () => void) => {
    const next = photos[place - 1] ?? photos[place + 1];
    act();
    if (next) enlarge(entry, next.id);
    else {
      enlarged.value = null;
      // The photo that the dialog would give the focus back to is gone.
      const record = document.querySelector(`[data-class="${entry.id}"] .button-record`);
      setTimeout(() => record instanceof HTMLElement && record.focus());
    }
  };

  return (
    <Dialog
      class={`photo-dialog tone-${entry.tone.value}`}
      labelledBy="photo-title"
      describedBy="photo-text"
      onClose={() => (enlarged.value = null)}
      onKeyDown={(event) => {
        const reversed = document.documentElement.dir === 'rtl';
        if (event.key === 'ArrowLeft') show(place + (reversed ? -1 : 1));
        if (event.key === 'ArrowRight') show(place + (reversed ? 1 : -1));
      }}
    >
      {(close) => (
        <>
          <div class="photo-dialog-head">
            <h2 id="photo-title" aria-live="polite">
              {strings.photos.one(place + 1, name)}
            </h2>
            <button
              type="button"
              class="icon-button"
              aria-label={strings.photos.close}
              title={strings.photos.close}
              onClick={close}
            >
              <CrossIcon />
            </button>
          </div>
          <div class="photo-dialog-picture">
            <TurnButton label={strings.photos.newer} disabled={place === photos.length - 1} act={() => show(place + 1)}>
              <PreviousIcon />
            </TurnButton>
            <Picture photo={photo} size={448} alt={strings.photos.one(place + 1, name)} />
            <TurnButton label={strings.photos.older} disabled={place === 0} act={() => show(place - 1)}>
              <NextIcon />
            </TurnButton>
            <p id="photo-text" class="dialog-text">
              {learned}
            </p>
          </div>
          <div class="dialog-buttons">
            <MoveTo
              from={entry}
              place="opens-up"
              move={(to) => leave(() => movePhotos(entry, new Set([photo.id]), to))}
            />
            <button
              type="button"
              class="button button-small"
              onClick={() => leave(() => removePhotos(entry, new Set([photo.id])))}
            >
              <BinIcon />
              {strings.photos.removeThis}
            </button>
          </div>
        </>
      )}
    </Dialog>
  );
}

function TurnButton({
  label,
  disabled,
  act,
  children,
}: {
  label: string;
  disabled: boolean;
  act: () => void;
  children: ComponentChildren;
}) {
  return (
    <button
      type="button"
      class="icon-button photo-turn"
      aria-label={label}
      title={label}
      aria-disabled={disabled}
      onClick={act}
    >
      {children}
    </button>
  );
}
