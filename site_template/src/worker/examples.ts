// The examples: each picture's features, kept once computed.

import { WorkerError } from '../errors.ts';
import type { ArrangedClass } from '../protocol.ts';

interface Example {
  /** Rising in the order of adding. */
  id: number;
  /** Null while it is set aside: not trained on, until it is placed again or forgotten. */
  classId: string | null;
  features: Float32Array;
  /** JPEG of the square that was learned from. */
  picture: Blob;
}

/** What a head is trained on. The feature vectors are the examples' own: nothing is copied to make this. */
export interface TrainingSet {
  /** Ids, in the order of the outputs. */
  classes: string[];
  /** Of the examples, in the order of training. */
  ids: number[];
  /** [n] feature vectors. */
  rows: Float32Array[];
  /** [n] places in `classes`. */
  labels: Uint16Array;
}

export class Examples {
  /** In the order of adding. */
  byId: Map<number, Example>;
  classes: string[];
  /** Classes that keep their examples and stay out of training. */
  disabled: Set<string>;
  /** How many examples each class has, so that adding one counts none of the others. */
  counts: Map<string | null, number>;
  nextId: number;

  constructor() {
    this.byId = new Map();
    this.classes = [];
    this.disabled = new Set();
    this.counts = new Map();
    this.nextId = 1;
  }

  get size() {
    return this.byId.size;
  }

  /** @returns the example's id */
  add(classId: string, features: Float32Array, picture: Blob): number {
    if (!this.classes.includes(classId)) throw new WorkerError('no-class', { class: classId });
    const id = this.nextId++;
    this.byId.set(id, { id, classId, features, picture });
    this.counts.set(classId, this.count(classId) + 1);
    return id;
  }

  remove(id: number) {
    const example = this.byId.get(id);
    if (!example) return;
    this.byId.delete(id);
    this.counts.set(example.classId, this.count(example.classId) - 1);
  }

  clear() {
    this.byId.clear();
    this.counts.clear();
  }

  /** @returns in the order of adding, those that were set aside too */
  all(): Example[] {
    return [...this.byId.values()];
  }

  /**
   * Takes the place of everything kept so far.
   * @param examples in the order of adding, their ids rising
   */
  replace(classes: string[], examples: Example[]) {
    this.classes = [...classes];
    this.disabled.clear();
    this.byId = new Map(examples.map((example) => [example.id, example]));
    this.nextId = examples.reduce((last, { id }) => Math.max(last, id), 0) + 1;
    this.countAll();
  }

  /** @param ids in display order; examples of other classes are dropped */
  setClasses(ids: string[]) {
    this.classes = [...ids];
    this.disabled.clear();
    for (const { id, classId } of this.byId.values()) {
      if (classId === null || !ids.includes(classId)) this.remove(id);
    }
  }

  /**
   * Says which examples belong to which class. Those that are not named are set aside, not lost.
   * @param classes in display order
   * @param upTo the last id that the caller knows of: later examples stay in their class
   */
  arrange(classes: ArrangedClass[], upTo: number) {
    this.classes = classes.map(({ id }) => id);
    this.disabled = new Set(classes.filter(({ enabled }) => !enabled).map(({ id }) => id));
    for (const example of this.byId.values()) {
      if (example.id <= upTo || !this.classes.includes(example.classId ?? '')) example.classId = null;
    }
    for (const { id, examples } of classes) {
      for (const exampleId of examples) {
        const example = this.byId.get(exampleId);
        if (example) example.classId = id;
      }
    }
    this.countAll();
  }

  forget(ids: ArrayLike<number>) {
    for (const id of Array.from(ids)) this.remove(id);
  }

  count(classId: string | null) {
    return this.counts.get(classId) ?? 0;
  }

  countAll() {
    this.counts.clear();
    for (const { classId } of this.byId.values()) this.counts.set(classId, this.count(classId) + 1);
  }

  /**
   * What a head is trained on: examples in the order of class, then time of adding. Classes without
   * examples and disabled ones are left out.
   */
  trainingSet(): TrainingSet {
    const taking = this.classes.filter((id) => !this.disabled.has(id));
    const groups: Map<string | null, Example[]> = new Map(taking.map((id) => [id, []]));
    for (const example of this.byId.values()) groups.get(example.classId)?.push(example);
    const filled = [...groups].filter(([, group]) => group.length > 0) as [string, Example[]][];
    const ordered = filled.flatMap(([, group]) => group);
    return {
      classes: filled.map(([id]) => id),
      ids: ordered.map(({ id }) => id),
      rows: ordered.map(({ features }) => features),
      labels: Uint16Array.from(filled.flatMap(([, group], label) => group.map(() => label))),
    };
  }
}
