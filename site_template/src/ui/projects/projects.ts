// The whole of what was taught: beginning it, finding it again, forgetting it, into files and back.

import { batch } from '@preact/signals';
import type { RemoteWorker } from '../../client.ts';
import { CLASS_TONES } from '../../contract.ts';
import { ProjectError } from '../../project/errors.ts';
import { modelFileName, packModel } from '../../project/model.ts';
import { normalNames } from '../../project/names.ts';
import type { Asset, HeadRun, HeadSettings } from '../../protocol.ts';
import type { ProjectInfo } from '../../store/store.ts';
import { embedAgain, exportProject, importProject } from '../../transfer.ts';
import { fetchVerified } from '../../verified.ts';
import { arrange, openDocument } from '../document/document.ts';
import { WordedError } from '../i18n/error-words.ts';
import * as keeping from './autosave.ts';
import { complain, say, session } from '../document/session.ts';
import type { Photo } from '../document/state.ts';
import * as state from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { newClassId, reserveClassIds } from '../classes/classes.ts';
import { endRun, settle } from '../training/training.ts';

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
  session.takeUp = async (worker) => (await found)?.(worker);
  const found = findLast().catch((error) => {
    complain(strings.keeping.openFailed, error);
    return null;
  });
  await found;
}

/** @returns hands it to the worker, once there is one */
async function findLast(): Promise<((worker: RemoteWorker) => Promise<void>) | null> {
  const id = (await keeping.openKeeping()) && (await keeping.lastProject());
  // A visitor who has begun with something meanwhile goes on with that.
  if (state.undoable.value !== null) return null;
  if (id) return openKept(id);
  return session.site.project ? openGiven(session.site.project) : null;
}

/**
 * The project that the site brings along, so that it answers at the first visit.
 * @returns hands it to a worker
 */
async function openGiven(asset: Asset): Promise<(worker: RemoteWorker) => Promise<void>> {
  const file = await fetchVerified(asset, new URL('.', document.baseURI).href);
  return async (worker) => {
    const imported = await importProject(worker, session.site, file, { newId: newClassId });
    show(imported.classes, imported.examples, imported.settings, imported.head);
    keeping.takeGiven(imported);
  };
}

/**
 * Shows a kept project.
 * @param id claimed
 * @returns hands it to a worker
 */
async function openKept(id: string): Promise<(worker: RemoteWorker) => Promise<void>> {
  const project = await keeping.enter(id);
  if (!project) throw new WordedError(strings.keeping.gone);
  const { doc, examples, head } = project;
  const classes = doc.classes.map(({ id: classId }) => classId);
  const { model, preprocess } = session.site;
  const fits =
    doc.backbone.modelHash === model.hash &&
    doc.preprocess.size === preprocess.size &&
    doc.preprocess.fit === preprocess.fit;
  reserveClassIds(classes);
  show(doc.classes, examples, doc.settings, fits ? head : null);
  return async (worker) => {
    if (fits) return worker.restore({ classes, examples, head });
    const learned = await embedAgain(worker, examples, (done, total) => say(strings.project.progress(done, total)));
    await worker.restore({ classes, examples: learned, head: null });
    return keeping.keepRelearned(learned);
  };
}

/**
 * Puts something on the page that the worker holds, or will get.
 * @param examples in the order of adding
 */
function show(
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

/** Lets go of the head and everything that was said with it. */
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
  await keeping.kept();
  return (await keeping.keptProjects()?.projects()) ?? [];
}

/** @returns bytes of this origin; null where the browser won't say */
export async function storageRoom(): Promise<{ usage: number; quota: number } | null> {
  return (await keeping.keptProjects()?.estimate()) ?? null;
}

/** Begins a new project; the one there is stays kept. */
export async function startProject() {
  if (state.projectBlocked.value) return;
  try {
    await endRun();
    await keeping.leave();
    await empty();
    say(strings.keeping.started);
  } catch (error) {
    complain(strings.keeping.openFailed, error);
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
    if (!(await keeping.keptProjects()?.claim(id))) throw new WordedError(strings.keeping.elsewhere);
    await endRun();
    await keeping.leave();
    const handOver = await openKept(id);
    await handOver(session.worker);
    arrange();
    say(strings.keeping.opened(name || strings.keeping.unnamed));
    return true;
  } catch (error) {
    complain(strings.keeping.openFailed, error);
    return false;
  }
}

/** @param name of the project that is open */
export function renameProject(name: string) {
  keeping.nameProject(name);
}

/** Removes a project from this browser. The one that is open is forgotten here too. */
export async function removeProject(id: string) {
  if (id === state.projectId.value) return reset();
  const store = keeping.keptProjects();
  try {
    if (!(await store?.claim(id))) throw new WordedError(strings.keeping.elsewhere);
    await store?.remove(id);
    return undefined;
  } catch (error) {
    return complain(strings.keeping.removeFailed, error);
  }
}

/** Forgets everything of this project, here and in this browser's storage. */
export async function reset() {
  say(strings.keeping.removing); // many photos take many seconds
  try {
    await endRun();
    await keeping.discard();
    await empty();
    say(strings.reset.done);
  } catch (error) {
    complain(strings.reset.failed, error);
  }
}

// --- files -----------------------------------------------------------------------------------------------------------

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
    const { file, fileName, examples, withoutHead } = await exportProject(session.worker, titled(), named, {
      settings: state.settings.value,
    });
    download(file, fileName);
    const told = strings.project.exported(examples);
    say(withoutHead ? `${told} ${strings.project.withoutHead}` : told);
  } catch (error) {
    complain(strings.project.exportFailed, error);
  }
}

/** The site, under the project's name where it has one. */
const titled = () => ({ ...session.site, title: state.projectName.value || session.site.title });

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
    const site = titled();
    const base = new URL('.', document.baseURI).href;
    download(await packModel({ site, base, head, classNames }), modelFileName(site.title));
    say(strings.project.modelExported);
  } catch (error) {
    complain(strings.project.exportFailed, error);
  }
}

function download(file: Blob, name: string) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser reads the address after this task.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
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
    await keeping.kept();
    const imported = await importProject(session.worker, session.site, file, {
      reembed,
      onProgress: (done, total) => say(strings.project.progress(done, total)),
      newId: newClassId,
    });
    await keeping.leave();
    show(imported.classes, imported.examples, imported.settings, imported.head);
    arrange();
    await keeping.keepWhole(imported, file.name.replace(/\.zip$/i, ''));
    const told = strings.project.imported(imported.examples.length);
    say(imported.head || state.live.value ? told : `${told} ${strings.project.trainAgain}`);
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
