// What can be done with the selected photos of a class.

import type { ClassEntry } from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { BinIcon } from '../shared/Icons.tsx';
import { MoveTo } from './MoveTo.tsx';
import { movePhotos, removePhotos } from './photos.ts';
import { endSelection, select, selectedOf } from './selection.ts';

export function SelectionBar({ entry, name }: { entry: ClassEntry; name: string }) {
  const chosen = selectedOf(entry) ?? new Set();
  const none = chosen.size === 0;
  return (
    <div class="selection">
      <span class="class-count" role="none" aria-live="polite">
        {strings.photos.selected(chosen.size)}
      </span>
      <button
        type="button"
        class="text-button"
        aria-label={strings.photos.allFor(name)}
        onClick={() =>
          select(
            entry,
            entry.photos.value.map(({ id }) => id),
          )
        }
      >
        {strings.photos.all}
      </button>
      <button type="button" class="text-button" onClick={endSelection}>
        {strings.photos.done}
      </button>
      <div class="selection-acts">
        <MoveTo
          from={entry}
          disabled={none}
          move={(to) => {
            movePhotos(entry, chosen, to);
            endSelection();
          }}
        />
        <button
          type="button"
          class="button button-small"
          aria-disabled={none}
          onClick={() => {
            if (none) return;
            removePhotos(entry, chosen);
            endSelection();
          }}
        >
          <BinIcon />
          {strings.photos.removeSelected}
        </button>
      </div>
    </div>
  );
}
