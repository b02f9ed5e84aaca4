// From the bytes of a `project.zip`, whoever made it, to what was taught. Formats only: no page, no TensorFlow.js,
// no worker. Everything is checked before anything is returned, so a refused file leaves the page as it was.

import { PROJECT_FILES, PROJECT_FORMAT, PROJECT_KIND, PROJECT_LIMITS, TENSORS } from '../contract.ts';
import type { HeadSnapshot, Site } from '../protocol.ts';
import { sha256 } from '../verified.ts';
import { damaged, ProjectError } from './errors.ts';
import { backboneOf, type Described, type Project, picturePath, shapesOf } from './format.ts';
import { jpegSize } from './jpeg.ts';
import { normalNames } from './names.ts';
import { headSchema, projectSchema } from './schemas.ts';
import { type Entry, readDirectory, readEntry } from './zip.ts';

type Read = (name: string) => Promise<Uint8Array<ArrayBuffer>>;

export async function unpackProject(file: Blob): Promise<Project> {
  const directory = await readDirectory(file);
  const described = checked(
    parse(PROJECT_FILES.project, await entryOf(file, directory, PROJECT_FILES.project, PROJECT_LIMITS.jsonBytes)),
  );
  const pictures = picturesOf(described);
  const hasHead = directory.has(PROJECT_FILES.head);
  checkMembers(directory, described, [...pictures.values()], hasHead);

  const read: Read = async (name) => {
    const limit = name.startsWith('images/') ? PROJECT_LIMITS.pictureBytes : PROJECT_LIMITS.totalBytes;
    const contents = await entryOf(file, directory, name, limit);
    if ((await sha256(contents)) !== described.files[name]) {
      throw new ProjectError('changed/project', { file: name });
    }
    return contents;
  };
  const width = described.backbone.features;
  const features = toFloats(
    PROJECT_FILES.features,
    await read(PROJECT_FILES.features),
    described.examples.length * width,
  );
  parse(PROJECT_FILES.metadata, await read(PROJECT_FILES.metadata));
  const head = hasHead ? await readHead(read, described) : null;
  const examples: Project['examples'] = [];
  for (const [i, { id, class: classId }] of described.examples.entries()) {
    const picture = await readPicture(read, pictures.get(id)!);
    examples.push({ id, classId, picture, features: features.slice(i * width, (i + 1) * width) });
  }
  const { generator, backbone, preprocess, settings } = described;
  const names = normalNames(described.classes.map(({ name }) => name));
  const classes = described.classes.map(({ id, tone, enabled = true }, i) => ({
    id,
    name: names[i],
    tone,
    ...(enabled ? {} : { enabled }),
  }));
  return { generator, classes, settings, preprocess, backbone, examples, head };
}

/** Why a site cannot go on from a project's features; null where it can. */
export function siteRefusal(
  { backbone, preprocess }: Pick<Project, 'backbone' | 'preprocess'>,
  site: Site,
): ProjectError | null {
  const same = backbone.modelHash === site.model.hash && backbone.features === site.backbone.features;
  if (same && preprocess.fit === site.preprocess.fit && preprocess.size === site.preprocess.size) return null;
  const [theirs, ours] = [
    { backbone, preprocess },
    { backbone: backboneOf(site), preprocess: site.preprocess },
  ];
  if (same && preprocess.fit !== site.preprocess.fit) return new ProjectError(`other-backbone/${preprocess.fit}`);
  return new ProjectError('other-backbone/project', bothBackbones(theirs, ours));
}

/** With what a project or a model was made. */
type Computed = Pick<Project, 'backbone' | 'preprocess'>;

/** Two backbones as an error names them. */
export function bothBackbones(
  { backbone, preprocess }: Computed,
  { backbone: ours, preprocess: { fit: ourFit } }: Computed,
) {
  const { name, precision, modelHash } = backbone;
  return {
    ...{ name, precision, hash: modelHash.slice(0, 16), fit: preprocess.fit },
    ...{ ourName: ours.name, ourPrecision: ours.precision, ourHash: ours.modelHash.slice(0, 16), ourFit },
  };
}

/** @param limit bytes */
export async function entryOf(file: Blob, directory: Map<string, Entry>, name: string, limit: number) {
  const entry = directory.get(name);
  if (!entry) {
    throw name === PROJECT_FILES.project
      ? new ProjectError('not-a-project/lacks', { file: name })
      : damaged(name, 'missing');
  }
  if (entry.size > limit) throw new ProjectError('too-large/member', { file: name });
  return readEntry(file, entry);
}

export function parse(name: string, bytes: Uint8Array): any {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw damaged(name, 'json');
  }
}

function checked(described: any): Described {
  if (described?.kind !== PROJECT_KIND) throw new ProjectError('not-a-project/kind');
  if (Number.isInteger(described.format) && described.format > PROJECT_FORMAT) throw new ProjectError('newer/project');
  projectSchema(described, PROJECT_FILES.project);
  checkReferences(described);
  return described;
}

function checkReferences({ classes, examples }: Described) {
  const ids = new Set(classes.map(({ id }) => id));
  const folders = new Set(classes.map(({ folder }) => folder));
  if (ids.size !== classes.length || folders.size !== classes.length) {
    throw damaged(PROJECT_FILES.project, 'same-class');
  }
  let last = 0;
  for (const example of examples) {
    if (!ids.has(example.class)) throw damaged(PROJECT_FILES.project, 'no-class', { photo: example.id });
    if (example.id <= last) throw damaged(PROJECT_FILES.project, 'order');
    last = example.id;
  }
}

/** The file of each photo, by the example's id. */
function picturesOf({ classes, examples }: Described): Map<number, string> {
  const folders = new Map(classes.map(({ id, folder }) => [id, folder]));
  return new Map(examples.map((e) => [e.id, picturePath(folders.get(e.class)!, e.id)]));
}

/** The zip holds exactly the files of the project, and there is a hash of each. */
function checkMembers(directory: Map<string, unknown>, described: Described, pictures: string[], hasHead: boolean) {
  const wanted = new Set([PROJECT_FILES.features, PROJECT_FILES.metadata, ...pictures]);
  if (hasHead) [PROJECT_FILES.head, PROJECT_FILES.weights, PROJECT_FILES.trace].forEach((name) => wanted.add(name));
  for (const name of wanted) {
    if (!directory.has(name)) throw damaged(name, 'missing');
    if (!Object.hasOwn(described.files, name)) throw damaged(PROJECT_FILES.project, 'no-checksum', { file: name });
  }
  for (const name of [...directory.keys(), ...Object.keys(described.files)]) {
    if (name !== PROJECT_FILES.project && !wanted.has(name)) throw damaged(name, 'stray');
  }
}

export function toFloats(name: string, bytes: Uint8Array<ArrayBuffer>, count: number) {
  if (bytes.length !== count * 4) throw damaged(name, 'bytes', { bytes: bytes.length, needed: count * 4 });
  const view = new DataView(bytes.buffer);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    values[i] = view.getFloat32(i * 4, true);
    if (!Number.isFinite(values[i])) throw damaged(name, 'infinite', { at: i });
  }
  return values;
}

async function readHead(read: Read, described: Described): Promise<HeadSnapshot> {
  const entry = parse(PROJECT_FILES.head, await read(PROJECT_FILES.head));
  headSchema(entry, PROJECT_FILES.head);
  const { classes, settings, examples, history, norms, steps } = entry;
  const ids = new Set(described.classes.map(({ id }) => id));
  if (new Set(classes).size !== classes.length || !classes.every((id: string) => ids.has(id))) {
    throw damaged(PROJECT_FILES.head, 'other-classes');
  }
  if (new Set(examples).size !== examples.length) throw damaged(PROJECT_FILES.head, 'twice');
  const shapes = shapesOf(described.backbone.features, settings.hidden, classes.length);
  for (const name of TENSORS) {
    if (String(entry.shapes[name]) !== String(shapes[name]))
      throw damaged(PROJECT_FILES.head, 'shape', { tensor: name });
  }
  const sizes = TENSORS.map((name) => shapes[name].reduce((a, b) => a * b, 1));
  const weights = toFloats(
    PROJECT_FILES.weights,
    await read(PROJECT_FILES.weights),
    sizes.reduce((a, b) => a + b, 0),
  );
  let at = 0;
  const [kernel1, bias1, kernel2, bias2] = sizes.map((size) => weights.slice(at, (at += size)));
  const losses = [...toFloats(PROJECT_FILES.trace, await read(PROJECT_FILES.trace), steps)];
  const epochs = settings.epochs;
  return {
    ...{ kernel1, bias1, kernel2, bias2, classes, settings, examples },
    history: history.map((epoch: object, i: number) => ({
      epoch: i + 1,
      epochs,
      ...epoch,
    })),
    trace: { losses, norms },
  };
}

async function readPicture(read: Read, name: string) {
  const bytes = await read(name);
  const size = jpegSize(bytes);
  if (!size) throw damaged(name, 'jpeg');
  if (!(size.width > 0 && size.height > 0) || Math.max(size.width, size.height) > PROJECT_LIMITS.pictureEdge) {
    throw damaged(name, 'size', size);
  }
  return new Blob([bytes], { type: 'image/jpeg' });
}
