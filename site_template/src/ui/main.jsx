// The page's entry: reads the site's description and takes the skeleton's place.

import { render } from 'preact';
import { openPage } from './actions.js';
import { isSecurePage } from './camera.js';
import { App } from './components/App.jsx';
import { InsecurePanel } from './components/InsecurePanel.jsx';
import { keepPredicting } from './predictor.js';

/** @typedef {import('../protocol.js').Site} Site */

const root = /** @type {HTMLElement} */ (document.getElementById('app'));
/** @type {Site} */
const site = JSON.parse(/** @type {HTMLElement} */ (document.getElementById('site')).textContent ?? '');

root.replaceChildren();
root.removeAttribute('aria-busy');
if (isSecurePage()) {
  openPage(site);
  render(<App site={site} />, root);
  keepPredicting();
} else {
  render(<InsecurePanel />, root);
}
