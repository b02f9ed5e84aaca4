import { startModel } from '../backend/start.ts';
import { strings } from '../i18n/strings.ts';
import { AlertIcon } from '../shared/Icons.tsx';

export function StartFailure({ message }: { message: string }) {
  return (
    <div class="callout callout-error callout-wide" role="alert">
      <AlertIcon />
      <div class="callout-body">
        <p class="callout-title">{strings.startup.failedTitle}</p>
        <p>{message}</p>
      </div>
      <button type="button" class="button" onClick={startModel}>
        {strings.startup.again}
      </button>
    </div>
  );
}
