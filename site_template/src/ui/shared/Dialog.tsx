// A dialog that is there while something is asked, and tells when it goes.

import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

export function Dialog({
  class: className,
  labelledBy,
  describedBy,
  onKeyDown,
  onClose,
  children,
}: {
  class: string;
  /** Id of its title. */
  labelledBy: string;
  describedBy?: string;
  onKeyDown?: (event: KeyboardEvent) => void;
  onClose: () => void;
  children: (close: () => void) => ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement | null>(null);
  useLayoutEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      class={`dialog ${className}`}
      ref={dialog}
      aria-labelledby={labelledBy}
      aria-describedby={describedBy}
      onKeyDown={onKeyDown}
      onClose={onClose}
    >
      {children(() => dialog.current?.close())}
    </dialog>
  );
}
