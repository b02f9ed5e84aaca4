import { useRef } from 'preact/hooks';
import { strings } from '../i18n/strings.ts';
import { reset } from './projects.ts';

export function ResetButton() {
  const dialog = useRef<HTMLDialogElement | null>(null);
  const close = () => dialog.current?.close();
  return (
    <>
      <button type="button" class="button" onClick={() => dialog.current?.showModal()}>
        {strings.reset.button}
      </button>
      <dialog class="dialog" ref={dialog} aria-labelledby="reset-title" aria-describedby="reset-text">
        <h2 id="reset-title">{strings.reset.title}</h2>
        <p id="reset-text">{strings.reset.text}</p>
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={close}>
            {strings.reset.cancel}
          </button>
          <button
            type="button"
            class="button button-danger"
            onClick={() => {
              close();
              reset();
            }}
          >
            {strings.reset.confirm}
          </button>
        </div>
      </dialog>
    </>
  );
}
