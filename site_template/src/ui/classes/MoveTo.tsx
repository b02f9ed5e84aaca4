// A list of the other classes, to choose where photos go.

import { type ClassEntry, classes, nameOf } from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { MoveIcon } from '../shared/Icons.tsx';
import { Popover } from '../shared/Popover.tsx';

export function MoveTo({
  from,
  disabled,
  place,
  move,
}: {
  from: ClassEntry;
  disabled?: boolean;
  /** See `Popover`. */
  place?: string;
  move: (to: ClassEntry) => void;
}) {
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
