// The settings of training. What is typed holds after a short pause, and at once with Enter or on leaving the box;
// what does not fit is marked, and nothing changes.

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { session } from '../document/session.ts';
import { heldOutShare, settings } from '../document/state.ts';
import { asTyped } from '../i18n/format.ts';
import { strings } from '../i18n/strings.ts';
import { BOUNDS, readSetting, type SettingName } from './bounds.ts';
import { changeSettings, changeShare, DEFAULT_SHARE, resetSettings } from './training.ts';

/** How long the typing has to rest. */
const PAUSE_MS = 600;

export function TrainSettings() {
  const { settings: words } = strings;
  const shown = { ...settings.value, share: Math.round(heldOutShare.value * 100) };
  const site = { ...session.site.head, share: Math.round(DEFAULT_SHARE * 100) };
  const names = Object.keys(words.fields) as SettingName[];
  const untouched = names.every((name) => shown[name] === site[name]);
  return (
    <section class="settings" aria-labelledby="settings-title">
      <h3 id="settings-title">{words.title}</h3>
      <div class="settings-fields">
        {names.map((name) => (
          <Setting key={name} name={name} value={shown[name]} />
        ))}
      </div>
      <button
        type="button"
        class="button"
        aria-disabled={untouched}
        onClick={() => {
          if (!untouched) resetSettings();
        }}
      >
        {words.back}
      </button>
    </section>
  );
}

function apply(name: SettingName, value: number, finished: boolean) {
  if (name !== 'share') changeSettings({ [name]: value }, finished);
  else changeShare(value / 100);
}

function Setting({ name, value }: { name: SettingName; value: number }) {
  const { label, hint } = strings.settings.fields[name];
  const { min, max, whole, above } = BOUNDS[name];
  /** What is in the box while it is not simply the value. */
  const typed = useSignal<string | null>(null);
  const wrong = useSignal(false);
  const pause = useRef(0);

  // A value that came from elsewhere, as through Undo, takes the place of what was typed.
  useEffect(() => {
    if (typed.value !== null && readSetting(name, typed.value) !== value) forget();
  }, [value]);
  useEffect(() => () => clearTimeout(pause.current), []);

  const forget = () => {
    clearTimeout(pause.current);
    typed.value = null;
    wrong.value = false;
  };

  const readTyped = (finished: boolean) => {
    clearTimeout(pause.current);
    if (typed.value === null) return;
    const read = readSetting(name, typed.value);
    wrong.value = read === null;
    if (read === null) return;
    apply(name, read, finished);
    if (finished) typed.value = null;
  };

  const id = `setting-${name}`;
  const bounds = above ? strings.settings.above(min, max) : strings.settings.whole(min, max);
  return (
    <div class={`setting ${wrong.value ? 'is-wrong' : ''}`}>
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        inputMode={whole ? 'numeric' : 'decimal'}
        autocomplete="off"
        enterkeyhint="done"
        value={typed.value ?? asTyped(value)}
        aria-describedby={`${id}-hint ${id}-bounds`}
        aria-invalid={wrong.value}
        onInput={({ currentTarget }) => {
          typed.value = currentTarget.value;
          wrong.value = false;
          clearTimeout(pause.current);
          pause.current = setTimeout(() => readTyped(false), PAUSE_MS);
        }}
        onChange={() => readTyped(true)}
        onBlur={() => readTyped(true)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.isComposing) readTyped(true);
          if (event.key === 'Escape') forget();
        }}
      />
      <p class="setting-hint" id={`${id}-hint`}>
        {hint}
      </p>
      {/* An alert when it turns into one: what was typed does not hold. */}
      <p class="setting-bounds" id={`${id}-bounds`} role={wrong.value ? 'alert' : undefined} key={String(wrong.value)}>
        {wrong.value ? strings.settings.wrong(bounds) : bounds}
      </p>
    </div>
  );
}
