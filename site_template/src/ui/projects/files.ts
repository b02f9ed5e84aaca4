// A project as a file: the whole of what was taught, handed to the visitor and opened again.

import { ProjectError } from '../../project/errors.ts';
import { exportProject, importProject } from '../../transfer.ts';
import { newClassId } from '../classes/classes.ts';
import { arrange } from '../document/document.ts';
import { complain, say, session, titledSite } from '../document/session.ts';
import * as state from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { download } from '../shared/download.ts';
import { endRun, settle } from '../training/training.ts';
import * as autosave from './autosave.ts';
import { showProject } from './projects.ts';

/** Hands everything that was taught to the visitor as a file. */
export async function exportToFile() {
  if (state.projectBlocked.value || !session.worker) return;
  if (state.photoCount.value === 0) {
    say(strings.project.nothing);
    return;
  }
  try {
    await settle(); // so that the file holds the head of these photos
    const named = state.classes.value.map((entry) => ({
      ...{ id: entry.id, name: state.nameOf(entry), tone: entry.tone.value },
      ...(entry.enabled.value ? {} : { enabled: false }),
    }));
    const { file, fileName, examples, withoutHead } = await exportProject(session.worker, titledSite(), named, {
      settings: state.settings.value,
    });
    download(file, fileName);
    const message = strings.project.exported(examples);
    say(withoutHead ? `${message} ${strings.project.withoutHead}` : message);
  } catch (error) {
    complain(strings.project.exportFailed, error);
  }
}

/**
 * Opens a project file as a project of its own; all of it, or nothing. What was there before stays kept.
 * @param reembed whether its photos are to be learned anew with this site's backbone
 */
export async function importFromFile(file: File, reembed: boolean): Promise<'imported' | 'other-backbone' | 'refused'> {
  if (state.projectBlocked.value || !session.worker) return 'refused';
  say(strings.project.reading);
  try {
    await endRun();
    await autosave.flush();
    const imported = await importProject(session.worker, session.site, file, {
      reembed,
      onProgress: (done, total) => say(strings.project.progress(done, total)),
      newId: newClassId,
    });
    await autosave.leave();
    showProject(imported.classes, imported.examples, imported.settings, imported.head);
    arrange();
    await autosave.saveWhole(imported, file.name.replace(/\.zip$/i, ''));
    const message = strings.project.imported(imported.examples.length);
    say(imported.head || state.live.value ? message : `${message} ${strings.project.trainAgain}`);
    return 'imported';
  } catch (error) {
    if (error instanceof ProjectError && error.code === 'other-backbone') {
      say('');
      return 'other-backbone';
    }
    complain(strings.project.importFailed, error);
    return 'refused';
  }
}
