// Keeping what was taught: into a file, and back.

import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { exportToFile, importFromFile } from '../actions.js';
import { projectBlocked } from '../state.js';
import { strings } from '../strings.js';

export function ProjectBar() {
  const { project } = strings;
  const picker = useRef(/** @type {HTMLInputElement|null} */ (null));
  // A file from a site with other weights, while its owner decides.
  const foreign = useSignal(/** @type {File|null} */ (null));

  /**
   * @param {File} file
   * @param {boolean} reembed
   */
  const open = async (file, reembed) => {
    foreign.value = null;
    const outcome = await importFromFile(file, reembed);
    if (outcome === 'other-backbone') foreign.value = file;
  };

  return (
    <section class="project" aria-labelledby="project-title">
      <div class="project-texts">
        <h2 id="project-title">{project.title}</h2>
        <p>{projectBlocked.value || project.hint}</p>
      </div>
      <div class="project-buttons">
        <button type="button" class="button" aria-disabled={!!projectBlocked.value} onClick={exportToFile}>
          {project.export}
        </button>
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
      </div>
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
    </section>
  );
}
