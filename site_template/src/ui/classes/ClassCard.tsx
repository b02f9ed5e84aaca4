// One class: its name, its live probability, the ways to give it photos, and the photos.

import { useLayoutEffect, useRef } from 'preact/hooks';
import {
  type ClassEntry,
  classes,
  countdown,
  handsFree,
  head,
  MIN_CLASSES,
  nameOf,
  recordBlocked,
  recording,
  winnerId,
} from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { ProbabilityBar } from '../prediction/ProbabilityBar.tsx';
import { BinIcon, RecordIcon, StopIcon, TimerIcon, UploadIcon } from '../shared/Icons.tsx';
import { ClassMenu } from './ClassMenu.tsx';
import { finishName, isNamedTwice, isNone, removeClass, typeName } from './classes.ts';
import { HoldButton } from './HoldButton.tsx';
import { PhotoList } from './PhotoList.tsx';
import { startRecording, stopHandsFree, stopRecording } from './recorder.ts';
import { SelectionBar } from './SelectionBar.tsx';
import { askingHandsFree, selection } from './selection.ts';
import { UploadButton } from './UploadButton.tsx';
import { addFiles } from './uploads.ts';

export function ClassCard({
  entry,
  position,
  dropping,
}: {
  entry: ClassEntry;
  /** Counted from 1. */
  position: number;
  /** Whether files are held over it. */
  dropping: boolean;
}) {
  const name = nameOf(entry);
  const hintId = `${entry.id}-hint`;
  const states = {
    'is-recording': recording.value === entry.id,
    'is-winner': winnerId.value === entry.id,
    'is-left-out': !entry.enabled.value,
    'is-dropping': dropping,
  };
  const on = Object.entries(states).filter(([, yes]) => yes);
  return (
    <li class={`class-card tone-${entry.tone.value} ${on.map(([state]) => state).join(' ')}`} data-class={entry.id}>
      <div class="class-head">
        <span class="class-number" aria-hidden="true">
          {position}
        </span>
        <NameBox entry={entry} position={position} />
        <ClassMenu entry={entry} name={name} position={position} />
        <RemoveButton entry={entry} name={name} />
      </div>
      <ProbabilityBar entry={entry} name={name} />
      <RecordRow entry={entry} name={name} hintId={hintId} />
      {selection.value?.classId === entry.id ? (
        <SelectionBar entry={entry} name={name} />
      ) : (
        <Meta entry={entry} name={name} hintId={hintId} />
      )}
      <PhotoList entry={entry} name={name} />
      {dropping && <p class="class-drop">{strings.uploads.dropOn(name)}</p>}
    </li>
  );
}

function NameBox({ entry, position }: { entry: ClassEntry; position: number }) {
  const before = useRef('');
  const twiceId = `${entry.id}-twice`;
  const twice = isNamedTwice(entry);
  return (
    <div class="class-naming">
      <input
        class="class-name"
        type="text"
        aria-label={strings.classes.nameLabel(position)}
        aria-describedby={twice ? twiceId : undefined}
        placeholder={strings.classes.unnamed(position)}
        value={entry.name.value}
        maxLength={60}
        autocomplete="off"
        enterkeyhint="done"
        onFocus={() => (before.current = entry.name.peek())}
        onInput={(event) => typeName(entry, event.currentTarget.value)}
        onBlur={() => finishName(entry)}
        onKeyDown={(event) => {
          if (event.isComposing) return;
          if (event.key === 'Enter') event.currentTarget.blur();
          if (event.key === 'Escape') typeName(entry, before.current);
        }}
      />
      {twice && (
        <p class="class-twice" id={twiceId}>
          {strings.classes.twice}
        </p>
      )}
    </div>
  );
}

function RemoveButton({ entry, name }: { entry: ClassEntry; name: string }) {
  const kept = classes.value.length <= MIN_CLASSES;
  return (
    <button
      type="button"
      class="icon-button class-remove"
      aria-label={strings.classes.remove(name)}
      title={kept ? strings.classes.keepTwo : strings.classes.remove(name)}
      aria-disabled={kept}
      onClick={() => removeClass(entry.id)}
    >
      <BinIcon />
    </button>
  );
}

function RecordRow({ entry, name, hintId }: { entry: ClassEntry; name: string; hintId: string }) {
  const row = useRef<HTMLDivElement | null>(null);
  const alone = handsFree.value === entry.id;
  const was = useRef(alone);
  // What began a hands-free recording gives way to what ends it, and back: the focus goes along.
  useLayoutEffect(() => {
    if (was.current === alone) return;
    was.current = alone;
    const next = row.current?.querySelector(alone ? '.button-record' : '.class-hands-free');
    if (next instanceof HTMLElement && (alone || !document.activeElement?.closest('button, input'))) next.focus();
  });
  if (alone) {
    return (
      <div class="class-record" ref={row}>
        <button type="button" key="stop" class="button button-record is-on" onClick={stopHandsFree}>
          <StopIcon />
          {countdown.value === null ? strings.record.stop : strings.record.stopBefore(countdown.value)}
        </button>
      </div>
    );
  }
  return (
    <div class="class-record" ref={row}>
      <HoldButton
        key="hold"
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
      <button
        type="button"
        class="icon-button class-hands-free"
        aria-label={strings.record.handsFreeFor(name)}
        title={strings.record.handsFreeFor(name)}
        aria-haspopup="dialog"
        onClick={() => (askingHandsFree.value = entry.id)}
      >
        <TimerIcon />
      </button>
      <UploadButton
        class="icon-button"
        label={strings.uploads.button(name)}
        files={strings.uploads.files(name)}
        onFiles={(found) => addFiles(entry, found)}
      >
        <UploadIcon />
      </UploadButton>
    </div>
  );
}

function Meta({ entry, name, hintId }: { entry: ClassEntry; name: string; hintId: string }) {
  const count = entry.photos.value.length;
  return (
    <div class="class-meta">
      <span class="class-count">{count ? strings.photos.count(count) : strings.photos.none}</span>
      <span class={`class-hint ${recordBlocked.value ? '' : 'is-advice'}`} id={hintId}>
        {recordBlocked.value || (count ? '' : advice(entry))}
      </span>
      {count > 0 && (
        <button
          type="button"
          class="text-button"
          aria-label={strings.photos.selectFor(name)}
          onClick={() => (selection.value = { classId: entry.id, ids: new Set() })}
        >
          {strings.photos.select}
        </button>
      )}
    </div>
  );
}

/** @param entry without photos */
function advice(entry: ClassEntry) {
  if (isNone(entry)) return strings.classes.noneHintShort;
  return head.value ? strings.photos.leftOutShort : strings.photos.hintShort;
}
