// The module for other pages, along with the steps that it consists of, as the site's own page takes them.

export { loadSite } from './classifier.ts';
export { connect, open } from './client.ts';
export { frameOf } from './images.ts';
export { packModel } from './project/model.ts';
export * from './public.ts';
export { exportProject, importProject } from './transfer.ts';
