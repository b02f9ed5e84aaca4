// A button that tells when it goes down and when it comes up again, by mouse, touch, pen or key.

import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';

export function HoldButton({
  class: className,
  label,
  describedBy,
  blocked,
  onPress,
  onRelease,
  children,
}: {
  class: string;
  /** Accessible name; begins with the visible text. */
  label: string;
  /** Id of the text that says why the button is blocked. */
  describedBy: string;
  blocked: boolean;
  onPress: () => void;
  onRelease: () => void;
  children: ComponentChildren;
}) {
  // A press moves the focus here, and the button that loses it must not end what this one began.
  const down = useRef(false);
  const press = () => {
    down.current = true;
    onPress();
  };
  const release = () => {
    if (!down.current) return;
    down.current = false;
    onRelease();
  };
  return (
    <button
      type="button"
      class={className}
      aria-label={label}
      aria-describedby={describedBy}
      aria-disabled={blocked}
      onPointerDown={(event) => {
        if (event.button === 0 && event.isPrimary) press();
      }}
      onPointerUp={release}
      onPointerCancel={release}
      onPointerLeave={release}
      onBlur={release}
      onKeyDown={(event) => {
        if (!holds(event.key)) return;
        event.preventDefault();
        if (!event.repeat) press();
      }}
      onKeyUp={(event) => {
        if (!holds(event.key)) return;
        event.preventDefault();
        release();
      }}
      onClick={(event) => {
        // Only a click that no press came before, as assistive technology sends it, has no count.
        if (event.detail !== 0) return;
        press();
        release();
      }}
      onContextMenu={(event) => event.preventDefault()}
    >
      {children}
    </button>
  );
}

const holds = (key: string) => key === ' ' || key === 'Enter';
