// Which backend a visitor has chosen by hand: in the address for once, in this browser for good.

import { BACKENDS } from '../client.js';

/** @typedef {import('../protocol.js').BackendName} BackendName */

const KEY = 'onthefly backend';

/** @returns {BackendName|null} null where the choice is left to the page */
export function chosenBackend() {
  const asked = new URLSearchParams(location.search).get('backend') ?? stored();
  return BACKENDS.find((name) => name === asked) ?? null;
}

/** @param {BackendName|null} name */
export function rememberBackend(name) {
  const address = new URL(location.href);
  if (address.searchParams.has('backend')) {
    address.searchParams.delete('backend');
    history.replaceState(null, '', address);
  }
  try {
    if (name) localStorage.setItem(KEY, name);
    else localStorage.removeItem(KEY);
  } catch {
    // Storage is refused here: the choice holds for this visit.
  }
}

function stored() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
