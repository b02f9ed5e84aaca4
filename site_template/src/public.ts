// What `onthefly.js` offers other pages: docs/integrate.md. `onthefly.d.ts` is made from this.

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
export { ClassifierError, createClassifier, loadClassifier } from './classifier.ts';
export { ImageError } from './images.ts';
export { ProjectError } from './project/errors.ts';
export type { BackendName, EpochReport as Epoch, HeadSettings as Settings, StartProgress } from './protocol.ts';
