// The module for other pages: docs/integrate.md. Its types stand in `onthefly.d.ts`.

export { ClassifierError, createClassifier, loadClassifier, loadSite } from './classifier.js';
export { ImageError } from './images.js';
export { ProjectError } from './project/errors.js';

// The steps behind it, as the site's own page takes them.
export { connect, open } from './client.js';
export { frameOf } from './images.js';
export { exportProject, importProject } from './project/transfer.js';
export { packModel } from './project/model.js';
