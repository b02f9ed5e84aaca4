// What is seldom needed about camera and answer, folded away: which camera, mirrored or not, and when to be unsure.

import { useRef } from 'preact/hooks';
import { camera, cameraId, cameras, facing, lens, mirrored, threshold } from '../document/state.ts';
import { percent } from '../i18n/format.ts';
import { strings } from '../i18n/strings.ts';
import { ImageIcon, SlidersIcon } from '../shared/Icons.tsx';
import { chooseCamera } from './camera.ts';
import { changeMirror, changeThreshold, MAX_THRESHOLD } from './preferences.ts';

/** Kept free around the menu, in CSS pixels. */
const MARGIN = 8;
/** Room that is enough for it; it opens below its button where there is less at the side, and upwards where also below. */
const ENOUGH = { width: 344, height: 360 };

/** @param props null where there is nothing to ask yet */
export function CameraMenu({ onPhoto }: { onPhoto: (() => void) | null }) {
  const opener = useRef<HTMLButtonElement | null>(null);
  const menu = useRef<HTMLDivElement | null>(null);
  return (
    <>
      <button
        ref={opener}
        type="button"
        class="button stage-tool"
        popovertarget="camera-menu"
        aria-label={strings.camera.options}
        title={strings.camera.options}
      >
        <SlidersIcon />
      </button>
      <div
        ref={menu}
        id="camera-menu"
        class="menu"
        popover="auto"
        role="group"
        aria-label={strings.camera.options}
        onBeforeToggle={({ newState }) => {
          if (newState === 'open' && menu.current && opener.current) place(menu.current, opener.current);
        }}
      >
        {onPhoto && (
          <button
            type="button"
            class="button menu-photo"
            onClick={() => {
              menu.current?.hidePopover();
              onPhoto();
            }}
          >
            <ImageIcon />
            {strings.probe.open}
          </button>
        )}
        <CameraChoice />
        <MirrorSwitch />
        <Threshold />
      </div>
    </>
  );
}

/**
 * Puts the menu next to its button, so that preview and answer stay in sight; on phones it is a sheet at the window's
 * foot and needs no place.
 */
function place(menu: HTMLElement, opener: HTMLElement) {
  const { left, right, top, bottom } = opener.getBoundingClientRect();
  const { clientWidth: width, clientHeight: height } = document.documentElement;
  const rtl = getComputedStyle(opener).direction === 'rtl';
  const [start, end] = rtl ? [width - right, width - left] : [left, right];
  const atSide = width - end > ENOUGH.width;
  const above = !atSide && height - bottom < ENOUGH.height && top > height - bottom;
  const set = (name: string, value: number) => menu.style.setProperty(name, `${Math.max(MARGIN, Math.round(value))}px`);
  set('--menu-start', atSide ? end + 3 * MARGIN : start);
  set('--menu-edge', atSide ? Math.min(top, height - ENOUGH.height) : MARGIN + (above ? height - top : bottom));
  menu.classList.toggle('is-above', above);
}

function CameraChoice() {
  const { camera: words } = strings;
  const known = cameras.value.filter(({ id }) => id);
  if (!known.length) return <p class="menu-note">{words.chooseLater}</p>;
  const open = camera.value.status === 'on' || camera.value.status === 'asleep' ? lens.value?.id : undefined;
  const chosen = [open, cameraId.value].find((id) => known.some((one) => one.id === id)) ?? '';
  return (
    <label class="menu-item">
      <span class="menu-label">{words.choose}</span>
      <select class="menu-select" value={chosen} onChange={({ currentTarget }) => chooseCamera(currentTarget.value)}>
        {!chosen && <option value="">{words.automatic}</option>}
        {known.map(({ id, label }, i) => (
          <option key={id} value={id}>
            {label || words.unnamed(i + 1)}
          </option>
        ))}
      </select>
    </label>
  );
}

function MirrorSwitch() {
  const side = lens.value?.facing ?? facing.value;
  return (
    <div class="menu-item">
      <label class="menu-row">
        <input
          type="checkbox"
          role="switch"
          class="menu-switch"
          checked={mirrored.value}
          aria-describedby="mirror-hint"
          onChange={({ currentTarget }) => changeMirror(side, currentTarget.checked)}
        />
        {strings.camera.mirror}
      </label>
      <p class="menu-note" id="mirror-hint">
        {strings.camera.mirrorHint}
      </p>
    </div>
  );
}

function Threshold() {
  const { result } = strings;
  const words = threshold.value ? percent(threshold.value) : result.thresholdOff;
  return (
    <div class="menu-item">
      <label class="menu-row" for="threshold">
        <span class="menu-label">{result.threshold}</span>
        <output class="menu-value" for="threshold">
          {words}
        </output>
      </label>
      <input
        id="threshold"
        class="menu-range"
        type="range"
        min={0}
        max={100 * MAX_THRESHOLD}
        step={5}
        value={Math.round(100 * threshold.value)}
        aria-valuetext={words}
        aria-describedby="threshold-hint"
        onInput={({ currentTarget }) => changeThreshold(Number(currentTarget.value) / 100)}
      />
      <p class="menu-note" id="threshold-hint">
        {result.thresholdHint}
      </p>
    </div>
  );
}
