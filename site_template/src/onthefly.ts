// The module for other pages: docs/integrate.md. Its types stand in `onthefly.d.ts`.

export { ClassifierError, createClassifier, loadClassifier, loadSite } from './classifier.ts';
// The steps behind it, as the site's own page takes them.
export { connect, open } from './client.ts';
export { frameOf, ImageError } from './images.ts';
export { ProjectError } from './project/errors.ts';
export { packModel } from './project/model.ts';
export { exportProject, importProject } from './transfer.ts';
