// A button that shows and hides a small panel beside it. Escape, and a press or a focus elsewhere, close it.

import { useSignal } from '@preact/signals';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';

/**
 * @param {object} props
 * @param {string} props.label of the button, and of the panel
 * @param {string} [props.class] of the button
 * @param {string} [props.place] further classes of the whole, which say where the panel opens
 * @param {boolean} [props.disabled]
 * @param {import('preact').ComponentChildren} props.face what the button shows
 * @param {(close: () => void) => import('preact').ComponentChildren} props.children
 */
export function Popover({ label, class: className = 'icon-button', place = '', disabled = false, face, children }) {
  const open = useSignal(false);
  const root = useRef(/** @type {HTMLDivElement|null} */ (null));
  const button = useRef(/** @type {HTMLButtonElement|null} */ (null));
  const panel = useRef(/** @type {HTMLDivElement|null} */ (null));
  const id = useId();

  const close = () => {
    // Whoever was in the panel finds themselves at the button; who pressed elsewhere stays there.
    if (root.current?.contains(document.activeElement)) button.current?.focus();
    open.value = false;
  };

  // Near the foot of the window it would open out of sight, or behind what stays in place there.
  useLayoutEffect(() => panel.current?.scrollIntoView({ block: 'nearest' }), [open.value]);

  useEffect(() => {
    if (!open.value) return undefined;
    const away = (/** @type {PointerEvent} */ event) => {
      if (!(event.target instanceof Node && root.current?.contains(event.target))) open.value = false;
    };
    document.addEventListener('pointerdown', away, true);
    return () => document.removeEventListener('pointerdown', away, true);
  }, [open.value]);

  return (
    <div
      class={`popover-root ${place}`}
      ref={root}
      onFocusOut={({ relatedTarget }) => {
        if (relatedTarget instanceof Node && !root.current?.contains(relatedTarget)) open.value = false;
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open.value) return;
        event.preventDefault();
        event.stopPropagation();
        close();
      }}
    >
      <button
        type="button"
        ref={button}
        class={className}
        aria-label={label}
        title={className.includes('icon-button') ? label : undefined}
        aria-expanded={open.value}
        aria-controls={open.value ? id : undefined}
        aria-disabled={disabled}
        onClick={() => {
          if (!disabled) open.value = !open.value;
        }}
      >
        {face}
      </button>
      {open.value && (
        <div class="popover" ref={panel} id={id} role="group" aria-label={label}>
          {children(close)}
        </div>
      )}
    </div>
  );
}
