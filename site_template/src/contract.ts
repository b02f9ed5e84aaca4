// Written by `make contract` from contract.py and project/format/schema.py in builder/onthefly_studio.

/** In the order in which they are tried. */
export const BACKENDS = ["wasm", "webgl", "webgpu", "cpu"] as const;

/** The version that the page is built with. */
export const TENSORFLOW_JS = "4.22.0";

/** How many colours classes have. */
export const CLASS_TONES = 10;

/** What a photo in a file may have at most. */
export const PICTURE_PIXELS = 120000000;

/** What a visitor may set for training, by name. */
export const HEAD_SETTINGS = {
  "hidden": {
    "default": 128,
    "min": 1,
    "max": 4096,
    "whole": true,
    "above": false
  },
  "epochs": {
    "default": 10,
    "min": 1,
    "max": 1000,
    "whole": true,
    "above": false
  },
  "batch": {
    "default": 5,
    "min": 1,
    "max": 4096,
    "whole": true,
    "above": false
  },
  "rate": {
    "default": 0.001,
    "min": 0,
    "max": 1,
    "whole": false,
    "above": true
  },
  "seed": {
    "default": 1,
    "min": 0,
    "max": 4294967295,
    "whole": true,
    "above": false
  }
};

/** Of every class's photos. */
export const HELD_OUT_PERCENT = {
  "default": 20,
  "min": 5,
  "max": 50,
  "whole": true,
  "above": false
};

/** Of the head, in their order in files. */
export const TENSORS = ["kernel1", "bias1", "kernel2", "bias2"] as const;

/** A reader refuses a higher one. */
export const PROJECT_FORMAT = 1;

/** What `project.json` says it is. */
export const PROJECT_KIND = "onthefly-project";

/** Names in a `project.zip`. */
export const PROJECT_FILES = {
  "project": "project.json",
  "features": "features.f32",
  "head": "head.json",
  "weights": "head.f32",
  "trace": "trace.f32",
  "metadata": "metadata.json"
};

/** How much a `project.zip` may hold; bytes, pixels and counts. */
export const PROJECT_LIMITS = {
  "zipBytes": 1073741824,
  "totalBytes": 1073741824,
  "entries": 65535,
  "records": 131070,
  "directoryBytes": 67108864,
  "nameLength": 1000,
  "ratio": 100,
  "ratioFrom": 65536,
  "jsonBytes": 33554432,
  "pictureBytes": 4194304,
  "pictureEdge": 4096,
  "classes": 1000,
  "examples": 60000,
  "features": 8192,
  "steps": 16777216
};

/** A reader refuses a higher one. */
export const MODEL_FORMAT = 1;

/** What `onthefly.json` says it is. */
export const MODEL_KIND = "onthefly-model";
