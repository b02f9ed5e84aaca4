// Opens the browser's file picker, for photos of a class or for whole folders.

import { useRef } from 'preact/hooks';
import { fromInput } from '../uploads.js';

/**
 * @param {object} props
 * @param {string} props.class
 * @param {string} props.label accessible name of the button
 * @param {string} [props.title]
 * @param {string} props.files accessible name of the picker
 * @param {boolean} [props.folders] whether folders are picked, with all they hold
 * @param {(found: import('../uploads.js').Found[]) => void} props.onFiles
 * @param {import('preact').ComponentChildren} props.children
 */
export function UploadButton({ class: className, label, title, files, folders = false, onFiles, children }) {
  const picker = useRef(/** @type {HTMLInputElement|null} */ (null));
  return (
    <>
      <button
        type="button"
        class={className}
        aria-label={label}
        title={title ?? label}
        onClick={() => picker.current?.click()}
      >
        {children}
      </button>
      <input
        ref={picker}
        type="file"
        multiple
        accept={folders ? undefined : 'image/*'}
        {...(folders && { webkitdirectory: true })}
        aria-label={files}
        hidden
        onChange={({ currentTarget }) => {
          const found = fromInput(currentTarget.files ?? []);
          currentTarget.value = '';
          if (found.length) onFiles(found);
        }}
      />
    </>
  );
}

/** Whether this browser picks folders; those on some phones pick only files. */
export const PICKS_FOLDERS = 'webkitdirectory' in HTMLInputElement.prototype;
