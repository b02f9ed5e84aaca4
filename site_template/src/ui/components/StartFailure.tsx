import { startModel } from '../actions.js';
import { strings } from '../strings.js';
import { AlertIcon } from './Icons.jsx';

/** @param {{message: string}} props */
export function StartFailure({ message }) {
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
