// What the main thread and the worker say to each other, and what the built page is told: types only.
// The two sides import this file for its types and nothing else, so neither pulls in the other's code.

/**
 * A file of the site with what is needed to trust it.
 * @typedef {object} Asset
 * @property {string} url relative to the site's root
 * @property {string} sha256 hex
 * @property {number} bytes
 */

/**
 * `site.json`, which also stands inside `index.html`.
 * @typedef {object} Site
 * @property {number} format version of this structure, 1
 * @property {string} generator such as "onthefly 0.1.0"
 * @property {string} title
 * @property {string} lang BCP 47
 * @property {string[]} classes names of the classes a new visitor starts with
 * @property {Preprocess} preprocess
 * @property {HeadSettings} head
 * @property {'float32'|'float16'|'int8'} precision
 * @property {Backbone} backbone
 * @property {Model} model
 * @property {{index: Asset, features: Asset, limit: number}} golden limit is relative to each image's max|y|
 * @property {Record<BackendName, Asset>} workers the worker's code for each backend
 * @property {{simd: Asset, plain: Asset}} wasm
 * @property {Asset} [project] the `project.zip` that a new visitor starts with
 */

/** @typedef {'wasm'|'webgl'|'webgpu'|'cpu'} BackendName */

/**
 * The backbone's files.
 * @typedef {object} Model
 * @property {string} hash
 * @property {Asset} graph
 * @property {Asset[]} shards
 * @property {Asset} [plan] what the page's own kernels compute, see kernel/backbone/plan.js
 * @property {string} [noPlan] why there is none
 */

/**
 * What computes the backbone: the page's own kernels, with or without relaxed multiply-adds, or TensorFlow.js' own.
 * @typedef {'relaxed'|'simd'|'stock'} Kernels
 */

/** @typedef {{kind: Kernels, faults: KernelFault[]}} KernelsInUse and why faster ones are not, where there are faster ones */

/**
 * Why kernels are not in use: these, or all of the page's own where it is null.
 * @typedef {{kernels: Kernels|null, error: import('./errors.js').ErrorReport}} KernelFault
 */

/**
 * @typedef {object} Preprocess
 * @property {number} size edge of the square the backbone reads, in pixels
 * @property {'crop'|'stretch'} fit
 */

/**
 * @typedef {object} HeadSettings
 * @property {number} hidden units of the hidden layer
 * @property {number} epochs
 * @property {number} batch
 * @property {number} rate Adam's learning rate
 * @property {number} seed 32-bit unsigned
 */

/**
 * @typedef {object} Backbone
 * @property {'hub'|'keras'|'url'|'archive'|'folder'|'tfjs'|'embedded'} kind
 * @property {string} name such as "MobileNetV3-Small 1.0"
 * @property {string} trainedOn what it was trained on, in words for a visitor
 * @property {number} features width of the feature vector
 * @property {string} sha256 of the weights' source
 * @property {'pinned'|'recorded'|'given'|'built-in'} trust where that hash comes from
 * @property {string} [url] where it was downloaded from
 * @property {string} [why] why this backbone was taken, where it was not the one asked for
 * @property {'-1-1'|'0-255'} [inputRange] what its original reads pictures in, where that is not [0, 1] as of the graph
 */

/**
 * Pixels for the worker. A bitmap or a frame of video is transferred and closed there; raw pixels are RGBA bytes.
 * @typedef {ImageBitmap | VideoFrame | {data: Uint8Array|Uint8ClampedArray, width: number, height: number}} Frame
 */

/**
 * Where a start-up stands. `bytes` and `total` count the model's download.
 * @typedef {object} StartProgress
 * @property {'download'|'compile'|'check'} phase
 * @property {number} bytes
 * @property {number} total
 */

/**
 * What the worker found when it started.
 * @typedef {object} Ready
 * @property {BackendName} backend
 * @property {KernelsInUse} kernels
 * @property {number} features width of the feature vector
 * @property {SelfCheck} selfCheck
 * @property {boolean} exactPixels false where the browser changes the pixels that a page reads
 */

/**
 * The golden features as this browser computes them, against the build's.
 * @typedef {object} SelfCheck
 * @property {number} error largest difference over the image's max|y|, over all golden images
 * @property {number} limit
 * @property {number} images
 */

/**
 * @typedef {object} Added
 * @property {number} id of the example, unique and rising in time
 * @property {number} count examples of its class now
 * @property {Blob} thumbnail JPEG of the square that was learned from
 * @property {Float32Array} features what the backbone made of it
 */

/**
 * A class and what belongs to it.
 * @typedef {object} ArrangedClass
 * @property {string} id
 * @property {boolean} enabled whether it takes part in training
 * @property {Uint32Array} examples ids
 */

/**
 * What a second head, trained without the held-out photos, says of them.
 * @typedef {object} HeldOutResult
 * @property {string[]} classes ids, in the order of the outputs
 * @property {number[][]} confusion a row for what a photo shows, a column for what the head says
 * @property {Mistake[]} mistakes the most confident first
 * @property {number} taught photos it was trained on
 * @property {number} asked photos that were held out
 * @property {number} ms
 */

/**
 * @typedef {object} Mistake
 * @property {number} id of the example
 * @property {string} classId what it shows
 * @property {string} said what the head says
 * @property {number} probability of what it says
 */

/**
 * One epoch of training, as Keras' history counts it.
 * @typedef {object} EpochReport
 * @property {number} epoch counted from 1
 * @property {number} epochs
 * @property {number} loss mean over the epoch's examples
 * @property {number} accuracy share of the epoch's examples, 0 to 1
 */

/**
 * @typedef {object} TrainResult
 * @property {'trained'|'stopped'|'too-few'} outcome 'too-few': fewer than two classes have examples
 * @property {EpochReport[]} history
 * @property {string[]} classes ids of the classes that were trained on
 * @property {number} examples
 * @property {number} ms time spent
 * @property {Engine|null} engine what trained; null where nothing was
 */

/** @typedef {'wasm-simd'|'plain'} Engine what trains the head: the kernel in `kernel/`, or the loops in `core/head.js` */

/**
 * @typedef {object} Prediction
 * @property {Record<string, number>} probabilities by class id; classes without examples are absent
 * @property {number} ms time for preprocessing, backbone and head
 */

/**
 * @typedef {object} Snapshot
 * @property {string[]} classes ids in display order
 * @property {SnapshotExample[]} examples in the order of adding
 * @property {HeadSnapshot|null} head
 */

/**
 * @typedef {object} SnapshotExample
 * @property {number} id
 * @property {string|null} classId null while it is set aside
 * @property {Float32Array} features
 * @property {Blob} picture
 */

/**
 * How a head came about: enough to train it again and to see where another run parts from this one.
 * @typedef {object} HeadRun
 * @property {string[]} classes ids, in the order of the outputs
 * @property {HeadSettings} settings
 * @property {number[]} examples ids, in the order of training
 * @property {EpochReport[]} history
 * @property {import('./core/training.js').Trace} trace
 */

/** @typedef {import('./core/head.js').HeadWeights & HeadRun} HeadSnapshot */

/**
 * The steps of what the page computes, one by one, so that a reference can follow them.
 * @typedef {object} ProbeApi
 * @property {(frame: Frame, fit?: 'crop'|'stretch') => Promise<Float32Array>} preprocess the backbone's input,
 *   [size, size, 3]; `fit` is the site's own unless given
 * @property {(shape: import('./core/head.js').HeadShape, seed: number) => import('./core/head.js').HeadWeights} initialWeights
 * @property {(task: ProbeTask) => ProbeRun} train on given features, in one go
 * @property {(shape: import('./core/head.js').HeadShape, weights: import('./core/head.js').HeadWeights, features: Float32Array)
 *   => Float32Array} predict probabilities for one feature vector
 */

/**
 * @typedef {object} ProbeTask
 * @property {Float32Array} features [n, F]
 * @property {Uint16Array} labels [n]
 * @property {number} classes
 * @property {HeadSettings} settings
 * @property {boolean} states whether the state after every step is wanted
 * @property {Engine} [engine] to train with; the visitor's own unless given
 */

/**
 * @typedef {object} ProbeRun
 * @property {EpochReport[]} history
 * @property {import('./core/head.js').HeadWeights} weights at the end
 * @property {ProbeStep[]} steps
 * @property {Engine} engine what trained
 */

/**
 * @typedef {object} ProbeStep
 * @property {number[]} indices of the batch's examples
 * @property {number} loss summed over the batch, before the step
 * @property {number} correct
 * @property {Float32Array|null} state after the step: for kernel1, bias1, kernel2, bias2 the values, then m, then v
 */

/**
 * The worker's functions, called through Comlink; each returns a promise on the main thread.
 * @typedef {object} WorkerApi
 * @property {(site: Site, base: string, onProgress?: (p: StartProgress) => void,
 *   take?: (asset: Asset) => Promise<ArrayBuffer>, kernels?: Kernels) => Promise<Ready>} start `base` is the absolute
 *   URL of the site's root; `take` gives verified files, which the worker downloads by itself otherwise; `kernels` are
 *   to compute and no others, the fastest otherwise
 * @property {(ids: string[]) => void} setClasses ids in display order; examples of absent ids are dropped
 * @property {(frame: Frame, classId: string) => Promise<Added>} addExample
 * @property {(frames: Frame[], classIds: string[]) => Promise<(Added|null)[]>} addExamples several at once, all of them or,
 *   where it rejects, none; null for those whose class is gone. Predictions have their turn between them
 * @property {(frames: Frame[]) => Promise<Float32Array[]>} embedAll the feature vectors, likewise
 * @property {(id: number) => void} removeExample
 * @property {(classes: ArrangedClass[], upTo: number) => void} arrange which examples belong to which class, classes in
 *   display order; others up to the id `upTo` are set aside: kept, and not trained on
 * @property {(ids: Uint32Array|number[]) => void} forget drops examples
 * @property {(settings: HeadSettings, onEpoch?: (e: EpochReport) => void) => Promise<TrainResult>} train
 * @property {() => void} stopTraining and any `evaluate`
 * @property {(settings: HeadSettings, share: number) => Promise<HeldOutResult|null>} evaluate trains a second head
 *   without a share of every class's photos and asks it about them; null where it was stopped, or has nothing to ask.
 *   The head that predicts is left as it is
 * @property {() => void} reset forgets every example and the head
 * @property {(frame: Frame) => Promise<Prediction|null>} predict null while there is no head
 * @property {(frame: Frame) => Promise<Float32Array>} embed the feature vector
 * @property {(frame: VideoFrame, bitmap: ImageBitmap) => Promise<boolean|null>} agree whether a frame of video shows what
 *   a bitmap of the same moment shows; null where the picture is blank. Both are closed
 * @property {() => Promise<number>} timeFrame milliseconds that a frame takes, from pixels to features
 * @property {() => Promise<unknown>} lost resolves when the backend cannot compute any more, as when the graphics card
 *   is taken away; what was taught can still be had by `snapshot`
 * @property {() => HeadSnapshot|null} head the one that predicts
 * @property {() => Snapshot} snapshot everything that was taught, for another worker or a file
 * @property {(snapshot: Snapshot) => void} restore takes the place of everything taught so far
 * @property {ProbeApi} probe for `onthefly validate`
 * @property {() => {tensors: number, bytes: number, examples: number}} memory of the
 *   backbone, and examples kept
 */

export {};
