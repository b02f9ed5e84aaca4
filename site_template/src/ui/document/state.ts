// Everything the page shows, in one place. Components read it, actions write it.

import { computed, type Signal, signal } from '@preact/signals';
import type { Skipped } from '../../client.ts';
import { HEAD_SETTINGS, HELD_OUT_PERCENT } from '../../contract.ts';
import type { ErrorReport } from '../../errors.ts';
import type {
  BackendName,
  Engine,
  EpochReport,
  HeadSettings,
  HeldOutResult,
  Prediction,
  Ready,
} from '../../protocol.ts';
import { strings } from '../i18n/strings.ts';

export interface Photo {
  /** Of the worker's example. */
  id: number;
  /** JPEG of the square that was learned from; the browser holds it outside the script's memory. */
  picture: Blob;
}

export interface ClassEntry {
  /** Never used twice, so that a late answer cannot reach a newer class. */
  id: string;
  /** Which class colour, 0 to CLASS_TONES - 1. */
  tone: Signal<number>;
  name: Signal<string>;
  /** Whether it takes part in training. */
  enabled: Signal<boolean>;
  /** In the order of adding, their ids rising; never changed in place. */
  photos: Signal<Photo[]>;
}

export type CameraFault =
  | 'refused'
  | 'system'
  | 'policy'
  | 'missing'
  | 'busy'
  | 'constraints'
  | 'unplugged'
  | 'unknown';

interface CameraState {
  /** Asleep: open, and sends no picture. */
  status: 'off' | 'starting' | 'on' | 'asleep' | 'failed';
  fault?: CameraFault;
  /** What was wished for and not given: the picture's size, or the camera. */
  compromise?: 'size' | 'other';
}

/** Towards whoever holds the device, or away. */
export type Facing = 'user' | 'environment';

export type Startup =
  | { phase: 'connect' | 'download' | 'compile' | 'check' | 'ready'; bytes: number; total: number }
  | { phase: 'failed'; message: string };

/** What is known of a backend that was tried. */
export interface Trial {
  backend: BackendName;
  /** 'software': computed on the processor after all. */
  outcome: 'measured' | 'software' | 'missing' | 'failed' | 'lost';
  /** Median time of a frame. */
  ms?: number;
  /** The same on wasm, measured in turns. */
  wasmMs?: number;
  /** Name of the device. */
  detail?: string;
  /** Why it failed. */
  error?: ErrorReport;
}

export interface TrainingRun {
  /** So far. */
  epochs: EpochReport[];
  /** Epochs. */
  total: number;
  stopping: boolean;
  /** Whether it began by itself, after a change. */
  live: boolean;
  /** Whether it is worth showing: it was asked for, or it goes on for long. */
  shown: boolean;
}

/** The head that predicts. */
export interface Head {
  history: EpochReport[];
  /** Of the examples that it was trained on. */
  version: number;
  /** Its training took; 0 where it came from a file. */
  ms: number;
  examples: number;
  /** Null where it came from a file. */
  engine: Engine | null;
}

export const MIN_CLASSES = 2;

export const startup = signal<Startup>({ phase: 'connect', bytes: 0, total: 0 });
export const ready = signal<Ready | null>(null);

/** Backends that were tried and are not used. */
export const skipped = signal<Skipped[]>([]);

/** Backends that were measured, or could not be. */
export const trials = signal<Trial[]>([]);

export const camera = signal<CameraState>({ status: 'off' });
/** The open camera, or the last one that was. */
export const lens = signal<{ id: string; facing: Facing | null } | null>(null);
/** Those the browser tells of; without ids and labels before permission. */
export const cameras = signal<{ id: string; label: string }[]>([]);
/** Whether the page may use cameras; null where the browser does not say. */
export const permission = signal<PermissionState | null>(null);

// --- what the visitor makes: the document ----------------------------------------------------------------------------

/** In display order. */
export const classes = signal<ClassEntry[]>([]);
/** Of the next training; the site's own until the visitor changes them. */
export const settings = signal<HeadSettings>(
  Object.fromEntries(
    Object.entries(HEAD_SETTINGS).map(([name, setting]) => [name, setting.default]),
  ) as unknown as HeadSettings,
);
/**
 * Names the state of the document that training depends on: equal numbers, equal examples, classes and settings.
 * Undo brings the number back with the state.
 */
export const version = signal(0);

/** What Undo and Redo would take back or do again, in words; null where there is nothing. */
export const undoable = signal<string | null>(null);
export const redoable = signal<string | null>(null);

/** The project's name; empty while it has none. */
export const projectName = signal('');
/** Id of the project in this browser's storage; null until there is something to keep. */
export const projectId = signal<string | null>(null);

/** Whether what is taught is kept in this browser. */
type Autosave = { status: 'opening' | 'new' | 'saving' | 'kept' } | { status: 'failed'; message: string };
export const autosave = signal<Autosave>({ status: 'opening' });

// --- what the visitor chose for this browser -------------------------------------------------------------------------

/** Whether the head trains by itself after every change. */
export const live = signal(true);
/** The share of every class's photos that is held out for figures. */
export const heldOutShare = signal(HELD_OUT_PERCENT.default / 100);
/** The probability below which the answer is "not sure"; 0 where there is always an answer. */
export const threshold = signal(0);
/** The camera to open; empty where any will do. */
export const cameraId = signal('');
/** Which way the camera is to look, where none was chosen. */
export const facing = signal<Facing>('user');
/** Whether the preview is mirrored; what is learned from never is. */
export const mirror = signal<Record<Facing, boolean>>({ user: true, environment: false });

// --- what goes on ----------------------------------------------------------------------------------------------------

/** Id of the class being recorded. */
export const recording = signal<string | null>(null);
/** Id of the class that is recorded hands-free, the countdown before it included. */
export const handsFree = signal<string | null>(null);
/** Seconds until a hands-free recording begins. */
export const countdown = signal<number | null>(null);
/** How far the files that are being added are. */
export const adding = signal<{ done: number; total: number } | null>(null);
/** Null while nothing trains. */
export const training = signal<TrainingRun | null>(null);
export const head = signal<Head | null>(null);
export type HeldOut = HeldOutResult & { version: number; share: number; seed: number };
/** Figures on photos that a head did not see. */
export const heldOut = signal<HeldOut | null>(null);
/** Whether such figures are on their way. */
export const checking = signal(false);

/** The photo that the model is asked about, in the camera's place. */
export const probe = signal<File | null>(null);
/** Whether preview and answer fill the screen. */
export const showing = signal(false);

export const prediction = signal<Prediction | null>(null);
/** Milliseconds per frame, smoothed. */
export const frameMs = signal<number | null>(null);

/** The last thing worth telling. */
export const notice = signal<{ tone: 'info' | 'error'; text: string }>({ tone: 'info', text: '' });

// --- what follows from it --------------------------------------------------------------------------------------------

/** Whether the preview is mirrored now. */
export const mirrored = computed(() => mirror.value[lens.value?.facing ?? facing.value]);

/** Classes that take part in training: enabled, and with photos. */
export const filledClasses = computed(() =>
  classes.value.filter((entry) => entry.enabled.value && entry.photos.value.length > 0),
);

export const photoCount = computed(() => classes.value.reduce((sum, entry) => sum + entry.photos.value.length, 0));

/** Whether the head was trained on something else than what is shown. */
export const stale = computed(() => head.value !== null && head.value.version !== version.value);

/** Why no photo can be captured now; empty when one can. */
export const recordBlocked = computed(() => {
  if (startup.value.phase === 'failed') return strings.record.noModel;
  if (startup.value.phase !== 'ready') return strings.record.loading;
  if (probe.value) return strings.record.photoShown;
  if (camera.value.status === 'asleep') return strings.record.noPicture;
  if (camera.value.status !== 'on') return strings.record.noCamera;
  return '';
});

/** Why training cannot start now; empty when it can. */
export const trainBlocked = computed(() => {
  if (startup.value.phase === 'failed') return strings.train.noModel;
  if (filledClasses.value.length < MIN_CLASSES) return strings.train.tooFew;
  if (startup.value.phase !== 'ready') return strings.train.loading;
  return '';
});

/** Why no head can be asked about photos that it has not seen; empty when one can. */
export const heldOutBlocked = computed(() => {
  const able = filledClasses.value.filter((entry) => entry.photos.value.length >= 2).length;
  if (able < MIN_CLASSES) return strings.heldOut.tooFew(able);
  return head.value ? '' : strings.heldOut.noHead;
});

/** Why nothing can be exported or imported now; empty when it can. */
export const projectBlocked = computed(() => {
  if (startup.value.phase !== 'ready') return strings.project.loading;
  if (recording.value || adding.value || (training.value && !training.value.live)) return strings.project.busy;
  return '';
});

/** The most probable class; null while there is no prediction, and where that class was removed since. */
export const winner = computed(() => {
  const ranked = Object.entries(prediction.value?.probabilities ?? {}).sort(([, a], [, b]) => b - a);
  if (ranked.length === 0) return null;
  const [id, probability] = ranked[0];
  const entry = classes.value.find((candidate) => candidate.id === id);
  return entry ? { entry, probability, sure: probability >= threshold.value } : null;
});

export const winnerId = computed(() => (winner.value?.sure ? winner.value.entry.id : null));

/** The name to show and to say: never empty, because buttons are named by it. */
export function nameOf(entry: ClassEntry) {
  return entry.name.value.trim() || strings.classes.unnamed(classes.value.indexOf(entry) + 1);
}
