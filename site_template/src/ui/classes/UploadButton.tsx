// Opens the browser's file picker, for photos of a class or for whole folders.

import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { type Found, fromInput } from './picture-files.ts';

export function UploadButton({
  class: className,
  label,
  title,
  files,
  folders = false,
  onFiles,
  children,
}: {
  class: string;
  /** Accessible name of the button. */
  label: string;
  title?: string;
  /** Accessible name of the picker. */
  files: string;
  /** Whether folders are picked, with all they hold. */
  folders?: boolean;
  onFiles: (found: Found[]) => void;
  children: ComponentChildren;
}) {
  const picker = useRef<HTMLInputElement | null>(null);
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
