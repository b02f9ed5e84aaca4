import { ready, startup } from '../document/state.ts';
import { strings } from '../i18n/strings.ts';

/** Says that this browser changes what the page sees; nothing where it does not, or where nothing runs. */
export function PixelNotice() {
  if (startup.value.phase !== 'ready' || !ready.value || ready.value.exactPixels) return null;
  return (
    <div class="callout callout-wide" role="note">
      <div class="callout-body">
        <h2 class="callout-title">{strings.pixels.title}</h2>
        <p>{strings.pixels.text}</p>
      </div>
    </div>
  );
}
