// The module for other pages, and beside it the steps behind it, as the site's own page takes them.

export { loadSite } from './classifier.ts';
export { connect, open } from './client.ts';
export { frameOf } from './images.ts';
export { packModel } from './project/model.ts';
export * from './public.ts';
export { exportProject, importProject } from './transfer.ts';
