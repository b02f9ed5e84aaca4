// One class: its name, its live probability, its record button and its photos.

import { removeClass } from '../actions.js';
import { startRecording, stopRecording } from '../recorder.js';
import { classes, head, MIN_CLASSES, nameOf, recordBlocked, recording, winnerId } from '../state.js';
import { strings } from '../strings.js';
import { HoldButton } from './HoldButton.jsx';
import { BinIcon, RecordIcon } from './Icons.jsx';
import { PhotoList } from './PhotoList.jsx';
import { ProbabilityBar } from './ProbabilityBar.jsx';

/**
 * @param {object} props
 * @param {import('../state.js').ClassEntry} props.entry
 * @param {number} props.position counted from 1
 */
export function ClassCard({ entry, position }) {
  const name = nameOf(entry);
  const state = `${recording.value === entry.id ? 'is-recording' : ''} ${winnerId.value === entry.id ? 'is-winner' : ''}`;
  const hintId = `${entry.id}-hint`;
  return (
    <li class={`class-card tone-${entry.tone} ${state}`} data-class={entry.id}>
      <div class="class-head">
        <span class="class-number" aria-hidden="true">
          {position}
        </span>
        <NameBox entry={entry} position={position} />
        <RemoveButton entry={entry} name={name} />
      </div>
      <ProbabilityBar entry={entry} name={name} />
      <HoldButton
        class="button button-record"
        label={strings.record.holdFor(name)}
        describedBy={hintId}
        blocked={recordBlocked.value !== ''}
        onPress={() => startRecording(entry.id)}
        onRelease={stopRecording}
      >
        <RecordIcon />
        {strings.record.hold}
      </HoldButton>
      <Meta entry={entry} hintId={hintId} />
      <PhotoList entry={entry} name={name} />
    </li>
  );
}

/** @param {{entry: import('../state.js').ClassEntry, position: number}} props */
function NameBox({ entry, position }) {
  return (
    <input
      class="class-name"
      type="text"
      aria-label={strings.classes.nameLabel(position)}
      placeholder={strings.classes.unnamed(position)}
      value={entry.name.value}
      maxLength={60}
      autocomplete="off"
      enterkeyhint="done"
      onInput={(event) => {
        entry.name.value = event.currentTarget.value;
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && !event.isComposing) event.currentTarget.blur();
      }}
    />
  );
}

/** @param {{entry: import('../state.js').ClassEntry, name: string}} props */
function RemoveButton({ entry, name }) {
  const kept = classes.value.length <= MIN_CLASSES;
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={strings.classes.remove(name)}
      title={kept ? strings.classes.keepTwo : strings.classes.remove(name)}
      aria-disabled={kept}
      onClick={() => removeClass(entry.id)}
    >
      <BinIcon />
    </button>
  );
}

/** @param {{entry: import('../state.js').ClassEntry, hintId: string}} props */
function Meta({ entry, hintId }) {
  const count = entry.photos.value.length;
  const advice = head.value ? strings.photos.leftOutShort : strings.photos.hintShort;
  return (
    <p class="class-meta">
      <span class="class-count">{count ? strings.photos.count(count) : strings.photos.none}</span>
      <span class={`class-hint ${recordBlocked.value ? '' : 'is-advice'}`} id={hintId}>
        {recordBlocked.value || (count ? '' : advice)}
      </span>
    </p>
  );
}
