// The examples: each picture's features, kept once computed.

import { WorkerError } from '../errors.js';

/**
 * @typedef {object} Example
 * @property {number} id rising in the order of adding
 * @property {string|null} classId null while it is set aside: not trained on, until it is placed again or forgotten
 * @property {Float32Array} features
 * @property {Blob} picture JPEG of the square that was learned from
 */

/**
 * What a head is trained on. The feature vectors are the examples' own: nothing is copied to make this.
 * @typedef {object} TrainingSet
 * @property {string[]} classes ids, in the order of the outputs
 * @property {number[]} ids of the examples, in the order of training
 * @property {Float32Array[]} rows [n] feature vectors
 * @property {Uint16Array} labels [n] places in `classes`
 */

export class Examples {
  constructor() {
    /** @type {Map<number, Example>} in the order of adding */
    this.byId = new Map();
    /** @type {string[]} */
    this.classes = [];
    /** @type {Set<string>} classes that keep their examples and stay out of training */
    this.disabled = new Set();
    /** @type {Map<string|null, number>} how many examples each class has, so that adding one counts none of the others */
    this.counts = new Map();
    this.nextId = 1;
  }

  get size() {
    return this.byId.size;
  }

  /**
   * @param {string} classId
   * @param {Float32Array} features
   * @param {Blob} picture
   * @returns {number} the example's id
   */
  add(classId, features, picture) {
    if (!this.classes.includes(classId)) throw new WorkerError('no-class', { class: classId });
    const id = this.nextId++;
    this.byId.set(id, { id, classId, features, picture });
    this.counts.set(classId, this.count(classId) + 1);
    return id;
  }

  /** @param {number} id */
  remove(id) {
    const example = this.byId.get(id);
    if (!example) return;
    this.byId.delete(id);
    this.counts.set(example.classId, this.count(example.classId) - 1);
  }

  clear() {
    this.byId.clear();
    this.counts.clear();
  }

  /** @returns {Example[]} in the order of adding, those that were set aside too */
  all() {
    return [...this.byId.values()];
  }

  /**
   * Takes the place of everything kept so far.
   * @param {string[]} classes
   * @param {Example[]} examples in the order of adding, their ids rising
   */
  replace(classes, examples) {
    this.classes = [...classes];
    this.disabled.clear();
    this.byId = new Map(examples.map((example) => [example.id, example]));
    this.nextId = examples.reduce((last, { id }) => Math.max(last, id), 0) + 1;
    this.countAll();
  }

  /** @param {string[]} ids in display order; examples of other classes are dropped */
  setClasses(ids) {
    this.classes = [...ids];
    this.disabled.clear();
    for (const { id, classId } of this.byId.values()) {
      if (classId === null || !ids.includes(classId)) this.remove(id);
    }
  }

  /**
   * Says which examples belong to which class. Those that are not named are set aside, not lost.
   * @param {import('../protocol.js').ArrangedClass[]} classes in display order
   * @param {number} upTo the last id that the caller knows of: later examples stay in their class
   */
  arrange(classes, upTo) {
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

  /** @param {ArrayLike<number>} ids */
  forget(ids) {
    for (const id of Array.from(ids)) this.remove(id);
  }

  /** @param {string|null} classId */
  count(classId) {
    return this.counts.get(classId) ?? 0;
  }

  countAll() {
    this.counts.clear();
    for (const { classId } of this.byId.values()) this.counts.set(classId, this.count(classId) + 1);
  }

  /**
   * What a head is trained on: examples in the order of class, then time of adding. Classes without
   * examples and disabled ones are left out.
   * @returns {TrainingSet}
   */
  trainingSet() {
    const taking = this.classes.filter((id) => !this.disabled.has(id));
    /** @type {Map<string|null, Example[]>} */
    const groups = new Map(taking.map((id) => [id, []]));
    for (const example of this.byId.values()) groups.get(example.classId)?.push(example);
    const filled = /** @type {[string, Example[]][]} */ ([...groups].filter(([, group]) => group.length > 0));
    const ordered = filled.flatMap(([, group]) => group);
    return {
      classes: filled.map(([id]) => id),
      ids: ordered.map(({ id }) => id),
      rows: ordered.map(({ features }) => features),
      labels: Uint16Array.from(filled.flatMap(([, group], label) => group.map(() => label))),
    };
  }
}
