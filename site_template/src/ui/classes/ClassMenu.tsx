// What is done to a class now and then: colour, order, taking part, removing all its photos.

import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { CLASS_TONES } from '../../contract.ts';
import { type ClassEntry, classes } from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { BinIcon, DownIcon, MoreIcon, UpIcon } from '../shared/Icons.tsx';
import { Popover } from '../shared/Popover.tsx';
import { enableClass, moveClass, recolour } from './classes.ts';
import { removePhotos } from './photos.ts';

export function ClassMenu({
  entry,
  name,
  position,
}: {
  entry: ClassEntry;
  name: string;
  /** Counted from 1. */
  position: number;
}) {
  const moved = useRef<HTMLElement | null>(null);
  // A card that changes places takes its button along, and the focus is lost on the way.
  useLayoutEffect(() => {
    moved.current?.focus();
    moved.current = null;
  }, [position]);

  const mover =
    (by: number) =>
    ({ currentTarget }: { currentTarget: HTMLElement }) => {
      moved.current = currentTarget;
      moveClass(entry, by);
    };

  return (
    <Popover label={strings.classes.more(name)} place="class-menu" face={<MoreIcon />}>
      {(close) => (
        <>
          <Colours entry={entry} />
          <div class="pop-pair">
            <MenuButton face={<UpIcon />} disabled={position === 1} act={mover(-1)}>
              {strings.classes.moveUp}
            </MenuButton>
            <MenuButton face={<DownIcon />} disabled={position === classes.value.length} act={mover(1)}>
              {strings.classes.moveDown}
            </MenuButton>
          </div>
          <label class="switch pop-switch">
            {strings.classes.takePart}
            <input
              type="checkbox"
              role="switch"
              checked={entry.enabled.value}
              onChange={({ currentTarget }) => enableClass(entry, currentTarget.checked)}
            />
          </label>
          <MenuButton
            face={<BinIcon />}
            disabled={entry.photos.value.length === 0}
            act={() => {
              close();
              removePhotos(entry, new Set(entry.photos.value.map(({ id }) => id)));
            }}
          >
            {strings.classes.removePhotos}
          </MenuButton>
        </>
      )}
    </Popover>
  );
}

function Colours({ entry }: { entry: ClassEntry }) {
  return (
    <fieldset class="pop-colours" role="radiogroup">
      <legend>{strings.classes.colour}</legend>
      {Array.from({ length: CLASS_TONES }, (_, tone) => (
        <label key={tone} class={`pop-colour tone-${tone}`} title={strings.classes.colours[tone]}>
          <input
            type="radio"
            name={`tone-${entry.id}`}
            aria-label={strings.classes.colours[tone]}
            checked={entry.tone.value === tone}
            onChange={() => recolour(entry, tone)}
          />
        </label>
      ))}
    </fieldset>
  );
}

function MenuButton({
  face,
  disabled,
  act,
  children,
}: {
  face: ComponentChildren;
  disabled: boolean;
  act: (event: { currentTarget: HTMLElement }) => void;
  children: ComponentChildren;
}) {
  return (
    <button
      type="button"
      class="pop-button"
      aria-disabled={disabled}
      onClick={(event) => {
        if (!disabled) act(event);
      }}
    >
      {face}
      {children}
    </button>
  );
}
