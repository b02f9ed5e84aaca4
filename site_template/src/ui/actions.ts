// What a visitor can do. These modules, `document.ts`, `keeping.ts` and `grab.ts` are the only ones of the page that talk
// to the worker.

import type { Site } from '../protocol.ts';
import { startModel } from './actions/model.ts';
import { openLast, openNew } from './actions/project.ts';
import { keepTraining } from './actions/training.ts';
import { keepTrying } from './actions/trial.ts';
import { watchCameras } from './camera.ts';
import { session } from './session.ts';

export * from './actions/classes.ts';
export * from './actions/model.ts';
export * from './actions/photos.ts';
export * from './actions/predict.ts';
export * from './actions/project.ts';
export * from './actions/training.ts';
export * from './actions/uploads.ts';
export { redo, undo } from './document.ts';
export { say } from './session.ts';

export function openPage(site: Site) {
  session.site = site;
  openNew();
  openLast();
  keepTraining();
  watchCameras();
  startModel();
  keepTrying();
}
