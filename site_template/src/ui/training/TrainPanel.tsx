// Train and stop, with what is going on and what is still missing.

import type { ComponentChildren } from 'preact';
import { redo, undo } from '../document/document.ts';
import {
  filledClasses,
  head,
  live,
  notice,
  photoCount,
  redoable,
  stale,
  trainBlocked,
  training,
  undoable,
} from '../document/state.ts';
import { loss, percent } from '../i18n/format.ts';
import { strings } from '../i18n/strings.ts';
import { RedoIcon, UndoIcon } from '../shared/Icons.tsx';
import { Curves } from './Curves.tsx';
import { TrainSettings } from './TrainSettings.tsx';
import { setLive, stopTraining, train } from './training.ts';

/** @param props `children` are further buttons */
export function TrainPanel({ children }: { children?: ComponentChildren }) {
  return (
    <>
      <section class="train" aria-label={strings.train.region}>
        <TrainingProgress />
        <div class="train-texts">
          <p class={`train-notice is-${notice.value.tone}`} role="status">
            {notice.value.text}
          </p>
          <p class="train-detail" id="train-detail">
            {detail()}
          </p>
        </div>
        <div class="train-history">
          <HistoryButton label={strings.history.undo} what={undoable.value} act={undo}>
            <UndoIcon />
          </HistoryButton>
          <HistoryButton label={strings.history.redo} what={redoable.value} act={redo}>
            <RedoIcon />
          </HistoryButton>
        </div>
        <div class="train-buttons">
          <LiveSwitch />
          {children}
          <TrainButton />
        </div>
      </section>
      <details class="fold">
        <summary>
          <h2>{strings.train.more}</h2>
        </summary>
        <div class="fold-body">
          <Curves />
          <TrainSettings />
        </div>
      </details>
    </>
  );
}

function LiveSwitch() {
  return (
    <label class={`switch ${training.value?.live ? 'is-busy' : ''}`} title={strings.live.hint}>
      <input
        type="checkbox"
        role="switch"
        checked={live.value}
        onChange={({ currentTarget }) => setLive(currentTarget.checked)}
      />
      {strings.live.label}
    </label>
  );
}

function HistoryButton({
  label,
  what,
  act,
  children,
}: {
  label: string;
  /** It would change, in words; null where there is nothing. */
  what: string | null;
  act: () => void;
  children: ComponentChildren;
}) {
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={what ? `${label}: ${what}` : label}
      aria-disabled={what === null}
      onClick={act}
    >
      {children}
    </button>
  );
}

function TrainButton() {
  if (training.value?.shown) {
    return (
      <button
        type="button"
        key="train"
        class="button button-primary button-train"
        aria-disabled={training.value.stopping}
        onClick={(event) => {
          // The second click of a double click on Train must not stop what the first one started.
          if (event.detail < 2) stopTraining();
        }}
      >
        {strings.train.stop}
      </button>
    );
  }
  return (
    <button
      type="button"
      key="train"
      class={`button button-primary button-train ${stale.value && !training.value ? 'is-due' : ''}`}
      aria-describedby="train-detail"
      aria-disabled={trainBlocked.value !== ''}
      onClick={train}
    >
      {strings.train.start}
    </button>
  );
}

function TrainingProgress() {
  const run = training.value;
  return (
    <div class="train-track">
      {run?.shown && <progress aria-label={strings.train.progress} max={1} value={run.epochs.length / run.total} />}
    </div>
  );
}

/** What happens now, else what is missing, else how the last training went. */
function detail() {
  const run = training.value;
  if (run?.shown) {
    const epoch = run.epochs.at(-1);
    if (run.stopping) return strings.train.stopping;
    if (!epoch) return strings.train.starting;
    return strings.train.epoch(epoch.epoch, epoch.epochs, loss(epoch.loss), percent(epoch.accuracy));
  }
  if (trainBlocked.value) return trainBlocked.value;
  if (stale.value && !run) return strings.train.stale;
  const last = head.value?.history.at(-1);
  if (last) return strings.train.figures(loss(last.loss), percent(last.accuracy));
  return run ? strings.live.training : strings.train.can(photoCount.value, filledClasses.value.length);
}
