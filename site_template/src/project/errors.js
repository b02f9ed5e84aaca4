// Why a project or a model cannot be written or taken, as codes and data for programs, and in English.

import { CodedError } from '../errors.js';

/** @typedef {import('../errors.js').Messages} Messages */

/** What can be wrong at a place in a file. */
export const DAMAGES = {
  text: () => 'should be text',
  length: (/** @type {Range} */ { min, max }) => `should have ${min} to ${max} characters`,
  characters: () => 'has characters that do not belong there',
  whole: () => 'should be a whole number',
  range: (/** @type {Range} */ { min, max }) => `should be ${min} to ${max}`,
  number: () => 'should be a number',
  bounds: () => 'is out of bounds',
  choice: (/** @type {{values: string[]}} */ { values }) => `should be ${values.join(' or ')}`,
  list: () => 'should be a list',
  items: (/** @type {Range} */ { min, max }) => `should have ${min} to ${max} items`,
  object: () => 'should be an object',
  'unknown-key': (/** @type {{key: string}} */ { key }) => `has an unknown key ${JSON.stringify(key)}`,
  lacks: (/** @type {{key: string}} */ { key }) => `lacks ${key}`,
  entries: (/** @type {{max: number}} */ { max }) => `has more than ${max} entries`,
  missing: () => 'is missing',
  json: () => 'is not JSON',
  'same-class': () => 'two classes are one',
  'no-class': (/** @type {{photo: number}} */ { photo }) => `photo ${photo} is of a class that is not there`,
  order: () => 'the photos do not stand in the order they were taken',
  'no-checksum': (/** @type {{file: string}} */ { file }) => `holds no checksum of ${file}`,
  stray: () => 'is not part of the project',
  bytes: (/** @type {{bytes: number, needed: number}} */ { bytes, needed }) => `has ${bytes} bytes and needs ${needed}`,
  infinite: (/** @type {{at: number}} */ { at }) => `the number at ${at} is not finite`,
  'other-classes': () => 'its classes are not those of the project',
  twice: () => 'names a photo twice',
  shape: (/** @type {{tensor: string}} */ { tensor }) => `the shape of ${tensor} is wrong`,
  jpeg: () => 'is not a JPEG',
  size: (/** @type {{width: number, height: number}} */ { width, height }) => `is a picture of ${width} by ${height}`,
  short: () => 'is shorter than the head in it',
  folder: () => 'is a folder with contents',
  encrypted: () => 'is encrypted',
  packing: () => 'is packed in a way this page does not read',
  'no-size': () => 'lacks one of its sizes',
  overlap: () => 'reaches into its neighbour',
  'two-sizes': () => 'has two sizes',
  directory: () => 'is not what the directory of the zip says',
  checksum: () => 'its checksum is wrong; copy or download it again',
  longer: () => 'holds more than the directory of the zip says',
  unpacking: () => 'cannot be unpacked',
  shorter: () => 'ends too early',
};

/** @typedef {{min: number, max: number}} Range */

/**
 * A message for each damage.
 * @template {Messages} Damages
 * @param {Damages} damages
 * @param {(where: string, what: string) => string} sentence
 */
export function damageMessages(damages, sentence) {
  const made = Object.entries(damages).map(([reason, what]) => [
    `damaged/${reason}`,
    (/** @type {{where: string}} */ data) => sentence(data.where, what(data)),
  ]);
  return /** @type {DamageMessages<Damages>} */ (Object.fromEntries(made));
}

/**
 * `where`: member of the zip, and place in it.
 * @template {Messages} Damages
 * @typedef {{[Reason in keyof Damages & string as `damaged/${Reason}`]: (data: {where: string} & DataOf<Damages[Reason]>)
 *   => string}} DamageMessages
 */

/**
 * @template {(data: any) => string} Message
 * @typedef {Parameters<Message> extends [infer Data] ? Data : {}} DataOf
 */

/** @param {'crop'|'stretch'} fit */
const part = (fit) => (fit === 'crop' ? 'centre' : 'whole');

/**
 * A backbone as a message names it.
 * @typedef {object} NamedBackbone
 * @property {string} name
 * @property {string} precision
 * @property {string} hash beginning of the model's
 * @property {'crop'|'stretch'} fit
 */

/** @typedef {{theirs: NamedBackbone, ours: NamedBackbone}} Backbones of a file, and of the site */

export const PROJECT_MESSAGES = {
  'not-a-project/kind': () => 'This file is not a project of On-the-Fly.',
  'not-a-project/model': () => 'This file is not a model of On-the-Fly.',
  'not-a-project/lacks': (/** @type {{file: string}} */ { file }) =>
    `This file is not a project of On-the-Fly: it has no ${file}.`,
  'not-a-project/zip': () => 'This file is not a project of On-the-Fly: it is no zip, or only a part of one.',
  'too-large/contents': (/** @type {{examples: number, classes: number}} */ { examples, classes }) =>
    `A project holds at most ${examples} photos and ${classes} classes.`,
  'too-large/file': () => tooLarge('the file'),
  'too-large/files': () => tooLarge('the number of its files'),
  'too-large/unpacked': () => tooLarge('unpacked'),
  'too-large/ratio': (/** @type {{file: string}} */ { file }) => tooLarge(`${file}, unpacked`),
  'too-large/member': (/** @type {{file: string}} */ { file }) => `${file} is larger than it can be in a project.`,
  'too-large/memory': (/** @type {{file: string}} */ { file }) => `${file} is larger than this device has memory for.`,
  'unsafe/name': () => 'This zip holds a file with a name that no project has. It was not opened.',
  'unsafe/twice': (/** @type {{file: string}} */ { file }) => `This zip holds ${file} twice. It was not opened.`,
  'changed/project': (/** @type {{file: string}} */ { file }) =>
    `This project is not as it was exported: ${file} has been changed since.`,
  'changed/model': (/** @type {{file: string}} */ { file }) =>
    `This model is not as it was exported: ${file} has been changed since.`,
  'newer/project': () => 'This project was made by a newer version. Open it on the site it comes from.',
  'newer/model': () => 'This model was made by a newer version. Load it with the site it comes from.',
  'other-backbone/model': (/** @type {Backbones} */ { theirs, ours }) =>
    `This model was made with ${inFull(theirs)}; this site has ${inFull(ours)}.`,
  'other-backbone/project': (/** @type {Backbones} */ { theirs, ours }) =>
    `This project belongs to a site with the model “${theirs.name}” (${theirs.precision}, ${theirs.hash}); ` +
    `this one has “${ours.name}” (${ours.precision}, ${ours.hash}). Its photos can be learned anew here.`,
  'other-backbone/fit': (/** @type {Backbones} */ { theirs, ours }) =>
    `This project belongs to a site that uses the ${part(theirs.fit)} of a picture; ` +
    `this one has the ${part(ours.fit)}. Its photos can be learned anew here.`,
  'unreadable-photo/stored': () => 'This browser stored a photo in a way that cannot be exported.',
  'unreadable-photo/file': (/** @type {{photo: number}} */ { photo }) =>
    `Photo ${photo} of this project cannot be read.`,
  unreadable: () =>
    'This file cannot be read: it was moved, changed or removed since it was chosen, or is too large for this device. Choose it again.',
  'no-classes': () => 'There is no class to export.',
  'no-head': () => 'This project holds no trained head. Train before exporting it.',
  diverged: () => 'The training ran away: its numbers are not finite. Train with a lower rate.',
  ...damageMessages(DAMAGES, (where, what) => `This project is damaged: ${where}: ${what}.`),
};

/** @param {string} what */
function tooLarge(what) {
  return `This project is larger than any this page could have made (${what}). It was not opened.`;
}

/** @param {NamedBackbone} backbone */
function inFull({ name, precision, hash, fit }) {
  return `“${name}” (${precision}, ${hash}, ${fit})`;
}

/** @typedef {import('../errors.js').CodeOf<keyof typeof PROJECT_MESSAGES>} ProjectErrorCode */

/** @extends {CodedError<ProjectErrorCode>} */
export class ProjectError extends CodedError {
  /** @param {import('../errors.js').Given<typeof PROJECT_MESSAGES>} given */
  constructor(...[key, data]) {
    super('ProjectError', PROJECT_MESSAGES, key, data);
  }
}

/**
 * A file that does not hold what it has to.
 * @template {keyof typeof DAMAGES} Reason
 * @param {string} where member of the zip, and place in it
 * @param {Reason} reason
 * @param {Parameters<(typeof DAMAGES)[Reason]>} data that say it exactly
 */
export function damaged(where, reason, ...[data]) {
  const given = /** @type {import('../errors.js').Given<typeof PROJECT_MESSAGES>} */ (
    /** @type {unknown} */ ([`damaged/${reason}`, { where, ...data }])
  );
  return new ProjectError(...given);
}
