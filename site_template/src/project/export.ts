// From what was taught to the bytes of `project.zip`. Formats only: no page, no TensorFlow.js, no worker.

import { PROJECT_FILES, PROJECT_FORMAT, PROJECT_KIND, PROJECT_LIMITS, TENSORFLOW_JS, TENSORS } from '../contract.ts';
import type { HeadSnapshot } from '../protocol.ts';
import { sha256 } from '../verified.ts';
import { ProjectError } from './errors.ts';
import { folderOf, type Project, picturePath, shapesOf } from './format.ts';
import { jpegSize } from './jpeg.ts';
import { projectSchema } from './schemas.ts';
import { writeZip } from './zip.ts';

/** The version of Teachable Machine whose fields `metadata.json` carries. */
const TM_VERSION = '2.4.10';

export async function packProject(
  project: Project,
  {
    modelName,
    timeStamp,
  }: {
    modelName: string;
    /** The only time in the file. */
    timeStamp: Date;
  },
): Promise<Blob> {
  const { examples, head } = project;
  if (examples.length > PROJECT_LIMITS.examples || project.classes.length > PROJECT_LIMITS.classes) {
    throw new ProjectError('too-large/contents', {
      examples: PROJECT_LIMITS.examples,
      classes: PROJECT_LIMITS.classes,
    });
  }
  const folders = new Map(project.classes.map(({ id, name }, i) => [id, folderOf(name, i)]));
  const files: [string, Uint8Array<ArrayBuffer>][] = [
    [PROJECT_FILES.features, floats(examples.map(({ features }) => features))],
    [PROJECT_FILES.metadata, json(describeProject(project, modelName, timeStamp))],
  ];
  if (head) {
    files.push([PROJECT_FILES.head, json(describeHead(head, project.backbone.features))]);
    files.push([PROJECT_FILES.weights, floats(TENSORS.map((name) => head[name]))]);
    files.push([PROJECT_FILES.trace, floats([Float32Array.from(head.trace.losses)])]);
  }
  for (const { id, classId, picture } of examples) {
    files.push([picturePath(folders.get(classId)!, id), await readPicture(picture)]);
  }
  files.sort(([a], [b]) => (a < b ? -1 : 1));
  const hashes: Record<string, string> = {};
  for (const [name, contents] of files) hashes[name] = await sha256(contents);
  const described = describe(project, folders, hashes);
  projectSchema(described, PROJECT_FILES.project); // what is written can be read
  return writeZip([[PROJECT_FILES.project, json(described)], ...files]);
}

/** The object in `project.json`. */
function describe(
  { generator, backbone, preprocess, settings, classes, examples }: Project,
  folders: Map<string, string>,
  files: Record<string, string>,
) {
  return {
    format: PROJECT_FORMAT,
    kind: PROJECT_KIND,
    generator,
    backbone,
    preprocess,
    settings,
    classes: classes.map(({ id, name, tone, enabled = true }) => ({
      ...{ id, name, tone, folder: folders.get(id) },
      ...(enabled ? {} : { enabled }),
    })),
    examples: examples.map(({ id, classId }) => ({ id, class: classId })),
    files,
  };
}

/** The object in `head.json`. */
function describeHead({ classes, settings, examples, history, trace }: HeadSnapshot, features: number) {
  return {
    format: PROJECT_FORMAT,
    classes,
    settings,
    shapes: shapesOf(features, settings.hidden, classes.length),
    examples,
    history: history.map(({ loss, accuracy }) => ({ loss, accuracy })),
    norms: trace.norms,
    steps: trace.losses.length,
  };
}

function describeProject({ generator, classes, preprocess, head }: Project, modelName: string, timeStamp: Date) {
  const names = new Map(classes.map(({ id, name }) => [id, name]));
  const labels = (head?.classes ?? [...names.keys()]).map((id) => names.get(id)!);
  return metadata({ generator, labels, imageSize: preprocess.size, modelName, timeStamp });
}

/** What Teachable Machine writes beside a model. */
export function metadata({
  generator,
  labels,
  imageSize,
  modelName,
  timeStamp,
}: {
  generator: string;
  /** In the order of the head's outputs. */
  labels: string[];
  imageSize: number;
  modelName: string;
  timeStamp: Date;
}) {
  return {
    tfjsVersion: TENSORFLOW_JS,
    tmVersion: TM_VERSION,
    packageVersion: generator.split(' ')[1] ?? '',
    packageName: generator.split(' ')[0],
    timeStamp: timeStamp.toISOString(),
    userMetadata: {},
    modelName,
    labels,
    imageSize,
  };
}

async function readPicture(picture: Blob) {
  const bytes = new Uint8Array(await picture.arrayBuffer());
  if (!jpegSize(bytes) || bytes.length > PROJECT_LIMITS.pictureBytes) {
    throw new ProjectError('unreadable-photo/stored');
  }
  return bytes;
}

/** @param indent spaces per level */
export const json = (value: unknown, indent: number = 1) =>
  new Uint8Array(new TextEncoder().encode(`${JSON.stringify(value, null, indent)}\n`));

/** One after another, as little-endian bytes. */
export function floats(arrays: Float32Array[]) {
  const bytes = new Uint8Array(4 * arrays.reduce((sum, array) => sum + array.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const array of arrays) {
    for (const value of array) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  return bytes;
}
