// A dialog that is there while something is asked, and tells when it goes.

import { useLayoutEffect, useRef } from 'preact/hooks';

/**
 * @param {object} props
 * @param {string} props.class
 * @param {string} props.labelledBy id of its title
 * @param {string} [props.describedBy]
 * @param {(event: KeyboardEvent) => void} [props.onKeyDown]
 * @param {() => void} props.onClose
 * @param {(close: () => void) => import('preact').ComponentChildren} props.children
 */
export function Dialog({ class: className, labelledBy, describedBy, onKeyDown, onClose, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement|null} */ (null));
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
