// The module for other pages: docs/integrate.md. `onthefly.d.ts` is made of what is not internal here.

export type {
  Added,
  Classifier,
  ClassProbability,
  ConnectOptions,
  CreateOptions,
  FileLike,
  ImageLike,
  Predictor,
  SiteError,
  Trained,
} from './api.ts';
// The steps behind it, as the site's own page takes them.
/** @internal */
export { ClassifierError, createClassifier, loadClassifier, loadSite } from './classifier.ts';
/** @internal */
export { connect, open } from './client.ts';
/** @internal */
export { frameOf, ImageError } from './images.ts';
export { ProjectError } from './project/errors.ts';
/** @internal */
export { packModel } from './project/model.ts';
export type { BackendName, EpochReport as Epoch, HeadSettings as Settings, StartProgress } from './protocol.ts';
/** @internal */
export { exportProject, importProject } from './transfer.ts';
