// Train, stop and reset, with what is going on and what is still missing.

import { useLayoutEffect, useRef } from 'preact/hooks';
import { stopTraining, train, undoRemove } from '../actions.js';
import { loss, percent } from '../format.js';
import { filledClasses, head, notice, photoCount, removed, stale, trainBlocked, training } from '../state.js';
import { strings } from '../strings.js';
import { ResetButton } from './ResetButton.jsx';

export function TrainPanel() {
  return (
    <section class="train" aria-label={strings.train.start}>
      <TrainingProgress />
      <div class="train-texts">
        <p class={`train-notice is-${notice.value.tone}`} role="status">
          {notice.value.text}
        </p>
        <p class="train-detail" id="train-detail">
          {detail()}
        </p>
      </div>
      <div class="train-buttons">
        {removed.value && <UndoButton />}
        <ResetButton />
        <TrainButton />
      </div>
    </section>
  );
}

function TrainButton() {
  if (training.value) {
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
      class={`button button-primary button-train ${stale.value ? 'is-due' : ''}`}
      aria-describedby="train-detail"
      aria-disabled={trainBlocked.value !== ''}
      onClick={train}
    >
      {strings.train.start}
    </button>
  );
}

function UndoButton() {
  const button = useRef(/** @type {HTMLButtonElement|null} */ (null));
  const gone = removed.value;
  // The button of a removed class had the focus: Undo is the nearest thing to go to. After a photo, the next one has it.
  useLayoutEffect(() => {
    if (gone && !gone.photo) button.current?.focus({ preventScroll: true });
  }, [gone]);
  return (
    <button type="button" class="button" ref={button} onClick={undoRemove}>
      {strings.classes.undo}
    </button>
  );
}

function TrainingProgress() {
  const epoch = training.value?.epoch;
  const share = epoch ? epoch.epoch / epoch.epochs : 0;
  return (
    <div class="train-track">
      {training.value && <progress aria-label={strings.train.progress} max={1} value={share} />}
    </div>
  );
}

/** What happens now, else what is missing, else how the last training went. */
function detail() {
  if (training.value) {
    const { epoch, stopping } = training.value;
    if (stopping) return strings.train.stopping;
    if (!epoch) return strings.train.starting;
    return strings.train.epoch(epoch.epoch, epoch.epochs, loss(epoch.loss), percent(epoch.accuracy));
  }
  if (trainBlocked.value) return trainBlocked.value;
  if (stale.value) return strings.train.stale;
  const last = head.value?.history.at(-1);
  if (last) return strings.train.figures(loss(last.loss), percent(last.accuracy));
  return strings.train.can(photoCount.value, filledClasses.value.length);
}
