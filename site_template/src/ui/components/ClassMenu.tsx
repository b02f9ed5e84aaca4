// What is done to a class now and then: colour, order, taking part, removing all its photos.

import { useLayoutEffect, useRef } from 'preact/hooks';
import { CLASS_TONES } from '../../contract.js';
import { enableClass, moveClass, recolour, removePhotos } from '../actions.js';
import { classes } from '../state.js';
import { strings } from '../strings.js';
import { BinIcon, DownIcon, MoreIcon, UpIcon } from './Icons.jsx';
import { Popover } from './Popover.jsx';

/**
 * @param {object} props
 * @param {import('../state.js').ClassEntry} props.entry
 * @param {string} props.name
 * @param {number} props.position counted from 1
 */
export function ClassMenu({ entry, name, position }) {
  const moved = useRef(/** @type {HTMLElement|null} */ (null));
  // A card that changes places takes its button along, and the focus is lost on the way.
  useLayoutEffect(() => {
    moved.current?.focus();
    moved.current = null;
  }, [position]);

  /** @param {number} by */
  const mover =
    (by) =>
    (/** @type {{currentTarget: HTMLElement}} */ { currentTarget }) => {
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

/** @param {{entry: import('../state.js').ClassEntry}} props */
function Colours({ entry }) {
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

/**
 * @param {object} props
 * @param {import('preact').ComponentChildren} props.face
 * @param {boolean} props.disabled
 * @param {(event: {currentTarget: HTMLElement}) => void} props.act
 * @param {import('preact').ComponentChildren} props.children
 */
function MenuButton({ face, disabled, act, children }) {
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
