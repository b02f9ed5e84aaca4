// Every word the scripts show, in English. The texts that need no JavaScript are in templates/words/. What errors say is
// with their codes, because programs read it too; see nl.ts for all of it in one place.
//
// Longer than 400 lines because it holds the words of all features: whoever translates opens this one file, and a new
// language is one more like it.

import { START_MESSAGES } from '../../../client.ts';
import { inEnglish, WORKER_MESSAGES } from '../../../errors.ts';
import { PROJECT_MESSAGES } from '../../../project/errors.ts';
import { STORE_MESSAGES } from '../../../store/errors.ts';
import { DOWNLOAD_MESSAGES } from '../../../verified.ts';

const counted = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

/** A full stop, unless it says by itself that more would follow. */
const ended = (text: string) => (text.endsWith('…') ? text : `${text}.`);

const photos = (n: number) => counted(n, 'photo', 'photos');

const FORBIDDEN =
  'This page’s host forbids what the model needs. The Content-Security-Policy that the host sends has to';
const ALLOW = `${FORBIDDEN} allow {needs}.`;

/** Sentences that another language may say otherwise. */
const translatable = <Key extends PropertyKey>(messages: Record<Key, string>) => messages;

export const words = {
  /** BCP 47 */
  language: 'en',

  camera: {
    start: 'Start camera',
    stop: 'Stop camera',
    starting: 'Waiting for the camera…',
    asking: 'Answer your browser’s question: may this page use the camera?',
    off: 'The camera is off.',
    willAsk: 'Your browser will ask whether this page may use it, so that the model sees what you show.',
    blocked: 'Your browser blocks it on this page. Allow it in the address bar.',
    asleep: 'No picture',
    hint: 'What you see in this square is what the model learns from.',
    hintStretch: 'The model learns from this whole picture, squeezed into a square.',
    preview: 'Camera preview',
    recording: 'Recording',
    sleeping:
      'The camera sends no picture. Its cover may be closed, or a call may be using it. It resumes here by itself.',
    compromises: {
      size: 'This camera does not offer the usual picture size, so its own is used.',
      other: 'The camera you chose cannot be used right now, so another one is on.',
    },
    returned: 'A camera is connected. Press Start camera to continue.',
    another: 'The camera was disconnected. Press Start camera to use another one, or connect it again.',
    faults: {
      refused:
        'Access to the camera was refused. Allow it for this page in the address bar or the browser’s settings, then press Start camera.',
      refusedInFrame:
        'Access to the camera was refused. Allow it for this page, then press Start camera. This page is shown inside another one, which has to pass the camera on, with allow="camera" on its iframe.',
      system:
        'This device’s own settings keep the browser from using the camera. Allow it there, under privacy, then press Start camera.',
      policy:
        'This page is shown inside another one that blocks its camera. The publisher of that page has to write allow="camera" on the iframe. Or open this page by itself.',
      policyOfHost:
        'This page’s host blocks the camera with a Permissions-Policy. The publisher has to allow camera=(self) there.',
      missing: 'No camera was found. Connect one, then press Start camera.',
      busy: 'The camera did not start. Another program may be using it: close that one, then press Start camera.',
      constraints: 'This camera offers no picture size that the page can use. Try another camera.',
      unplugged: 'The camera was disconnected. Connect it again, then press Start camera.',
      unknown: 'The camera could not be started. Reload the page, or try another browser.',
    },
    options: 'Camera and answer options',
    choose: 'Camera',
    automatic: 'Automatic',
    /** @param i counted from 1 */
    unnamed: (i: number) => `Camera ${i}`,
    chooseLater: 'Start the camera once to choose between cameras.',
    mirror: 'Mirror the preview',
    mirrorHint: 'Only on screen. The model always learns the picture as it is.',
    turn: { user: 'Turn to the front camera', environment: 'Turn to the back camera' },
    open: 'Open this page by itself',
  },

  insecure: {
    title: 'This page needs a secure address',
    text: 'Browsers allow the camera, and let this page check its files, only at an address that starts with https:// or on localhost.',
    here: (address: string) => `You are at ${address}`,
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
    download: (bytes: string, total: string, percent: string) => `${bytes} of ${total} MB · ${percent}`,
    meanwhile: 'You can already start the camera and name your classes.',
    ready: 'The model is ready.',
    failedTitle: 'The model could not be started',
    again: 'Try again',
  },

  classes: {
    heading: 'Classes',
    add: 'Add class',
    /** @param i counted from 1 */
    nameLabel: (i: number) => `Name of class ${i}`,
    /** @param i counted from 1 */
    unnamed: (i: number) => `Class ${i}`,
    remove: (name: string) => `Remove ${name}`,
    keepTwo: 'Keep at least two classes.',
    removed: (name: string) => `Removed ${name}.`,
    moved: (name: string, place: number, of: number) => `${name} is now class ${place} of ${of}.`,
    leftOut: 'Left out',
    twice: 'Two classes have this name.',
    none: 'None of these',
    addNone: 'Add “None of these”',
    noneHint: 'Record what the camera sees when nothing is there: the empty table, the room, yourself.',
    noneHintShort: 'Record the empty background.',
    addFolders: 'Add folders',
    addFoldersHint: 'Every folder of photos becomes a class.',
    more: (name: string) => `More for ${name}`,
    colour: 'Colour',
    colours: ['Blue', 'Orange', 'Green', 'Pink', 'Teal', 'Red', 'Violet', 'Olive', 'Grey', 'Brown'],
    moveUp: 'Move up',
    moveDown: 'Move down',
    takePart: 'Take part in training',
    removePhotos: 'Remove all photos',
  },

  record: {
    hold: 'Hold to record',
    holdFor: (name: string) => `Hold to record ${name}`,
    loading: 'The model is loading.',
    noModel: 'The model did not start.',
    noCamera: 'Start the camera first.',
    noPicture: 'The camera sends no picture.',
    photoShown: 'Go back to the camera first.',
    done: (n: number, name: string) => `Recorded ${photos(n)} of ${name}.`,
    failed: 'The photo could not be added.',
    handsFreeFor: (name: string) => `Record ${name} hands-free`,
    handsFreeTitle: (name: string) => `Record ${name} hands-free`,
    handsFreeText: 'The page counts down, then takes photos by itself. Its button or Escape stops it.',
    countdown: 'Countdown in seconds',
    rate: 'Photos per second',
    duration: 'Duration in seconds',
    about: (n: number) => `Takes about ${photos(n)}.`,
    start: 'Start',
    cancel: 'Cancel',
    startsIn: (seconds: number) => `Recording starts in ${counted(seconds, 'second', 'seconds')}.`,
    stopBefore: (seconds: number) => `Stop · starts in ${seconds}`,
    stop: 'Stop recording',
    notStarted: 'Nothing was recorded.',
  },

  photos: {
    count: photos,
    none: 'No photos',
    hint: 'Show it to the camera, from several sides. Hold the button for many photos, tap it for one.',
    hintShort: 'Hold for many, tap for one.',
    leftOut: 'Left out of training until it has photos.',
    leftOutShort: 'Left out until it has some.',
    list: (name: string) => `Photos of ${name}`,
    /** @param n counted from 1, in the order of recording */
    remove: (n: number, name: string) => `Remove photo ${n} of ${name}`,
    removed: (n: number, name: string) => `Removed ${photos(n)} of ${name}.`,
    /** @param name of the class they are in now */
    moved: (n: number, name: string) => `Moved ${photos(n)} to ${name}.`,
    /** @param n counted from 1 */
    one: (n: number, name: string) => `Photo ${n} of ${name}`,
    /** @param n counted from 1 */
    enlarge: (n: number, name: string) => `Enlarge photo ${n} of ${name}`,
    learned: 'This square is what the model learns from.',
    learnedStretch: 'This is what the model learns from: the whole picture, squeezed into a square.',
    newer: 'Newer photo',
    older: 'Older photo',
    close: 'Close',
    removeThis: 'Remove photo',
    select: 'Select',
    selectFor: (name: string) => `Select photos of ${name}`,
    selected: (n: number) => `${n} selected`,
    all: 'All',
    allFor: (name: string) => `All photos of ${name}`,
    done: 'Done',
    removeSelected: 'Remove',
    moveTo: 'Move to',
    moveToClass: (name: string) => `Move to ${name}`,
  },

  uploads: {
    button: (name: string) => `Upload photos to ${name}`,
    files: (name: string) => `Files for ${name}`,
    folders: 'Folders of photos',
    dropOn: (name: string) => `Add to ${name}`,
    dropFolders: 'Drop folders here: each becomes a class',
    dropOnClass: 'Drop photos on the class they belong to.',
    progress: 'Adding photos',
    count: (done: number, total: number) => `Adding photos: ${done} of ${total}`,
    waiting: 'Your photos will be added as soon as the model is loaded.',
    cancel: 'Cancel',
    begun: (n: number) => `Adding ${photos(n)}.`,
    classes: (n: number) => counted(n, 'class', 'classes'),
    /** @param where name of a class, or how many classes */
    done: (n: number, where: string) => `Added ${photos(n)} to ${where}.`,
    stopped: (n: number, total: number) => `Stopped: added ${n} of ${photos(total)}.`,
    /** @param names the first of them */
    unreadable: (n: number, names: string) => `${counted(n, 'file', 'files')} could not be read: ${ended(names)}`,
    unreadableHint:
      'Either broken, or of a kind that this browser cannot open. Phones can share HEIC photos as JPEG, which every browser opens.',
    unreadableTitle: (n: number) => `${counted(n, 'file', 'files')} could not be read`,
    /** @param n of those that could not be read */
    tooLarge: (n: number) => `${photos(n)} ${n === 1 ? 'has' : 'have'} more than 120 million pixels: too many.`,
    others: (n: number) => (n === 1 ? '1 file is not a picture.' : `${n} files are not pictures.`),
    beside: (n: number) => `${photos(n)} next to the folders ${n === 1 ? 'was' : 'were'} left out.`,
    nothing: 'There were no pictures among these files.',
    failed: 'The photos could not be added.',
    close: 'Close this message',
  },

  // What to do next, until there is an answer.
  steps: {
    camera: { title: '1. Start the camera', text: 'Your pictures stay on this device.' },
    ask: { title: '1. Start the camera', text: 'Your browser asks first. Your pictures stay on this device.' },
    first: { title: '2. Record a class', text: 'Name it, show it, and hold its button.' },
    second: { title: '2. Record another', text: 'Show something else, and hold its button.' },
    secondLive: { title: '3. Record another', text: 'Show something else, hold its button, and see.' },
    learning: { title: 'Learning…', text: 'The first answer comes in a moment.' },
    train: { title: '3. Press Train', text: 'Then show something: the model names it.' },
  },

  result: {
    heading: 'The model sees',
    noCamera: 'Start the camera to see what the model says.',
    asleep: 'The camera sends no picture.',
    looking: 'Looking…',
    removed: 'A class that was removed. Train again.',
    none: 'no result yet',
    /** @param n whole percent */
    spoken: (n: number) => `${n} percent`,
    announce: (name: string, percent: string) => `${name}, ${percent}`,
    unsure: 'Not sure',
    /** The best guess, below the threshold. */
    guess: (name: string, percent: string) => `Perhaps ${name}, ${percent}`,
    threshold: 'Say “not sure” below',
    thresholdHint: 'The model then names a class only if it is at least this sure.',
    thresholdOff: 'Never',
  },

  // Asking about a photo in the camera's place.
  probe: {
    open: 'Try a photo',
    file: 'Photo to try',
    close: 'Back to the camera',
    drop: 'Drop a photo to see what the model says',
    /** @param name of the file */
    alt: (name: string) => `The photo ${name}`,
    /** @param name of the file */
    shown: (name: string) => `The preview shows ${name}.`,
    /** @param name of the file */
    unreadable: (name: string) => `${name} is broken, or of a kind that this browser cannot read.`,
    /** @param name of the file */
    tooLarge: (name: string) => `${name} has more than 120 million pixels: too many. Make it smaller first.`,
    noFile: 'That is not a photo from this device.',
  },

  show: {
    start: 'Show mode',
    leave: 'Leave show mode',
    classes: 'All classes',
  },

  train: {
    start: 'Train',
    stop: 'Stop',
    loading: 'The model is loading.',
    noModel: 'The model did not start.',
    tooFew: 'Record photos for at least two classes.',
    can: (n: number, classes: number) => `${photos(n)} in ${classes} classes, ready to train.`,
    running: (n: number) => `Training on ${photos(n)}…`,
    stopping: 'Stopping…',
    stopped: 'Training was stopped.',
    done: (n: number, time: string) => `Trained on ${photos(n)} in ${time}.`,
    region: 'Training',
    more: 'Settings and curves',
    figures: (loss: string, accuracy: string) => `${accuracy} of its own photos right · loss ${loss}`,
    progress: 'Training progress',
    starting: 'Starting…',
    epoch: (epoch: number, epochs: number, loss: string, accuracy: string) =>
      `Epoch ${epoch} of ${epochs} · ${accuracy} right · loss ${loss}`,
    stale: 'The model is older than the photos. Train again.',
    failed: 'Training failed.',
  },

  live: {
    label: 'Live',
    hint: 'Train again after every change.',
    on: 'The model now trains by itself after every change.',
    off: 'The model now waits for Train.',
    training: 'Training…',
  },

  curves: {
    accuracy: 'Accuracy',
    loss: 'Loss',
    accuracyHint: 'How many of the photos it learns from it gets right',
    lossHint: 'How far off its answers are: lower is better',
    epoch: 'epoch',
    none: 'The curves appear with the first training.',
    /** The picture in words. */
    sentence: (what: string, first: string, last: string, epochs: number) =>
      epochs === 1
        ? `${what} after one epoch: ${last}.`
        : `${what}: ${first} after epoch 1, ${last} after epoch ${epochs}.`,
    figures: 'The figures',
    history: 'Training, epoch by epoch',
  },

  // What a visitor can set for training: each with a sentence that says what it does.
  settings: {
    title: 'Settings',
    fields: {
      epochs: { label: 'Epochs', hint: 'How many times training goes over all photos.' },
      batch: { label: 'Batch size', hint: 'How many photos it looks at before each correction.' },
      rate: { label: 'Learning rate', hint: 'How large each correction is.' },
      hidden: { label: 'Hidden units', hint: 'Size of the layer that learns: how much it can tell apart.' },
      seed: { label: 'Seed', hint: 'Where the random numbers start. The same seed and photos give the same model.' },
      share: {
        label: 'Held-out share, %',
        hint: 'How much of every class is kept back to check how good the model is.',
      },
    },
    whole: (least: number, most: number) => `A whole number from ${least} to ${most}.`,
    above: (above: number, most: number) => `A number above ${above}, at most ${most}.`,
    /** @param bounds a sentence */
    wrong: (bounds: string) => `Not accepted. ${bounds}`,
    back: 'Back to the site’s settings',
    isBack: 'These are the site’s settings again.',
  },

  // What Undo takes back: said after "Undone:", and shown on its button.
  history: {
    undo: 'Undo',
    redo: 'Redo',
    undone: (what: string) => `Undone: ${what}.`,
    redone: (what: string) => `Redone: ${what}.`,
    change: 'a change',
    settings: 'a change of the settings',
    addClass: (name: string) => `adding ${name}`,
    removeClass: (name: string) => `removing ${name}`,
    rename: (name: string) => `naming ${name}`,
    recolour: (name: string) => `the colour of ${name}`,
    moveClass: (name: string) => `moving ${name}`,
    enable: (name: string) => `taking ${name} in`,
    disable: (name: string) => `leaving ${name} out`,
    record: (n: number, name: string) => `${photos(n)} of ${name}`,
    removePhotos: (n: number, name: string) => `removing ${photos(n)} of ${name}`,
    movePhotos: (n: number, name: string) => `moving ${photos(n)} to ${name}`,
  },

  reset: {
    button: 'Reset',
    title: 'Forget everything?',
    text: 'All classes, all photos and the trained model of this project are deleted, from this page and from this browser. This cannot be undone.',
    confirm: 'Forget everything',
    cancel: 'Cancel',
    done: 'Everything was forgotten.',
    failed: 'The page could not be reset.',
  },

  pixels: {
    title: 'This browser changes the pictures that pages read',
    text: 'A privacy setting adds noise to them, so the model learns from something slightly different from what you see. To let it see clearly, allow this site to read canvas data, or use another browser.',
  },

  // What this browser keeps by itself.
  autosave: {
    status: {
      opening: 'Looking for what you taught here before…',
      new: 'What you teach is kept in this browser.',
      saving: 'Keeping it in this browser…',
      kept: 'Kept in this browser.',
    },
    failed: (message: string) => `Not kept in this browser: ${message} Export it before you leave.`,
  },

  // The projects that are there, in this browser.
  projects: {
    name: 'Name of this project',
    unnamed: 'Project without a name',
    button: 'Projects',
    dialog: 'Projects in this browser',
    none: 'There is no other project.',
    here: 'open here',
    open: 'Open',
    openNamed: (name: string) => `Open ${name}`,
    remove: 'Delete',
    removeNamed: (name: string) => `Delete ${name}`,
    removeSure: 'Its photos and its model are deleted for good.',
    removeConfirm: 'Delete it',
    removing: 'Deleting. Thousands of photos take a while.',
    cancel: 'Cancel',
    close: 'Close',
    start: 'New project',
    started: 'This is a new project. The previous one is kept.',
    opened: (name: string) => `Opened ${name}.`,
    facts: (n: number, size: string) => `${photos(n)} · ${size}`,
    otherModel: 'Made with another model: its photos will be learned anew.',
    elsewhere: 'This project is open in another tab.',
    gone: 'It is no longer there.',
    openFailed: 'The project could not be opened.',
    removeFailed: 'The project could not be deleted.',
    room: (used: string, room: string) => `${used} used of ${room}.`,
  },

  project: {
    title: 'Keep what you taught',
    hint: 'A project file holds the photos and the model, for this page or for Python.',
    model: 'Export model',
    modelHint: 'A model file runs on its own in any page with TensorFlow.js.',
    modelExported: 'The model was exported.',
    noModel: 'There is no model yet. Record photos for two classes first.',
    code: 'Use it in code',
    export: 'Export',
    import: 'Import',
    file: 'Project file',
    loading: 'Available once the model is loaded.',
    busy: 'Available when recording and training are done.',
    nothing: 'There is nothing to export yet. Record some photos first.',
    exported: (examples: number) => `Exported ${counted(examples, 'photo', 'photos')}.`,
    withoutHead: 'The file holds no trained model; press Train before exporting to include it.',
    exportFailed: 'The project could not be exported.',
    reading: 'Reading the file.',
    progress: (done: number, total: number) => `Learning the photos anew: ${done} of ${total}.`,
    imported: (examples: number) => `Imported ${counted(examples, 'photo', 'photos')}.`,
    trainAgain: 'Press Train to use them.',
    importFailed: 'The file was not imported, and nothing was changed.',
    foreign: 'This file was made on a site with another backbone. Its photos can be learned anew with this one.',
    reembed: 'Learn the photos anew',
    cancel: 'Leave it',
  },

  code: {
    title: 'Use it in code',
    web: 'In another web page',
    webHow: 'Export this project, and put the file next to the page. The picture never leaves that page either.',
    python: 'In Python',
    pythonHow: 'The same numbers, for files on your computer.',
    // Comments in what is copied.
    command: 'the command that built this site',
    program: 'in a program',
    copy: 'Copy',
    copied: 'Copied',
  },

  // How good a second model is that did not see some of the photos.
  heldOut: {
    title: 'How good is it?',
    /** @param able classes with two photos or more */
    tooFew: (able: number) =>
      `To check the model, two classes need two photos each; ${able === 0 ? 'none' : able} has them.`,
    noHead: 'To check the model, train it first.',
    waiting: 'Checking…',
    failed: 'The model could not be checked.',
    right: (right: number, asked: number) => `right: ${right} of ${photos(asked)} that it had not seen.`,
    how: (taught: number, share: string, seed: number, time: string) =>
      `The figures come from a second model, trained on the other ${photos(taught)} (${share} of every class held out, seed ${seed}, ${time}). The one that predicts has learned from all of them.`,
    old: 'These figures are older than the photos or the settings.',
    perClass: 'Right by class',
    of: (right: number, asked: number) => (asked ? `${right} of ${asked}` : 'no photo to spare'),
    gone: 'a removed class',
    matrix: 'What it takes for what',
    matrixHow: 'Each row is what the photos show, each column what the model says.',
    matrixTooLarge: (most: number) => `The table is shown for up to ${most} classes.`,
    shows: 'Shows',
    mistakes: 'Photos most often confused',
    noMistakes: 'None of the photos it was asked about.',
    mistake: (shows: string, predicted: string, sure: string) => `Shows ${shows}, called ${predicted}, ${sure} sure`,
    called: (predicted: string, sure: string) => `called ${predicted}, ${sure} sure`,
    enlarge: (mistake: string) => `Enlarge: ${mistake}`,
    remove: (mistake: string) => `Remove photo: ${mistake}`,
    removeThis: 'Remove photo',
    move: (name: string) => `Move to ${name}`,
    close: 'Close',
    more: (n: number) => `Show ${n} more`,
    advice: 'Balance',
    balanced: 'Every class has enough photos, and none has far more than another.',
    outweighed: (few: string, n: number, many: string, m: number) =>
      `${few} has ${photos(n)}, ${many} ${m}: the model will lean towards ${many}. Record more of ${few}.`,
    scarce: (few: string, n: number, enough: number) =>
      `${few} has ${photos(n)}. The model knows it better with ${enough} or more.`,
  },

  hood: {
    summary: 'Under the hood',
    model: 'Model',
    speed: 'Speed',
    privacy: 'Privacy',
    backend: 'Backend',
    backendChoice: 'Compute with',
    backendAutomatic: 'Automatic',
    backendFailed: 'The backend could not be changed.',
    skipped: (backend: string) => `Why not ${backend}`,
    taken: (backend: string) => `Why ${backend}`,
    measured: (time: string, wasm: string) => `${time} for a frame; wasm took ${wasm}`,
    software: (device: string) => `This browser computes it without a graphics card (${device}).`,
    missing: 'This browser does not offer it.',
    lost: (backend: string) =>
      `The graphics card that ${backend} used is no longer available. The model continues without it.`,
    backbone: 'Backbone',
    trainedOn: 'Backbone trained on',
    /** What the build says in English, in other words. */
    inOtherWords: {} as Record<string, string>,
    why: 'Why this backbone',
    precision: 'Weights',
    features: 'Feature width',
    head: 'Layer that learns',
    headValue: (hidden: number, classes: number) =>
      `${counted(hidden, 'hidden unit', 'hidden units')}, ${classes} classes`,
    headPhotos: 'Learned from',
    photos,
    seed: 'Seed',
    selfCheck: 'Self-check',
    selfCheckValue: (error: string, limit: string, images: number) =>
      `error ${error}, limit ${limit}, over ${counted(images, 'image', 'images')}`,
    kernels: 'Backbone computed by',
    kernelsOf: {
      relaxed: 'the page’s own WebAssembly kernels (relaxed SIMD)',
      simd: 'the page’s own WebAssembly kernels (SIMD)',
      stock: 'TensorFlow.js’ kernels',
    },
    frame: 'Time per frame',
    engine: 'Trained by',
    engines: { 'wasm-simd': 'the page’s own WebAssembly kernel (SIMD)', plain: 'plain JavaScript' },
    fromFile: 'already trained, from a file',
    trainTime: 'Training time',
    trainTimeValue: (time: string, each: string) => `${time} (${each} for each photo and epoch)`,
    tensors: 'TF.js tensors',
    tensorsValue: (tensors: number, megabytes: string) => `${tensors} (${megabytes} MB)`,
    examples: 'Examples in memory',
    unknown: '–',
    epoch: 'Epoch',
    loss: 'Loss',
    accuracy: 'Accuracy',
    nothingLeaves:
      'Your pictures are looked at and learned from in this browser. Nothing is sent: the page only fetches its own files, and its policy blocks every other site.',
    sent: 'Sent to others',
    sentValue: 'nothing',
    photosHere: 'Photos on this page',
    photosHereValue: (count: string, size: string) => `${count}, ${size}`,
    kept: 'Kept in this browser',
    keptWhat:
      'Your projects with their photos and models, your choices, and the page’s own files, so that it works without a connection. Under Projects you can delete what you no longer want.',
    notKept: 'Only the page’s own files, so that it works without a connection. What you taught is not kept here.',
  },

  // What went wrong, by the name of the error and its code; or by `code/reason`, where a code has several sentences.
  errors: {
    DownloadError: translatable(DOWNLOAD_MESSAGES),
    PolicyError: {
      download: ALLOW,
      webassembly: ALLOW,
      'worker/allow': ALLOW,
      'worker/without': `${FORBIDDEN} leave out {directive}.`,
    },
    StartError: translatable(START_MESSAGES),
    WorkerError: translatable(WORKER_MESSAGES),
    ProjectError: translatable(PROJECT_MESSAGES),
    StoreError: translatable(STORE_MESSAGES),
  },
  // What `{names}` stand for in those sentences.
  inWords: inEnglish,
  /** @param message of an error that is not the page's own, in whatever language */
  foreign: (message: string) => message,
  unexpected: 'Something went wrong.',
};
