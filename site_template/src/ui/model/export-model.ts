// The model as files that run without this page.

import { modelFileName, packModel } from '../../project/model.ts';
import { complain, say, session, titledSite } from '../document/session.ts';
import * as state from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { download } from '../shared/download.ts';
import { settle } from '../training/training.ts';

/** Hands the model to the visitor, as a file that needs nothing of this page. */
export async function exportModelToFile() {
  if (state.projectBlocked.value || !session.worker) return;
  try {
    await settle();
    const head = await session.worker.head();
    if (!head) {
      say(strings.project.noModel);
      return;
    }
    const names = new Map(state.classes.value.map((entry) => [entry.id, state.nameOf(entry)]));
    const classNames = head.classes.map((id) => names.get(id));
    if (!classNames.every((name) => name !== undefined)) {
      say(strings.train.stale);
      return;
    }
    const site = titledSite();
    const base = new URL('.', document.baseURI).href;
    download(await packModel({ site, base, head, classNames }), modelFileName(site.title));
    say(strings.project.modelExported);
  } catch (error) {
    complain(strings.project.exportFailed, error);
  }
}
