// What the store takes and gives, and how it becomes records.

import type { HeadSnapshot } from '../protocol.ts';
import type { ProjectRecord } from './database.ts';
import { workingError } from './errors.ts';

/** What the store reads of a project's document. The document may hold anything else that can be cloned. */
export interface DocBasics {
  /** Of the project. */
  name: string;
  /** In display order. */
  classes: (string | { name: string })[];
  /** That the features come from. */
  backbone: { modelHash: string; name: string };
}

export interface ProjectInfo {
  id: string;
  name: string;
  /** When it was last changed, in milliseconds since 1970. */
  updated: number;
  /** How many. */
  examples: number;
  /** Names, in display order. */
  classes: string[];
  backbone: { modelHash: string; name: string };
  /** Of the examples and the head. */
  bytes: number;
}

export interface StoredExample {
  /** Rising in the order of adding. */
  id: number;
  classId: string | null;
  features: Float32Array;
  picture: Blob;
}

export interface StoredProject<Doc extends DocBasics> {
  doc: Doc;
  /** In the order of their ids. */
  examples: StoredExample[];
  head: HeadSnapshot | null;
}

/**
 * Keys of a project's examples. An array comes after every number.
 * @param id of the project
 * @param after of the example before the first
 */
export const rangeOf = (id: string, after?: number) =>
  after === undefined ? IDBKeyRange.bound([id], [id, []]) : IDBKeyRange.bound([id, after], [id, []], true);

/**
 * Reads a project's examples part by part, in the order of their ids.
 * @param id of the project
 * @param most examples of a part
 */
export async function inParts(
  id: string,
  most: number,
  read: (range: IDBKeyRange, most: number) => Promise<{ id: number }[]>,
) {
  let part: { id: number }[] = [];
  do part = await read(rangeOf(id, part.at(-1)?.id), most);
  while (part.length === most);
}

export function basicsOf({ name, classes, backbone }: DocBasics): Pick<ProjectRecord, 'name' | 'classes' | 'backbone'> {
  return {
    name,
    classes: classes.map((each) => (typeof each === 'string' ? each : each.name)),
    backbone: { modelHash: backbone.modelHash, name: backbone.name },
  };
}

export function copied<Copy>(copy: () => Copy): Copy {
  try {
    return copy();
  } catch (error) {
    throw workingError(error);
  }
}

/** A copy whose tensors have buffers of their own size. */
export function compact(head: HeadSnapshot): HeadSnapshot {
  const { kernel1, bias1, kernel2, bias2, ...rest } = head;
  return {
    ...structuredClone(rest),
    kernel1: kernel1.slice(),
    bias1: bias1.slice(),
    kernel2: kernel2.slice(),
    bias2: bias2.slice(),
  };
}

export const weightBytes = ({ kernel1, bias1, kernel2, bias2 }: HeadSnapshot) =>
  [kernel1, bias1, kernel2, bias2].reduce((sum, { byteLength }) => sum + byteLength, 0);
