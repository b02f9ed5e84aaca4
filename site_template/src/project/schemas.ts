// Written by `make contract` from contract.py and project/format/schema.py in builder/onthefly_studio.

import { list, number, oneOf, optional, record, table, text, whole } from './schema.ts';

const backbone = record({ name: text({ min: 1, max: 500 }), kind: text({ min: 1, max: 20 }), sha256: text({ min: 64, max: 64, pattern: /^[0-9a-f]+$/ }), modelHash: text({ min: 16, max: 64, pattern: /^[0-9a-f]+$/ }), features: whole(1, 8192), precision: oneOf("float32", "float16", "int8") });

const exampleEntry = record({ id: whole(1, 9007199254740991), class: text({ min: 1, max: 100 }) });

const preprocess = record({ size: whole(1, 1024), fit: oneOf("crop", "stretch") });

const projectClass = record({ id: text({ min: 1, max: 100 }), name: text({ min: 1, max: 200 }), tone: whole(0, 255), folder: text({ max: 60, pattern: /^[1-9][0-9]{0,3}(-[a-z0-9]+)*$/ }), enabled: optional(oneOf(true, false)) });

const settings = record({ hidden: whole(1, 4096), epochs: whole(1, 1000), batch: whole(1, 4096), rate: number({ above: 0, max: 1 }), seed: whole(0, 4294967295) });

const epochEntry = record({ loss: number(), accuracy: number({ min: 0, max: 1 }) });

const shapes = record({ kernel1: list(whole(1, 33554432), 2, 2), bias1: list(whole(1, 33554432), 1, 1), kernel2: list(whole(1, 33554432), 2, 2), bias2: list(whole(1, 33554432), 1, 1) });

/** Of the object in `project.json`. */
export const projectSchema = record({ format: oneOf(1), kind: oneOf("onthefly-project"), generator: text({ min: 1, max: 200 }), backbone: backbone, preprocess: preprocess, settings: settings, classes: list(projectClass, 1, 1000), examples: list(exampleEntry, 0, 60000), files: table(text({ min: 1, max: 200 }), text({ min: 64, max: 64, pattern: /^[0-9a-f]+$/ }), 65535) });

/** Of the object in `head.json`. */
export const headSchema = record({ format: oneOf(1), classes: list(text({ min: 1, max: 100 }), 2, 1000), settings: settings, shapes: shapes, examples: list(whole(1, 9007199254740991), 2, 60000), history: list(epochEntry, 0, 1000), norms: list(list(number({ min: 0 }), 4, 4), 0, 1001), steps: whole(0, 16777216) });

/** Of the settings of a training. */
export const settingsSchema = settings;

/** Of the object in an exported model's `onthefly.json`. */
export const modelSchema = record({ format: oneOf(1), kind: oneOf("onthefly-model"), generator: text({ min: 1, max: 200 }), backbone: backbone, preprocess: preprocess, settings: settings, classes: list(text({ min: 1, max: 200 }), 2, 1000), files: table(text({ min: 1, max: 200 }), text({ min: 64, max: 64, pattern: /^[0-9a-f]+$/ }), 100) });
