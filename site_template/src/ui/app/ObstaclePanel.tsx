// Shown instead of the page where the browser or the address makes it impossible.

import { strings } from '../i18n/strings.ts';
import { AlertIcon, LockIcon } from '../shared/Icons.tsx';

type Obstacle = 'insecure' | 'no-worker';

export function ObstaclePanel({ obstacle }: { obstacle: Obstacle }) {
  return (
    <section class="panel" aria-labelledby="obstacle-title" role="alert">
      {obstacle === 'insecure' ? <Insecure /> : <Unsupported missing={strings.unsupported.missing[obstacle]} />}
    </section>
  );
}

function Insecure() {
  const { protocol, origin, pathname, href } = window.location;
  return (
    <>
      <LockIcon />
      <h2 id="obstacle-title">{strings.insecure.title}</h2>
      <p>{strings.insecure.text}</p>
      {protocol === 'http:' && (
        <p>
          <a class="button button-primary" href={href.replace(/^http:/, 'https:')}>
            {strings.insecure.open}
          </a>
        </p>
      )}
      <p class="panel-small">{strings.insecure.publisher}</p>
      <p class="panel-small panel-address">
        {strings.insecure.here(protocol === 'file:' ? `file://${pathname}` : origin + pathname)}
      </p>
    </>
  );
}

function Unsupported({ missing }: { missing: string }) {
  return (
    <>
      <AlertIcon />
      <h2 id="obstacle-title">{strings.unsupported.title}</h2>
      <p>{missing}</p>
      <p class="panel-small">{strings.unsupported.text}</p>
    </>
  );
}
