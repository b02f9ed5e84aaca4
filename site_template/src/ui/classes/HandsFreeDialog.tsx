// Asks how a hands-free recording is to go, and begins it.

import { useState } from 'preact/hooks';
import { classes, nameOf } from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { Dialog } from '../shared/Dialog.tsx';
import { TimerIcon } from '../shared/Icons.tsx';
import { changeHandsFree, HANDS_FREE, handsFreeSettings } from './hands-free.ts';
import { startHandsFree } from './recorder.ts';
import { askingHandsFree } from './selection.ts';

type Name = keyof typeof HANDS_FREE;

const NAMES = Object.keys(HANDS_FREE) as Name[];

export function HandsFreeDialog() {
  const entry = classes.value.find(({ id }) => id === askingHandsFree.value);
  if (!entry) return null;
  const { rate, duration } = handsFreeSettings.value;
  return (
    <Dialog
      key={entry.id}
      class={`hands-free tone-${entry.tone.value}`}
      labelledBy="hands-free-title"
      describedBy="hands-free-text"
      onClose={() => (askingHandsFree.value = null)}
    >
      {(close) => (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            close();
            startHandsFree(entry.id);
          }}
        >
          <h2 id="hands-free-title">{strings.record.handsFreeTitle(nameOf(entry))}</h2>
          <p id="hands-free-text" class="dialog-text">
            {strings.record.handsFreeText}
          </p>
          <div class="hands-free-settings">
            {NAMES.map((name) => (
              <Setting key={name} name={name} />
            ))}
          </div>
          <p class="hands-free-about">{strings.record.about(rate * duration)}</p>
          <div class="dialog-buttons">
            <button type="button" class="button" onClick={close}>
              {strings.record.cancel}
            </button>
            <button type="submit" class="button button-primary" autofocus>
              <TimerIcon />
              {strings.record.start}
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
}

function Setting({ name }: { name: Name }) {
  const { least, most } = HANDS_FREE[name];
  // What is being typed may be no number yet, so the box is left to itself.
  const [first] = useState(handsFreeSettings.value[name]);
  return (
    <label class="setting">
      <span>{strings.record[name]}</span>
      <input
        type="number"
        inputMode="numeric"
        required
        min={least}
        max={most}
        step={1}
        defaultValue={first}
        onInput={({ currentTarget }) => changeHandsFree({ [name]: currentTarget.valueAsNumber })}
      />
    </label>
  );
}
