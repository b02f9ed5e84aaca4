// What a visitor can do. These modules, with `document.js`, are the only ones of the page that talk to the worker.

import { watchCameras } from './camera.js';
import { openLast, openNew } from './actions/project.js';
import { startModel } from './actions/model.js';
import { keepTraining } from './actions/training.js';
import { keepTrying } from './actions/trial.js';
import { session } from './session.js';

export * from './actions/classes.js';
export * from './actions/model.js';
export * from './actions/photos.js';
export * from './actions/predict.js';
export * from './actions/project.js';
export * from './actions/training.js';
export * from './actions/uploads.js';
export { redo, undo } from './document.js';
export { say } from './session.js';

/** @param {import('../protocol.js').Site} site */
export function openPage(site) {
  session.site = site;
  openNew();
  openLast();
  keepTraining();
  watchCameras();
  startModel();
  keepTrying();
}
