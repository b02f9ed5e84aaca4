// Camera, preview and what the model says: the part that stays in view while classes scroll by.

import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { CameraMenu } from '../camera/CameraMenu.tsx';
import { CameraMessage } from '../camera/CameraMessage.tsx';
import { startCamera, stopCamera } from '../camera/camera.ts';
import { camera, classes, head, probe, showing, winnerId } from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { Announcer } from '../prediction/Announcer.tsx';
import { showPhoto } from '../prediction/predict.ts';
import { ScoreBoard } from '../prediction/ScoreBoard.tsx';
import { Verdict } from '../prediction/Verdict.tsx';
import { CameraIcon, CrossIcon, ExpandIcon, ImageIcon, StopIcon } from '../shared/Icons.tsx';
import { Preview } from './Preview.tsx';
import { enterShow, useShow } from './show.ts';

export function Stage({ fit }: { fit: 'crop' | 'stretch' }) {
  const section = useRef<HTMLElement | null>(null);
  useShow(section);
  const { value: shown } = showing;
  return (
    <section
      ref={section}
      class={`stage ${shown ? `is-show ${tone()}` : ''}`}
      aria-label={shown ? strings.show.start : strings.camera.preview}
      role={shown ? 'dialog' : undefined}
      aria-modal={shown || undefined}
    >
      <Preview fit={fit} />
      <Verdict />
      <Controls fit={fit} onShow={() => section.current && enterShow(section.current)} />
      <div class="camera-fault" role="alert">
        <CameraMessage />
      </div>
      {shown && <ScoreBoard />}
      {shown && (
        <button type="button" class="button show-leave" aria-label={strings.show.leave} data-leave>
          <CrossIcon />
        </button>
      )}
      <Announcer />
    </section>
  );
}

/** The winning class's colour. */
function tone() {
  const entry = classes.value.find(({ id }) => id === winnerId.value);
  return entry ? `tone-${entry.tone.value}` : '';
}

function Controls({ fit, onShow }: { fit: 'crop' | 'stretch'; onShow: () => void }) {
  const picker = useRef<HTMLInputElement | null>(null);
  const choose = () => picker.current?.click();
  const { status } = camera.value;
  const running = status === 'on' || status === 'starting' || status === 'asleep';
  // What needs an answer to be of use comes with the first head.
  const answers = head.value !== null || probe.value !== null;
  return (
    <div class={`stage-controls ${answers ? 'has-answers' : ''}`}>
      <div class="stage-buttons">
        <button
          type="button"
          class={`button stage-switch ${running ? '' : 'button-primary'}`}
          onClick={running ? stopCamera : () => startCamera()}
        >
          {running ? <StopIcon /> : <CameraIcon />}
          <span class="stage-switch-text">{running ? strings.camera.stop : strings.camera.start}</span>
        </button>
        {answers && (
          <>
            <ToolButton class="stage-photo" label={strings.probe.open} onClick={choose}>
              <ImageIcon />
            </ToolButton>
            <ToolButton class="stage-show" label={strings.show.start} onClick={onShow}>
              <ExpandIcon />
            </ToolButton>
          </>
        )}
        <CameraMenu onPhoto={answers ? choose : null} />
      </div>
      <input
        ref={picker}
        type="file"
        accept="image/*"
        aria-label={strings.probe.file}
        hidden
        onChange={({ currentTarget }) => {
          const photo = currentTarget.files?.[0];
          if (photo) showPhoto(photo);
          currentTarget.value = '';
        }}
      />
      <p class="stage-hint">{fit === 'stretch' ? strings.camera.hintStretch : strings.camera.hint}</p>
    </div>
  );
}

function ToolButton({
  class: className,
  label,
  onClick,
  children,
}: {
  class: string;
  label: string;
  onClick: () => void;
  children: ComponentChildren;
}) {
  return (
    <button type="button" class={`button stage-tool ${className}`} aria-label={label} title={label} onClick={onClick}>
      {children}
    </button>
  );
}
