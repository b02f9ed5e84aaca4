// Every word the scripts show. The texts that stand without JavaScript are in index.html.j2.

/**
 * @param {number} n
 * @param {string} one
 * @param {string} many
 */
const counted = (n, one, many) => `${n} ${n === 1 ? one : many}`;

/** @param {number} n */
const photos = (n) => counted(n, 'photo', 'photos');

export const strings = {
  camera: {
    start: 'Start camera',
    stop: 'Stop camera',
    starting: 'Waiting for the camera…',
    off: 'The camera is off.',
    hint: 'What you see in this square is what the model learns from.',
    hintStretch: 'The model learns from this whole picture, squeezed into a square.',
    preview: 'Camera preview',
    recording: 'Recording',
    faults: {
      refused:
        'The camera was refused. Allow it for this page in the address bar or the browser’s settings, then press Start camera.',
      missing: 'No camera was found. Connect one, then press Start camera.',
      busy: 'The camera did not start. Another program may be using it: close that one, then press Start camera.',
      constraints: 'This camera offers no picture size that the page can use. Try another camera.',
      unplugged: 'The camera was disconnected. Connect it again, then press Start camera.',
      unknown: 'The camera could not be started. Reload the page, or try another browser.',
    },
  },

  insecure: {
    title: 'This page needs a secure address',
    text: 'A browser opens the camera, and lets this page check its files, only on an address that starts with https:// or on localhost.',
    /** @param {string} address */
    here: (address) => `You are at ${address}`,
    open: 'Open over https',
    publisher: 'If this is your own site: turn on https at your host, or try it on this computer through localhost.',
  },

  unsupported: {
    title: 'This browser cannot run the page',
    missing: {
      'no-worker': 'Web workers, in which the model runs, are missing or switched off.',
    },
    text: 'A current version of Firefox, Chrome, Edge or Safari has what it takes.',
  },

  startup: {
    title: 'Loading the model',
    status: 'The model is loading.',
    label: 'Model download',
    connect: 'Starting…',
    compile: 'Preparing the model…',
    check: 'Checking its results on this device…',
    /**
     * @param {string} bytes
     * @param {string} total
     * @param {string} percent
     */
    download: (bytes, total, percent) => `${bytes} of ${total} MB · ${percent}`,
    meanwhile: 'You can already start the camera and name your classes.',
    ready: 'The model is ready.',
    failedTitle: 'The model could not be started',
    again: 'Try again',
  },

  classes: {
    heading: 'Classes',
    add: 'Add class',
    /** @param {number} i counted from 1 */
    nameLabel: (i) => `Name of class ${i}`,
    /** @param {number} i counted from 1 */
    unnamed: (i) => `Class ${i}`,
    /** @param {string} name */
    remove: (name) => `Remove ${name}`,
    keepTwo: 'Keep at least two classes.',
    /** @param {string} name */
    removed: (name) => `Removed ${name}.`,
    /** @param {string} name */
    restored: (name) => `${name} is back.`,
    undo: 'Undo',
    leftOut: 'Left out',
  },

  record: {
    hold: 'Hold to record',
    /** @param {string} name */
    holdFor: (name) => `Hold to record ${name}`,
    loading: 'The model is loading.',
    noModel: 'The model did not start.',
    noCamera: 'Start the camera first.',
    /**
     * @param {number} n
     * @param {string} name
     */
    done: (n, name) => `Recorded ${photos(n)} of ${name}.`,
    failed: 'The photo could not be added.',
  },

  photos: {
    count: photos,
    none: 'No photos',
    hint: 'Show it to the camera, from several sides. Hold the button for many photos, tap it for one.',
    hintShort: 'Hold for many, tap for one.',
    leftOut: 'Left out of training until it has photos.',
    leftOutShort: 'Left out until it has some.',
    /** @param {string} name */
    list: (name) => `Photos of ${name}`,
    /**
     * @param {number} n counted from 1, in the order of recording
     * @param {string} name
     */
    remove: (n, name) => `Remove photo ${n} of ${name}`,
    /** @param {string} name */
    removed: (name) => `Removed a photo of ${name}.`,
    /** @param {string} name */
    restored: (name) => `The photo of ${name} is back.`,
  },

  // What to do next, before the first training.
  steps: {
    camera: { title: '1. Start the camera', text: 'Your pictures stay on this device.' },
    first: { title: '2. Record a class', text: 'Name it, show it, and hold its button.' },
    second: { title: '2. Record another', text: 'Show something else, and hold its button.' },
    train: { title: '3. Press Train', text: 'Then show something: the model names it.' },
  },

  result: {
    heading: 'The model sees',
    noCamera: 'Start the camera to see what the model says.',
    looking: 'Looking…',
    removed: 'A class that was removed. Train again.',
    none: 'no result yet',
    /** @param {number} n whole percent */
    spoken: (n) => `${n} percent`,
    /**
     * @param {string} name
     * @param {string} percent
     */
    announce: (name, percent) => `${name}, ${percent}`,
  },

  train: {
    start: 'Train',
    stop: 'Stop',
    loading: 'The model is loading.',
    noModel: 'The model did not start.',
    tooFew: 'Record photos for at least two classes.',
    /**
     * @param {number} n
     * @param {number} classes
     */
    can: (n, classes) => `${photos(n)} in ${classes} classes, ready to train.`,
    /** @param {number} n */
    running: (n) => `Training on ${photos(n)}…`,
    stopping: 'Stopping…',
    stopped: 'Training was stopped.',
    /**
     * @param {number} n
     * @param {string} time
     */
    done: (n, time) => `Trained on ${photos(n)} in ${time}.`,
    /**
     * @param {string} loss
     * @param {string} accuracy
     */
    figures: (loss, accuracy) => `${accuracy} of its own photos right · loss ${loss}`,
    progress: 'Training progress',
    starting: 'Starting…',
    /**
     * @param {number} epoch
     * @param {number} epochs
     * @param {string} loss
     * @param {string} accuracy
     */
    epoch: (epoch, epochs, loss, accuracy) => `Epoch ${epoch} of ${epochs} · loss ${loss} · accuracy ${accuracy}`,
    stale: 'The model is older than the photos. Train again.',
    failed: 'Training failed.',
  },

  reset: {
    button: 'Reset',
    title: 'Forget everything?',
    text: 'All classes, all photos and the trained model on this page are deleted. This cannot be undone.',
    confirm: 'Forget everything',
    cancel: 'Cancel',
    done: 'Everything was forgotten.',
    failed: 'The page could not be reset.',
  },

  pixels: {
    title: 'This browser changes the pictures that pages read',
    text: 'A privacy setting adds noise to them, so the model learns from something slightly different than what you see. To let it see clearly, allow this site to read canvas data, or use another browser.',
  },

  project: {
    title: 'Keep what you taught',
    hint: 'A file with photos and model, for this page or for Python.',
    export: 'Export',
    import: 'Import',
    file: 'Project file',
    loading: 'Possible once the model has arrived.',
    busy: 'Possible when recording and training are over.',
    nothing: 'There is nothing to export yet. Record some photos first.',
    /** @param {number} examples */
    exported: (examples) => `Exported ${counted(examples, 'photo', 'photos')}.`,
    withoutHead: 'The file holds no trained model; press Train before exporting to have it in.',
    exportFailed: 'The project could not be exported.',
    reading: 'Reading the file.',
    /**
     * @param {number} done
     * @param {number} total
     */
    progress: (done, total) => `Learning the photos anew: ${done} of ${total}.`,
    /** @param {number} examples */
    imported: (examples) => `Imported ${counted(examples, 'photo', 'photos')}.`,
    trainAgain: 'Press Train to use them.',
    importFailed: 'The file was not imported, and nothing was changed.',
    foreign: 'This file was made on a site with another backbone. Its photos can be learned anew with this one.',
    reembed: 'Learn the photos anew',
    cancel: 'Leave it',
  },

  hood: {
    summary: 'Under the hood',
    backend: 'Backend',
    backendChoice: 'Compute with',
    backendAutomatic: 'Automatic',
    backendFailed: 'The backend could not be changed.',
    /** @param {string} backend */
    skipped: (backend) => `Why not ${backend}`,
    backbone: 'Backbone',
    trainedOn: 'Backbone trained on',
    why: 'Why this backbone',
    precision: 'Weights',
    features: 'Feature width',
    seed: 'Seed',
    selfCheck: 'Self-check',
    /**
     * @param {string} error
     * @param {string} limit
     * @param {number} images
     */
    selfCheckValue: (error, limit, images) =>
      `error ${error}, limit ${limit}, over ${counted(images, 'image', 'images')}`,
    frame: 'Time per frame',
    tensors: 'TF.js tensors',
    /**
     * @param {number} tensors
     * @param {string} megabytes
     */
    tensorsValue: (tensors, megabytes) => `${tensors} (${megabytes} MB)`,
    examples: 'Examples in memory',
    unknown: '–',
    history: 'Training, epoch by epoch',
    epoch: 'Epoch',
    loss: 'Loss',
    accuracy: 'Accuracy',
  },

  unexpected: 'Something went wrong.',
};
