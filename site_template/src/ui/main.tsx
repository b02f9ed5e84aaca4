// The page's entry: reads the site's description and takes the skeleton's place.

import { render } from 'preact';
import { obstacle } from '../client.js';
import { openPage } from './actions.js';
import { mayUseCamera } from './camera.js';
import { keepChoices } from './choices.js';
import { App } from './components/App.jsx';
import { ObstaclePanel } from './components/ObstaclePanel.jsx';
import { tellEmbedder } from './embed-messages.js';
import { keepPredicting } from './predictor.js';

/** @typedef {import('../protocol.js').Site} Site */

const root = /** @type {HTMLElement} */ (document.getElementById('app'));
/** @type {Site} */
const site = JSON.parse(/** @type {HTMLElement} */ (document.getElementById('site')).textContent ?? '');

const found = mayUseCamera() ? obstacle() : 'insecure';
if (found) {
  show(<ObstaclePanel obstacle={found} />);
} else {
  keepChoices();
  openPage(site);
  show(<App site={site} />);
  keepPredicting();
  tellEmbedder();
}

/** @param {import('preact').ComponentChild} page */
function show(page) {
  root.replaceChildren();
  render(page, root);
  root.removeAttribute('aria-busy');
  // The words for the case that this script does not run: they stay where it fails up to here.
  document.getElementById('unstarted')?.remove();
}
