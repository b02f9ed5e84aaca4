// The examples: each picture's features, kept once computed.

/**
 * @typedef {object} Example
 * @property {number} id rising in the order of adding
 * @property {string} classId
 * @property {Float32Array} features
 * @property {Blob} picture JPEG of the square that was learned from
 */

export class Examples {
  constructor() {
    /** @type {Map<number, Example>} in the order of adding */
    this.byId = new Map();
    /** @type {string[]} */
    this.classes = [];
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
    if (!this.classes.includes(classId)) throw new Error(`There is no class ${classId}.`);
    const id = this.nextId++;
    this.byId.set(id, { id, classId, features, picture });
    return id;
  }

  /** @param {number} id */
  remove(id) {
    this.byId.delete(id);
  }

  clear() {
    this.byId.clear();
  }

  /** @returns {Example[]} in the order of adding */
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
    this.byId = new Map(examples.map((example) => [example.id, example]));
    this.nextId = examples.reduce((last, { id }) => Math.max(last, id), 0) + 1;
  }

  /** @param {string[]} ids in display order; examples of other classes are dropped */
  setClasses(ids) {
    this.classes = [...ids];
    for (const { id, classId } of this.byId.values()) {
      if (!ids.includes(classId)) this.byId.delete(id);
    }
  }

  /** @param {string} classId */
  count(classId) {
    let count = 0;
    for (const example of this.byId.values()) if (example.classId === classId) count++;
    return count;
  }

  /**
   * What a head is trained on: examples in the order of class, then time of adding. Classes without
   * examples are left out.
   * @param {number} width of a feature vector
   * @returns {{classes: string[], ids: number[], features: Float32Array, labels: Uint16Array}}
   */
  trainingSet(width) {
    /** @type {Map<string, Example[]>} */
    const groups = new Map(this.classes.map((id) => [id, []]));
    for (const example of this.byId.values()) groups.get(example.classId)?.push(example);
    const filled = [...groups].filter(([, group]) => group.length > 0);
    const features = new Float32Array(this.size * width);
    const labels = new Uint16Array(this.size);
    /** @type {number[]} */
    const ids = [];
    filled.forEach(([, group], label) => {
      for (const example of group) {
        features.set(example.features, ids.length * width);
        labels[ids.length] = label;
        ids.push(example.id);
      }
    });
    return { classes: filled.map(([id]) => id), ids, features, labels };
  }
}
