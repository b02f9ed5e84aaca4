// Why a project or a model cannot be written or taken, as codes and data for programs, and in English.

import { CodedError, type Given, type Messages } from '../errors.ts';

/** What can be wrong at a place in a file. */
export const DAMAGES = {
  text: 'should be text',
  length: 'should have {min} to {max} characters',
  characters: 'has characters that do not belong there',
  whole: 'should be a whole number',
  range: 'should be {min} to {max}',
  number: 'should be a number',
  bounds: 'is out of bounds',
  choice: 'should be {values}',
  list: 'should be a list',
  items: 'should have {min} to {max} items',
  object: 'should be an object',
  'unknown-key': 'has an unknown key {key}',
  lacks: 'lacks {key}',
  entries: 'has more than {max} entries',
  missing: 'is missing',
  json: 'is not JSON',
  'same-class': 'two classes are the same',
  'no-class': 'photo {photo} belongs to a class that does not exist',
  order: 'the photos are not in the order they were taken',
  'no-checksum': 'holds no checksum of {file}',
  stray: 'is not part of the project',
  bytes: 'has {bytes} bytes and needs {needed}',
  infinite: 'the number at {at} is not finite',
  'other-classes': 'its classes are not those of the project',
  twice: 'names a photo twice',
  shape: 'the shape of {tensor} is wrong',
  jpeg: 'is not a JPEG',
  size: 'is a picture of {width} by {height}',
  short: 'is shorter than the head in it',
  folder: 'is a folder with contents',
  encrypted: 'is encrypted',
  packing: 'is packed in a way this page cannot read',
  'no-size': 'lacks one of its sizes',
  overlap: 'overlaps its neighbour',
  'two-sizes': 'has two sizes',
  directory: 'is not what the directory of the zip says',
  checksum: 'its checksum is wrong; copy or download it again',
  longer: 'holds more than the directory of the zip says',
  unpacking: 'cannot be unpacked',
  shorter: 'ends too early',
} as const;

/**
 * A message for each damage.
 * @param sentence around each, which `{what}` stands for
 */
export function damageMessages<Damages extends Messages>(damages: Damages, sentence: string) {
  const made = Object.entries(damages).map(([reason, what]) => [`damaged/${reason}`, sentence.replace('{what}', what)]);
  return Object.fromEntries(made) as DamageMessages<Damages>;
}

/** `where`: member of the zip, and place in it. */
type DamageMessages<Damages extends Messages> = {
  [Reason in keyof Damages & string as `damaged/${Reason}`]: `{where}${Damages[Reason]}`;
};

const TOO_LARGE = 'This project is larger than any this page could have made';

/** Of a backbone: its name, precision and the beginning of its model's hash; `our…` are the site's. */
export const PROJECT_MESSAGES = {
  'not-a-project/kind': 'This file is not a project of On-the-Fly.',
  'not-a-project/model': 'This file is not a model of On-the-Fly.',
  'not-a-project/lacks': 'This file is not a project of On-the-Fly: it has no {file}.',
  'not-a-project/zip': 'This file is not a project of On-the-Fly: it is not a zip, or only part of one.',
  'too-large/contents': 'A project holds at most {examples} photos and {classes} classes.',
  'too-large/file': `${TOO_LARGE} (the file). It was not opened.`,
  'too-large/files': `${TOO_LARGE} (the number of its files). It was not opened.`,
  'too-large/unpacked': `${TOO_LARGE} (unpacked). It was not opened.`,
  'too-large/ratio': `${TOO_LARGE} ({file}, unpacked). It was not opened.`,
  'too-large/member': '{file} is larger than it can be in a project.',
  'too-large/memory': '{file} is too large for the memory of this device.',
  'unsafe/name': 'This zip holds a file with a name that no project has. It was not opened.',
  'unsafe/twice': 'This zip holds {file} twice. It was not opened.',
  'changed/project': 'This project is not as it was exported: {file} has been changed since.',
  'changed/model': 'This model is not as it was exported: {file} has been changed since.',
  'newer/project': 'This project was made by a newer version. Open it on the site it comes from.',
  'newer/model': 'This model was made by a newer version. Load it with the site it comes from.',
  'other-backbone/model':
    'This model was made with “{name}” ({precision}, {hash}, {fit}); this site has “{ourName}” ({ourPrecision}, {ourHash}, {ourFit}).',
  'other-backbone/project':
    'This project belongs to a site with the model “{name}” ({precision}, {hash}); this one has “{ourName}” ({ourPrecision}, {ourHash}). Its photos can be learned anew here.',
  'other-backbone/crop':
    'This project belongs to a site that uses the centre of a picture; this one uses all of it. Its photos can be learned anew here.',
  'other-backbone/stretch':
    'This project belongs to a site that uses all of a picture; this one uses the centre. Its photos can be learned anew here.',
  'unreadable-photo/stored': 'This browser stored a photo in a way that cannot be exported.',
  'unreadable-photo/file': 'Photo {photo} of this project cannot be read.',
  unreadable:
    'This file cannot be read: it was moved, changed or removed since it was chosen, or is too large for this device. Choose it again.',
  'no-classes': 'There is no class to export.',
  'no-head': 'This project holds no trained head. Train before exporting it.',
  diverged: 'The training diverged: its numbers are not finite. Train with a lower rate.',
  ...damageMessages(DAMAGES, 'This project is damaged: {where}: {what}.'),
} as const;

type ProjectErrorCode =
  | 'not-a-project'
  | 'too-large'
  | 'unsafe'
  | 'damaged'
  | 'changed'
  | 'newer'
  | 'other-backbone'
  | 'unreadable-photo'
  | 'unreadable'
  | 'no-classes'
  | 'no-head'
  | 'diverged';

/** A file that cannot be taken or written. */
export class ProjectError extends CodedError<ProjectErrorCode> {
  /** @internal */
  constructor(...[key, data]: Given<typeof PROJECT_MESSAGES>) {
    super('ProjectError', PROJECT_MESSAGES, key, data);
  }
}

/**
 * A file that does not hold what it has to.
 * @param where member of the zip, and place in it
 * @param given the reason, and what says it exactly
 */
export function damaged<Reason extends keyof typeof DAMAGES>(
  where: string,
  ...[reason, data]: Given<Pick<typeof DAMAGES, Reason>>
) {
  const given = [`damaged/${reason}`, { where, ...data }] as unknown as Given<typeof PROJECT_MESSAGES>;
  return new ProjectError(...given);
}
