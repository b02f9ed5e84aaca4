// The module for other pages: the site's own client, without its page.

import { connect, open } from './client.js';
import { ProjectError } from './project/errors.js';
import { exportProject, importProject } from './project/transfer.js';

export { connect, exportProject, importProject, open, ProjectError };

/**
 * Reads the description of the site that this module was built with.
 * @returns {Promise<{site: import('./protocol.js').Site, base: string}>}
 */
export async function loadSite() {
  const base = new URL('.', import.meta.url).href;
  const response = await fetch(new URL('site.json', base));
  if (!response.ok) throw new Error(`site.json could not be read: the server answered ${response.status}.`);
  return { site: await response.json(), base };
}
