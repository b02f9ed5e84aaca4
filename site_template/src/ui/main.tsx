// The page's entry: reads the site's description and takes the skeleton's place.

import { type ComponentChild, render } from 'preact';
import { obstacle } from '../client.ts';
import type { Site } from '../protocol.ts';
import { tellEmbedder } from './app/embed-messages.ts';
import { openPage } from './app/open-page.ts';
import { mayUseCamera } from './camera/camera.ts';
import { keepPreferences } from './camera/preferences.ts';
import { keepPredicting } from './prediction/predictor.ts';

// Components last: the bundle keeps this order, and is smaller to download with like code together.

import { App } from './app/App.tsx';
import { ObstaclePanel } from './app/ObstaclePanel.tsx';

const root = document.getElementById('app')!;
const site: Site = JSON.parse(document.getElementById('site')!.textContent ?? '');

const found = mayUseCamera() ? obstacle() : 'insecure';
if (found) {
  show(<ObstaclePanel obstacle={found} />);
} else {
  keepPreferences();
  openPage(site);
  show(<App site={site} />);
  keepPredicting();
  tellEmbedder();
}

function show(page: ComponentChild) {
  root.replaceChildren();
  render(page, root);
  root.removeAttribute('aria-busy');
  // The words for the case that this script does not run: they stay where it fails up to here.
  document.getElementById('unstarted')?.remove();
}
