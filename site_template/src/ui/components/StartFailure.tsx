import { startModel } from '../actions.ts';
import { strings } from '../strings.ts';
import { AlertIcon } from './Icons.tsx';

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
