// The projects that this browser keeps: opening, deleting, beginning a new one.

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ProjectInfo } from '../../store/store.ts';
import { session } from '../document/session.ts';
import { autosave, projectBlocked, projectId } from '../document/state.ts';
import { messageOf } from '../i18n/error-words.ts';
import { fileSize, moment } from '../i18n/format.ts';
import { strings } from '../i18n/strings.ts';
import { Dialog } from '../shared/Dialog.tsx';
import { listProjects, removeProject, startProject, storageRoom, switchProject } from './projects.ts';

export function ProjectsDialog({ onClose }: { onClose: () => void }) {
  const projects = useSignal<ProjectInfo[] | null>(null);
  const room = useSignal<Awaited<ReturnType<typeof storageRoom>>>(null);
  const failure = useSignal('');
  const read = async () => {
    try {
      projects.value = await listProjects();
      room.value = await storageRoom();
      failure.value = '';
    } catch (error) {
      failure.value = messageOf(error);
    }
  };
  useEffect(() => {
    read();
  }, []);
  const { projects: words } = strings;
  const failed = autosave.value.status === 'failed' ? strings.autosave.failed(autosave.value.message) : failure.value;

  return (
    <Dialog class="projects-dialog" labelledBy="projects-title" onClose={onClose}>
      {(close) => (
        <>
          <h2 id="projects-title">{words.dialog}</h2>
          {failed && <p class="callout callout-error">{failed}</p>}
          {projects.value?.length === 0 && !failed && <p>{words.none}</p>}
          <ul class="projects" role="list">
            {projects.value?.map((info) => (
              <Row
                key={info.id}
                info={info}
                onOpen={async () => {
                  if (await switchProject(info)) close();
                  else read();
                }}
                onRemove={async () => {
                  await removeProject(info.id);
                  await read();
                }}
              />
            ))}
          </ul>
          {room.value && (
            <p class="projects-room">{words.room(fileSize(room.value.usage), fileSize(room.value.quota))}</p>
          )}
          <div class="dialog-buttons">
            <button type="button" class="button" onClick={close}>
              {words.close}
            </button>
            <button
              type="button"
              class="button button-primary"
              aria-disabled={!!projectBlocked.value}
              onClick={async () => {
                if (projectBlocked.value) return;
                await startProject();
                close();
              }}
            >
              {words.start}
            </button>
          </div>
        </>
      )}
    </Dialog>
  );
}

function Row({
  info,
  onOpen,
  onRemove,
}: {
  info: ProjectInfo;
  onOpen: () => void;
  /** Resolves when it is gone, or could not be removed. */
  onRemove: () => Promise<void>;
}) {
  const asking = useSignal(false);
  const removing = useSignal(false);
  const { projects: words } = strings;
  const name = info.name || words.unnamed;
  const here = info.id === projectId.value;
  const when = moment(new Date(info.updated));
  const remove = async () => {
    removing.value = true;
    try {
      await onRemove();
    } finally {
      // It may still be there: another tab has it open, or the browser refused.
      removing.value = false;
      asking.value = false;
    }
  };
  return (
    <li class="projects-row" aria-busy={removing.value}>
      <div class="projects-texts">
        <p class="projects-name">
          {name} {here && <span class="projects-here">{words.here}</span>}
        </p>
        <p class="projects-facts">{words.facts(info.examples, fileSize(info.bytes))}</p>
        <p class="projects-facts projects-classes">{info.classes.join(', ')}</p>
        <p class="projects-facts">
          <time dateTime={new Date(info.updated).toISOString()}>{when}</time>
        </p>
        {info.backbone.modelHash !== session.site.model.hash && <p class="projects-facts">{words.otherModel}</p>}
        <p class="projects-sure" aria-live="polite">
          {removing.value ? words.removing : asking.value && words.removeSure}
        </p>
      </div>
      <div class="projects-acts">
        {removing.value ? null : asking.value ? (
          <>
            <button type="button" class="button button-small" onClick={() => (asking.value = false)}>
              {words.cancel}
            </button>
            <button type="button" class="button button-small button-danger" onClick={remove}>
              {words.removeConfirm}
            </button>
          </>
        ) : (
          <>
            {!here && (
              <button
                type="button"
                class="button button-small"
                aria-label={words.openNamed(name)}
                aria-disabled={!!projectBlocked.value}
                onClick={onOpen}
              >
                {words.open}
              </button>
            )}
            <button
              type="button"
              class="button button-small"
              aria-label={words.removeNamed(name)}
              onClick={() => (asking.value = true)}
            >
              {words.remove}
            </button>
          </>
        )}
      </div>
    </li>
  );
}
