// Camera, preview and what the model says: the part that stays in view while classes scroll by.

import { useRef } from 'preact/hooks';
import { bindVideo, startCamera, stopCamera } from '../camera.js';
import { camera, classes, nameOf, recording } from '../state.js';
import { strings } from '../strings.js';
import { AlertIcon, CameraIcon, StopIcon } from './Icons.jsx';
import { Verdict } from './Verdict.jsx';

/** @param {{fit: 'crop'|'stretch'}} props */
export function Stage({ fit }) {
  const { status, fault } = camera.value;
  const running = status === 'on' || status === 'starting';
  return (
    <section class="stage" aria-label={strings.camera.preview}>
      <Preview fit={fit} />
      <Verdict />
      <div class="stage-controls">
        <button
          type="button"
          class={`button ${running ? '' : 'button-primary'}`}
          onClick={running ? stopCamera : startCamera}
        >
          {running ? <StopIcon /> : <CameraIcon />}
          {running ? strings.camera.stop : strings.camera.start}
        </button>
        <p class="stage-hint">{fit === 'stretch' ? strings.camera.hintStretch : strings.camera.hint}</p>
      </div>
      <div class="camera-fault" role="alert">
        {fault && (
          <p class="callout callout-error">
            <AlertIcon />
            <span>{strings.camera.faults[fault]}</span>
          </p>
        )}
      </div>
    </section>
  );
}

/** @param {{fit: 'crop'|'stretch'}} props */
function Preview({ fit }) {
  // A stable callback: Preact would unbind and bind the video again at every render otherwise.
  const bind = useRef(bindVideo).current;
  const { status } = camera.value;
  const recorded = classes.value.find((entry) => entry.id === recording.value);
  return (
    <div class={`preview ${recorded ? `is-recording tone-${recorded.tone}` : ''}`}>
      <video
        ref={bind}
        class={`preview-video fit-${fit}`}
        playsinline
        muted
        autoplay
        hidden={status !== 'on'}
        aria-hidden="true"
      />
      {status !== 'on' && (
        <p class="preview-idle">
          <CameraIcon />
          <span>{status === 'starting' ? strings.camera.starting : strings.camera.off}</span>
        </p>
      )}
      {recorded && (
        <p class="preview-badge" aria-hidden="true">
          <span class="preview-badge-dot" />
          <span class="preview-badge-name">{nameOf(recorded)}</span>
          <span class="preview-badge-count">{recorded.photos.value.length}</span>
        </p>
      )}
    </div>
  );
}
