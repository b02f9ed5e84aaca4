// Keeping what was taught: in this browser, which happens by itself, and in files.

import { type Signal, useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { autosave, projectBlocked, projectName } from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { CodeDialog } from '../model/CodeDialog.tsx';
import { exportModelToFile } from '../model/export-model.ts';
import { exportToFile, importFromFile } from './files.ts';
import { ProjectsDialog } from './ProjectsDialog.tsx';
import { renameProject, typeProjectName } from './projects.ts';

export function ProjectBar() {
  const { project } = strings;
  const shown: Signal<'projects' | 'code' | null> = useSignal<'projects' | 'code' | null>(null);
  const blocked = !!projectBlocked.value;
  return (
    <section class="project" aria-labelledby="project-title">
      <h2 id="project-title">{project.title}</h2>
      <div class="project-kept">
        <input
          class="project-name"
          type="text"
          aria-label={strings.projects.name}
          placeholder={strings.projects.unnamed}
          value={projectName.value}
          maxLength={80}
          autocomplete="off"
          enterkeyhint="done"
          onInput={({ currentTarget }) => typeProjectName(currentTarget.value)}
          onChange={({ currentTarget }) => renameProject(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.isComposing) event.currentTarget.blur();
          }}
        />
        <button type="button" class="button" onClick={() => (shown.value = 'projects')}>
          {strings.projects.button}
        </button>
        <AutosaveStatus />
      </div>
      <div class="project-files">
        <p>{projectBlocked.value || project.hint}</p>
        <div class="project-buttons">
          <button type="button" class="button" aria-disabled={blocked} onClick={exportToFile}>
            {project.export}
          </button>
          <ImportButton />
        </div>
        <p>{project.modelHint}</p>
        <div class="project-buttons">
          <button type="button" class="button" aria-disabled={blocked} onClick={exportModelToFile}>
            {project.model}
          </button>
          <button type="button" class="button" onClick={() => (shown.value = 'code')}>
            {project.code}
          </button>
        </div>
      </div>
      {shown.value === 'projects' && <ProjectsDialog onClose={() => (shown.value = null)} />}
      {shown.value === 'code' && <CodeDialog onClose={() => (shown.value = null)} />}
    </section>
  );
}

function AutosaveStatus() {
  const now = autosave.value;
  return (
    <p class={`project-status is-${now.status}`}>
      {now.status === 'failed' ? strings.autosave.failed(now.message) : strings.autosave.status[now.status]}
    </p>
  );
}

function ImportButton() {
  const { project } = strings;
  const picker = useRef<HTMLInputElement | null>(null);
  // A file from a site with other weights, while its owner decides.
  const foreign = useSignal<File | null>(null);

  const open = async (file: File, reembed: boolean) => {
    foreign.value = null;
    const outcome = await importFromFile(file, reembed);
    if (outcome === 'other-backbone') foreign.value = file;
  };

  return (
    <>
      <button
        type="button"
        class="button"
        aria-disabled={!!projectBlocked.value}
        onClick={() => !projectBlocked.value && picker.current?.click()}
      >
        {project.import}
      </button>
      <input
        ref={picker}
        type="file"
        accept=".zip,application/zip"
        aria-label={project.file}
        hidden
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          currentTarget.value = '';
          if (file) open(file, false);
        }}
      />
      {foreign.value && (
        <div class="project-foreign" role="alert">
          <p>{project.foreign}</p>
          <div class="project-buttons">
            <button type="button" class="button" onClick={() => (foreign.value = null)}>
              {project.cancel}
            </button>
            <button type="button" class="button" onClick={() => foreign.value && open(foreign.value, true)}>
              {project.reembed}
            </button>
          </div>
        </div>
      )}
    </>
  );
}
