// A button that shows and hides a small panel next to it. Escape, and a press or a focus elsewhere, close it.

import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';

export function Popover({
  label,
  class: className = 'icon-button',
  place = '',
  disabled = false,
  face,
  children,
}: {
  /** Of the button, and of the panel. */
  label: string;
  /** Of the button. */
  class?: string;
  /** Further classes of the whole, which say where the panel opens. */
  place?: string;
  disabled?: boolean;
  /** What the button shows. */
  face: ComponentChildren;
  children: (close: () => void) => ComponentChildren;
}) {
  const open = useSignal(false);
  const root = useRef<HTMLDivElement | null>(null);
  const button = useRef<HTMLButtonElement | null>(null);
  const panel = useRef<HTMLDivElement | null>(null);
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
    const away = (event: PointerEvent) => {
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
