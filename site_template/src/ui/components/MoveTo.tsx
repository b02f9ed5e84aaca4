// A list of the other classes, to choose where photos go.

import { classes, nameOf } from '../state.js';
import { strings } from '../strings.js';
import { MoveIcon } from './Icons.jsx';
import { Popover } from './Popover.jsx';

/**
 * @param {object} props
 * @param {import('../state.js').ClassEntry} props.from
 * @param {boolean} [props.disabled]
 * @param {string} [props.place] see `Popover`
 * @param {(to: import('../state.js').ClassEntry) => void} props.move
 */
export function MoveTo({ from, disabled, place, move }) {
  const face = (
    <>
      <MoveIcon />
      {strings.photos.moveTo}
    </>
  );
  return (
    <Popover
      label={strings.photos.moveTo}
      class="button button-small"
      place={`move-to ${place ?? ''}`}
      disabled={disabled}
      face={face}
    >
      {(close) =>
        classes.value
          .filter((entry) => entry !== from)
          .map((entry) => (
            <button
              key={entry.id}
              type="button"
              class={`pop-button tone-${entry.tone.value}`}
              aria-label={strings.photos.moveToClass(nameOf(entry))}
              onClick={() => {
                close();
                move(entry);
              }}
            >
              <span class="pop-dot" />
              <span class="pop-name">{nameOf(entry)}</span>
            </button>
          ))
      }
    </Popover>
  );
}
