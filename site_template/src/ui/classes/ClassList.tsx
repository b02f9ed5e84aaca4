// All classes, the ways to add more, and what belongs to them: uploads, the enlarged photo, hands-free settings.

import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { say } from '../document/session.ts';
import { classes } from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { EmptyIcon, FolderIcon, PlusIcon } from '../shared/Icons.tsx';
import { ClassCard } from './ClassCard.tsx';
import { addClass, hasNone } from './classes.ts';
import { HandsFreeDialog } from './HandsFreeDialog.tsx';
import { PhotoDialog } from './PhotoDialog.tsx';
import { fromDrop, fromInput, holdsFiles } from './picture-files.ts';
import { lastClassId } from './selection.ts';
import { PICKS_FOLDERS, UploadButton } from './UploadButton.tsx';
import { ImportPanel } from './UploadPanel.tsx';
import { addFiles, addFolders } from './uploads.ts';

/** What files are held over, where that is no class. */
const ELSEWHERE = 'elsewhere';

export function ClassList() {
  const added = useRef<string | null>(null);
  const list = useRef<HTMLUListElement | null>(null);
  const count = useRef(classes.value.length);
  // Place of the class that is being removed.
  const removedAt = useRef<number | null>(null);
  // The class that files are held over.
  const dropping = useSignal<string | null>(null);

  // A new class is there to be named, so its text box takes the focus. Where a class goes, its neighbour takes over.
  useLayoutEffect(() => {
    const fewer = classes.value.length < count.current;
    count.current = classes.value.length;
    if (added.current) {
      const input = list.current?.querySelector(`[data-class="${added.current}"] input`);
      added.current = null;
      if (input instanceof HTMLInputElement) input.select();
    } else if (fewer && removedAt.current !== null) {
      const left = list.current?.querySelectorAll('.class-remove') ?? [];
      const next = left[Math.min(removedAt.current, left.length - 1)];
      if (next instanceof HTMLElement) next.focus();
    }
    removedAt.current = null;
  });
  useEffect(() => {
    document.addEventListener('paste', paste);
    return () => document.removeEventListener('paste', paste);
  }, []);
  useEffect(() => keepFilesOut(), []);

  const add = (name?: string) => {
    added.current = addClass(name);
  };

  const over = (event: DragEvent) => {
    if (!holdsFiles(event.dataTransfer) || !event.dataTransfer) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
    dropping.value = classUnder(event.target) ?? ELSEWHERE;
  };

  const drop = async (event: DragEvent) => {
    dropping.value = null;
    if (!holdsFiles(event.dataTransfer) || !event.dataTransfer) return;
    event.preventDefault();
    const id = classUnder(event.target);
    const found = await fromDrop(event.dataTransfer);
    const entry = classes.value.find((candidate) => candidate.id === id);
    if (entry) addFiles(entry, found);
    else if (found.some(({ folders }) => folders.length)) addFolders(found);
    else say(strings.uploads.dropOnClass);
  };

  return (
    <section
      class={`classes ${dropping.value ? 'is-dropping' : ''}`}
      aria-labelledby="classes-heading"
      onDragOver={over}
      onDragLeave={({ currentTarget, relatedTarget }) => {
        if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) dropping.value = null;
      }}
      onDrop={drop}
    >
      <h2 id="classes-heading" class="visually-hidden">
        {strings.classes.heading}
      </h2>
      <ImportPanel />
      <ul
        class="class-list"
        role="list"
        ref={list}
        onClickCapture={({ target }) => {
          const card = target instanceof Element && target.closest('.class-remove') && target.closest('.class-card');
          const ids = classes.value.map(({ id }) => id);
          removedAt.current = card instanceof HTMLElement ? ids.indexOf(card.dataset.class ?? '') : null;
        }}
      >
        {classes.value.map((entry, i) => (
          <ClassCard key={entry.id} entry={entry} position={i + 1} dropping={dropping.value === entry.id} />
        ))}
        <li class={`class-add ${dropping.value === ELSEWHERE ? 'is-dropping' : ''}`}>
          <button type="button" class="add-button" onClick={() => add()}>
            <PlusIcon />
            {strings.classes.add}
          </button>
          <div class="add-more">
            {!hasNone.value && (
              <button
                type="button"
                class="text-button"
                title={strings.classes.noneHint}
                onClick={() => addClass(strings.classes.none)}
              >
                <EmptyIcon />
                {strings.classes.addNone}
              </button>
            )}
            {PICKS_FOLDERS && (
              <UploadButton
                class="text-button"
                label={strings.classes.addFolders}
                title={strings.classes.addFoldersHint}
                files={strings.uploads.folders}
                folders
                onFiles={addFolders}
              >
                <FolderIcon />
                {strings.classes.addFolders}
              </UploadButton>
            )}
          </div>
          {dropping.value === ELSEWHERE && <p class="class-drop">{strings.uploads.dropFolders}</p>}
        </li>
      </ul>
      <PhotoDialog />
      <HandsFreeDialog />
    </section>
  );
}

function classUnder(target: EventTarget | null) {
  const card = target instanceof Element ? target.closest('.class-card') : null;
  return card instanceof HTMLElement ? (card.dataset.class ?? null) : null;
}

/** Pictures go to the class that has the focus, else to the one that got something last, else to the first. */
function paste({ clipboardData, defaultPrevented }: ClipboardEvent) {
  if (defaultPrevented || !clipboardData || !holdsFiles(clipboardData)) return;
  const found = fromInput(clipboardData.files);
  const wanted = [classUnder(document.activeElement), lastClassId.value];
  const entries = wanted.map((id) => classes.value.find((entry) => entry.id === id));
  addFiles(entries.find(Boolean) ?? classes.value[0], found);
}

/** A file that is dropped elsewhere than where files belong would open in the page's place. */
function keepFilesOut() {
  const refuse = (event: DragEvent) => {
    if (event.defaultPrevented || !event.dataTransfer || !holdsFiles(event.dataTransfer)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'none';
  };
  window.addEventListener('dragover', refuse);
  window.addEventListener('drop', refuse);
  return () => {
    window.removeEventListener('dragover', refuse);
    window.removeEventListener('drop', refuse);
  };
}
