// What `project.zip` is made of; docs/formats.md describes it. Its names and bounds are in the contract.

import type { HeadSettings, HeadSnapshot, Preprocess, Site, SnapshotExample } from '../protocol.ts';

export interface ProjectClass {
  id: string;
  name: string;
  /** Which class colour. */
  tone: number;
  /** False where the class is left out of training; true unless it stands there. */
  enabled?: boolean;
}

export type ProjectExample = SnapshotExample & { classId: string };

export interface ProjectBackbone {
  name: string;
  kind: string;
  /** Of the weights' source. */
  sha256: string;
  /** Of the files of the converted model: equal means equal features. */
  modelHash: string;
  features: number;
  precision: 'float32' | 'float16' | 'int8';
}

export interface Project {
  generator: string;
  /** In display order. */
  classes: ProjectClass[];
  /** For the next training. */
  settings: HeadSettings;
  preprocess: Preprocess;
  backbone: ProjectBackbone;
  /** In the order of adding. */
  examples: ProjectExample[];
  head: HeadSnapshot | null;
}

/** The object in `project.json`, its schema checked. */
export interface Described {
  format: number;
  kind: string;
  generator: string;
  backbone: ProjectBackbone;
  preprocess: Preprocess;
  settings: HeadSettings;
  classes: (ProjectClass & { folder: string })[];
  examples: { id: number; class: string }[];
  /** sha256 of each other file in the zip. */
  files: Record<string, string>;
}

/** The folder of a class inside the zip: its place and what of its name every file system takes. */
export function folderOf(name: string, index: number) {
  const words =
    name
      .normalize('NFKD')
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  return [String(index + 1), ...words].join('-').slice(0, 40).replace(/-$/, '');
}

/** @param folder of the class */
export const picturePath = (folder: string, exampleId: number) => `images/${folder}/${exampleId}.jpg`;

/** The shapes of the head's tensors. */
export const shapesOf = (features: number, hidden: number, classes: number) => ({
  kernel1: [features, hidden],
  bias1: [hidden],
  kernel2: [hidden, classes],
  bias2: [classes],
});

/** A class's name as a file holds it: one that every reader of JSON takes, and that is not empty. */
export function readableName(name: string, index: number) {
  const characters = [...name.replace(/\p{Surrogate}/gu, '\ufffd')];
  return characters.slice(0, 200).join('') || String(index + 1);
}

/** What a file says of a site's backbone. */
export function backboneOf({ backbone, model, precision }: Site): ProjectBackbone {
  const { kind, sha256, features } = backbone;
  const name = backbone.name.slice(0, 500);
  return { name, kind, sha256, modelHash: model.hash, features, precision };
}
