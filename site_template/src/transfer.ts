// Between a worker and a file: what the page's Export and Import, and other pages, call.

import { transfer } from 'comlink';
import type { RemoteWorker } from './client.ts';
import { bitmapOf } from './images.ts';
import { inParts } from './parts.ts';
import { ProjectError } from './project/errors.ts';
import { packProject } from './project/export.ts';
import { backboneOf, type ProjectClass, type ProjectExample, readableName } from './project/format.ts';
import { siteRefusal, unpackProject } from './project/import.ts';
import type { HeadRun, HeadSettings, HeadSnapshot, Site } from './protocol.ts';

interface Exported {
  file: Blob;
  /** For a download. */
  fileName: string;
  /** Photos in it. */
  examples: number;
  /**
   * Why it holds no head; null where it holds one. 'class-removed': the head knows a class that is no more, and
   * training again fixes it. 'diverged': its numbers are not finite, because the rate is too high.
   */
  withoutHead: 'untrained' | 'class-removed' | 'diverged' | null;
}

/**
 * What a worker was taught, as the bytes of a `project.zip`.
 * @param classes in display order; examples of others are left out
 */
export async function exportProject(
  worker: RemoteWorker,
  site: Site,
  classes: ProjectClass[],
  {
    settings = site.head,
    timeStamp = new Date(),
  }: {
    /** Where they are not the site's own. */
    settings?: HeadSettings;
    timeStamp?: Date;
  } = {},
): Promise<Exported> {
  if (!classes.length) throw new ProjectError('no-classes');
  const snapshot = await worker.snapshot();
  const ids = new Set(classes.map(({ id }) => id));
  const examples = snapshot.examples.flatMap((example) => {
    const { classId } = example; // null where it was set aside
    return classId !== null && ids.has(classId) ? [{ ...example, classId }] : [];
  });
  const withoutHead = headRefusal(snapshot.head, ids);
  const file = await packProject(
    {
      ...{ generator: site.generator, classes: classes.map(readable), settings, preprocess: site.preprocess, examples },
      backbone: backboneOf(site),
      head: withoutHead ? null : snapshot.head,
    },
    { modelName: site.title, timeStamp },
  );
  const words = site.title.normalize('NFKD').match(/[A-Za-z0-9]+/g) ?? ['project'];
  return {
    file,
    fileName: `${words.join('-').slice(0, 60)}.zip`,
    examples: examples.length,
    withoutHead,
  };
}

/** @param ids of the classes that are exported */
function headRefusal(head: HeadSnapshot | null, ids: Set<string>): Exported['withoutHead'] {
  if (!head) return 'untrained';
  if (!head.classes.every((id) => ids.has(id))) return 'class-removed';
  const { kernel1, bias1, kernel2, bias2, trace } = head;
  const numbers = [kernel1, bias1, kernel2, bias2, trace.losses, trace.norms.flat()];
  return numbers.every((values) => values.every(Number.isFinite)) ? null : 'diverged';
}

/** A class as a project holds it. */
function readable({ id, name, tone, enabled = true }: ProjectClass, index: number): ProjectClass {
  return { id, name: readableName(name, index), tone: tone ?? 0, enabled };
}

interface Imported {
  /** In display order. */
  classes: ProjectClass[];
  /** In the order of adding. */
  examples: ProjectExample[];
  /** For the next training. */
  settings: HeadSettings;
  /** As the worker has it now; null: train to get one. */
  head: HeadRun | null;
  /** Whether the photos were learned anew, which leaves no head. */
  reembedded: boolean;
}

/**
 * Puts a `project.zip` in the place of everything a worker was taught. Where the file is refused, which the
 * error's `code` and message tell, the worker keeps what it has.
 * @param bytes the file
 */
export async function importProject(
  worker: RemoteWorker,
  site: Site,
  bytes: Blob | BlobPart,
  {
    reembed = false,
    onProgress,
    newId,
  }: {
    /** Take a project of another backbone too, by learning its photos anew. */
    reembed?: boolean;
    /** Of learning photos anew. */
    onProgress?: (done: number, total: number) => void;
    /** Makes the ids of the classes; without it they keep the file's. */
    newId?: () => string;
  } = {},
): Promise<Imported> {
  const project = await unpackProject(bytes instanceof Blob ? bytes : new Blob([bytes]));
  const refusal = siteRefusal(project, site);
  if (refusal && !reembed) throw refusal;
  const named = new Map(project.classes.map(({ id }) => [id, newId ? newId() : id]));
  const renamed = (id: string) => named.get(id)!;

  let examples = project.examples.map((example) => ({ ...example, classId: renamed(example.classId) }));
  if (refusal) examples = await embedAgain(worker, examples, onProgress);
  const head = refusal || !project.head ? null : { ...project.head, classes: project.head.classes.map(renamed) };
  const classes = project.classes.map((each) => ({ ...each, id: renamed(each.id) }));
  await worker.restore({ classes: classes.map(({ id }) => id), examples, head });
  return {
    classes,
    examples,
    settings: project.settings,
    head: head && runOf(head),
    reembedded: refusal !== null,
  };
}

const runOf = ({ classes, settings, examples, history, trace }: HeadSnapshot) => ({
  classes,
  settings,
  examples,
  history,
  trace,
});

/** The same photos with the features that this worker's backbone gives them. The worker's own examples stay. */
export async function embedAgain<Example extends { id: number; picture: Blob; features: Float32Array }>(
  worker: RemoteWorker,
  examples: Example[],
  onProgress?: (done: number, total: number) => void,
): Promise<Example[]> {
  const embedded: Example[] = [];
  await inParts(examples, {
    weight: ({ picture }) => picture.size, // a project's photos are small
    decode: ({ id, picture }) =>
      bitmapOf(picture).catch(() => {
        throw new ProjectError('unreadable-photo/file', { photo: id });
      }),
    send: (_, frames) => worker.embedAll(transfer(frames, frames)),
    done(part, found) {
      embedded.push(...part.map((example, i) => ({ ...example, features: found[i] })));
      onProgress?.(embedded.length, examples.length);
    },
  });
  return embedded;
}
