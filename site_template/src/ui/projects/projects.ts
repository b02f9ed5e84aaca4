// The whole of what was taught: beginning it, finding it again, forgetting it.

import { batch } from '@preact/signals';
import type { RemoteWorker } from '../../client.ts';
import { CLASS_TONES } from '../../contract.ts';
import { normalNames } from '../../project/names.ts';
import type { Asset, HeadRun, HeadSettings } from '../../protocol.ts';
import type { ProjectInfo } from '../../store/store.ts';
import { embedAgain, importProject } from '../../transfer.ts';
import { fetchVerified } from '../../verified.ts';
import { newClassId, reserveClassIds } from '../classes/classes.ts';
import { arrange, openDocument } from '../document/document.ts';
import { complain, say, session } from '../document/session.ts';
import type { Photo } from '../document/state.ts';
import * as state from '../document/state.ts';
import { WordedError } from '../i18n/error-words.ts';
import { strings } from '../i18n/strings.ts';
import { endRun } from '../training/training.ts';
import * as autosave from './autosave.ts';

// --- beginning and finding again -------------------------------------------------------------------------------------

/** What a new visitor finds. */
export function openNew() {
  openDocument({
    classes: normalNames(session.site.classes).map((name, i) => ({
      ...{ id: newClassId(), name, tone: i % CLASS_TONES },
      ...{ enabled: true, photos: [] },
    })),
    settings: session.site.head,
  });
}

/** Begins to keep what is taught, and opens what the last visit left. */
export async function openLast() {
  session.restoreInto = async (worker) => (await found)?.(worker);
  const found = findLast().catch((error) => {
    complain(strings.projects.openFailed, error);
    return null;
  });
  await found;
}

/** @returns hands it to the worker, once there is one */
async function findLast(): Promise<((worker: RemoteWorker) => Promise<void>) | null> {
  const id = (await autosave.openAutosave()) && (await autosave.lastProject());
  // A visitor who has begun with something meanwhile goes on with that.
  if (state.undoable.value !== null) return null;
  if (id) return openKept(id);
  return session.site.project ? openStarter(session.site.project) : null;
}

/**
 * The starter project, which the site brings along so that it answers at the first visit.
 * @returns hands it to a worker
 */
async function openStarter(asset: Asset): Promise<(worker: RemoteWorker) => Promise<void>> {
  const file = await fetchVerified(asset, new URL('.', document.baseURI).href);
  return async (worker) => {
    const imported = await importProject(worker, session.site, file, { newId: newClassId });
    showProject(imported.classes, imported.examples, imported.settings, imported.head);
    autosave.adoptStarter(imported);
  };
}

/**
 * Shows a kept project.
 * @param id claimed
 * @returns hands it to a worker
 */
async function openKept(id: string): Promise<(worker: RemoteWorker) => Promise<void>> {
  const project = await autosave.enter(id);
  if (!project) throw new WordedError(strings.projects.gone);
  const { doc, examples, head } = project;
  const classes = doc.classes.map(({ id: classId }) => classId);
  const { model, preprocess } = session.site;
  const fits =
    doc.backbone.modelHash === model.hash &&
    doc.preprocess.size === preprocess.size &&
    doc.preprocess.fit === preprocess.fit;
  reserveClassIds(classes);
  showProject(doc.classes, examples, doc.settings, fits ? head : null);
  return async (worker) => {
    if (fits) return worker.restore({ classes, examples, head });
    const learned = await embedAgain(worker, examples, (done, total) => say(strings.project.progress(done, total)));
    await worker.restore({ classes, examples: learned, head: null });
    return autosave.saveRelearned(learned);
  };
}

/**
 * Puts something on the page that the worker holds, or will get.
 * @param examples in the order of adding
 */
export function showProject(
  classes: { id: string; name: string; tone: number; enabled?: boolean }[],
  examples: { id: number; classId: string | null; picture: Blob }[],
  settings: HeadSettings,
  head: HeadRun | null,
) {
  const photos: Map<string | null, Photo[]> = new Map(classes.map(({ id }) => [id, []]));
  for (const { id, classId, picture } of examples) photos.get(classId)?.push({ id, picture });
  const names = normalNames(classes.map(({ name }) => name));
  const shown = classes.map(({ id, tone, enabled = true }, i) => ({
    ...{ id, name: names[i], enabled, tone: tone % CLASS_TONES },
    photos: photos.get(id) ?? [],
  }));
  batch(() => {
    openDocument({ classes: shown, settings });
    forgetHead();
    if (!head) return;
    const { history, examples: known } = head;
    const training = shown.filter((each) => each.enabled && each.photos.length);
    const current =
      same(head.settings, settings) &&
      equal(
        head.classes,
        training.map(({ id }) => id),
      ) &&
      equal(
        known,
        training.flatMap((each) => each.photos.map(({ id }) => id)),
      );
    // A head that was trained on something else is shown, and is not up to date.
    const version = current ? state.version.value : -1;
    state.head.value = { history, examples: known.length, ms: 0, engine: null, version };
  });
}

/** Lets go of the head and everything that came of it. */
function forgetHead() {
  state.head.value = null;
  state.heldOut.value = null;
  state.prediction.value = null;
  state.frameMs.value = null;
}

const same = (a: HeadSettings, b: HeadSettings) =>
  a.hidden === b.hidden && a.epochs === b.epochs && a.batch === b.batch && a.rate === b.rate && a.seed === b.seed;

const equal = <Value>(a: Value[], b: Value[]) => a.length === b.length && a.every((value, i) => value === b[i]);

// --- several projects ------------------------------------------------------------------------------------------------

/** @returns what this browser keeps, the last changed first */
export async function listProjects(): Promise<ProjectInfo[]> {
  await autosave.flush();
  return (await autosave.savedProjects()?.projects()) ?? [];
}

/** @returns bytes of this origin; null where the browser won't say */
export async function storageRoom(): Promise<{ usage: number; quota: number } | null> {
  return (await autosave.savedProjects()?.estimate()) ?? null;
}

/** Begins a new project; the one there is stays kept. */
export async function startProject() {
  if (state.projectBlocked.value) return;
  try {
    await endRun();
    await autosave.leave();
    await empty();
    say(strings.projects.started);
  } catch (error) {
    complain(strings.projects.openFailed, error);
  }
}

async function empty() {
  batch(() => {
    openNew();
    forgetHead();
  });
  await session.worker?.reset();
  arrange();
}

/**
 * Opens another project; the one there is stays kept.
 * @returns whether it is open now
 */
export async function switchProject({ id, name }: ProjectInfo): Promise<boolean> {
  if (state.projectBlocked.value || !session.worker) return false;
  try {
    if (!(await autosave.savedProjects()?.claim(id))) throw new WordedError(strings.projects.elsewhere);
    await endRun();
    await autosave.leave();
    const handOver = await openKept(id);
    await handOver(session.worker);
    arrange();
    say(strings.projects.opened(name || strings.projects.unnamed));
    return true;
  } catch (error) {
    complain(strings.projects.openFailed, error);
    return false;
  }
}

/** While it is typed; `renameProject` follows. */
export function typeProjectName(name: string) {
  state.projectName.value = name;
}

/** @param name of the project that is open */
export function renameProject(name: string) {
  autosave.nameProject(name);
}

/** Removes a project from this browser. The one that is open is forgotten here too. */
export async function removeProject(id: string) {
  if (id === state.projectId.value) return reset();
  const store = autosave.savedProjects();
  try {
    if (!(await store?.claim(id))) throw new WordedError(strings.projects.elsewhere);
    await store?.remove(id);
    return undefined;
  } catch (error) {
    return complain(strings.projects.removeFailed, error);
  }
}

/** Forgets everything of this project, here and in this browser's storage. */
export async function reset() {
  say(strings.projects.removing); // many photos take many seconds
  try {
    await endRun();
    await autosave.discard();
    await empty();
    say(strings.reset.done);
  } catch (error) {
    complain(strings.reset.failed, error);
  }
}
