// Training: on demand, and by itself after every change.

import { effect } from '@preact/signals';
import * as Comlink from 'comlink';
import type { EpochReport, HeadSettings, TrainResult } from '../../protocol.ts';
import { remember, touch } from '../document/document.ts';
import { complain, say, session } from '../document/session.ts';
import type { TrainingRun } from '../document/state.ts';
import * as state from '../document/state.ts';
import { seconds } from '../i18n/format.ts';
import { strings } from '../i18n/strings.ts';
import { fits } from './bounds.ts';

/** A run that began by itself is shown, and can be stopped, when it takes longer than this. */
const LONG_MS = 2000;

/** Called after every training that gave a head. */
const followers = new Set<() => void>();
export const onTrained = (follower: () => void) => followers.add(follower);

/** The state that training by itself was last tried on: one that failed or was stopped is not tried again. */
let tried = -1;

/**
 * Trains after every change, one run at a time: the head there is predicts meanwhile, and changes that come during a
 * run are gathered into the next.
 */
export function keepTraining() {
  effect(() => {
    const due = state.head.value?.version !== state.version.value && tried !== state.version.value;
    if (state.live.value && due && !state.training.value && !state.trainBlocked.value) queueMicrotask(trainLive);
  });
}

function trainLive() {
  if (state.live.peek() && !state.training.peek() && !state.trainBlocked.peek()) run(true);
}

export async function train() {
  if (state.training.value?.live) await endRun();
  if (state.training.value) return;
  if (state.trainBlocked.value) {
    say(state.trainBlocked.value);
    return;
  }
  say(strings.train.running(trainable()));
  await run(false);
}

const trainable = () => state.filledClasses.value.reduce((sum, entry) => sum + entry.photos.value.length, 0);

type Outcome = TrainResult['outcome'] | 'failed';

let running: Promise<Outcome> = Promise.resolve('trained');

function run(live: boolean) {
  running = runOnce(live);
  return running;
}

async function runOnce(live: boolean): Promise<Outcome> {
  const { worker } = session;
  if (!worker) return 'failed';
  const version = state.version.value;
  const settings = state.settings.value;
  tried = version;
  state.training.value = { epochs: [], total: settings.epochs, stopping: false, live, shown: !live };
  const long = setTimeout(() => changeRun({ shown: true }), LONG_MS);
  const { onEpoch, end } = showEpochs();
  try {
    const { outcome, history, examples, ms, engine } = await worker.train(settings, Comlink.proxy(onEpoch));
    if (outcome === 'trained') {
      state.head.value = { history, version, ms, examples, engine };
      if (!live) say(strings.train.done(examples, seconds(ms)));
      followers.forEach((follower) => follower());
    } else if (!live) {
      say(outcome === 'stopped' ? strings.train.stopped : strings.train.tooFew);
    }
    return outcome;
  } catch (error) {
    complain(strings.train.failed, error);
    return 'failed';
  } finally {
    clearTimeout(long);
    end();
    state.training.value = null;
  }
}

function changeRun(changed: Partial<TrainingRun>) {
  const now = state.training.value;
  if (now) state.training.value = { ...now, ...changed };
}

/** Shows the epochs of a run as they end, at most once for every frame that the screen shows. */
function showEpochs() {
  const epochs: EpochReport[] = [];
  let frame = 0;
  const show = () => {
    frame = 0;
    changeRun({ epochs: [...epochs] });
  };
  return {
    onEpoch: (epoch: EpochReport) => {
      epochs.push(epoch);
      if (epoch.epoch < epoch.epochs) frame ||= requestAnimationFrame(show);
    },
    end: () => cancelAnimationFrame(frame),
  };
}

async function halt() {
  if (!state.training.value || !session.worker) return;
  changeRun({ stopping: true });
  await session.worker.stopTraining();
}

/** Stops a run at a visitor's wish. */
export async function stopTraining() {
  const live = state.training.value?.live;
  await halt();
  if (live && (await running) === 'stopped') say(strings.train.stopped);
}

/** Stops a run and waits until it is over. */
export async function endRun() {
  await halt();
  await running;
}

/** Waits until nothing trains, and what began to train by itself is over too. */
export async function settle() {
  while (state.training.value) await running;
}

export function setLive(live: boolean) {
  state.live.value = live;
  say(live ? strings.live.on : strings.live.off);
}

/**
 * Changes settings of training; values out of bounds are not taken.
 * @param finished false while the visitor still types: Undo goes back to before
 */
export function changeSettings(changed: Partial<HeadSettings>, finished: boolean = true) {
  const now = state.settings.value;
  const names = Object.keys(now) as (keyof typeof now)[];
  const wanted = names.filter((name) => fits(name, changed[name] ?? NaN) && changed[name] !== now[name]);
  if (wanted.length) {
    touch(() => {
      state.settings.value = { ...now, ...Object.fromEntries(wanted.map((name) => [name, changed[name]])) };
    });
  }
  if (finished) remember(strings.history.settings);
}

/** The share of every class's photos that is held out unless a visitor changes it. */
export const DEFAULT_SHARE = state.heldOutShare.peek();

/** @param share 0 to 1 */
export function changeShare(share: number) {
  state.heldOutShare.value = share;
}

export function resetSettings() {
  changeSettings(session.site.head);
  changeShare(DEFAULT_SHARE);
  say(strings.settings.isBack);
}
