// Shown instead of the page where the browser withholds the camera or the cryptography that files are checked with.

import { strings } from '../strings.js';
import { LockIcon } from './Icons.jsx';

export function InsecurePanel() {
  const { protocol, origin, pathname, href } = window.location;
  return (
    <section class="panel" aria-labelledby="insecure-title" role="alert">
      <LockIcon />
      <h2 id="insecure-title">{strings.insecure.title}</h2>
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
    </section>
  );
}
