// Begins everything that goes on by itself while the page is open.

import type { Site } from '../../protocol.ts';
import { startModel } from '../backend/start.ts';
import { keepTrying } from '../backend/trials.ts';
import { watchCameras } from '../camera/camera.ts';
import { session } from '../document/session.ts';
import { openLast, openNew } from '../projects/projects.ts';
import { keepTraining } from '../training/training.ts';

export function openPage(site: Site) {
  session.site = site;
  openNew();
  openLast();
  keepTraining();
  watchCameras();
  startModel();
  keepTrying();
}
