// What the model looks at: the camera, or a photo in its place.

import { useEffect, useRef, useState } from 'preact/hooks';
import { bindVideo, turnCamera } from '../camera/camera.ts';
import { warn } from '../document/session.ts';
import {
  camera,
  cameras,
  classes,
  countdown,
  lens,
  mirrored,
  nameOf,
  permission,
  probe,
  recording,
} from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { closePhoto, showPhoto } from '../prediction/predict.ts';
import { CameraIcon, TurnIcon } from '../shared/Icons.tsx';

export function Preview({ fit }: { fit: 'crop' | 'stretch' }) {
  // A stable callback: Preact would unbind and bind the video again at every render otherwise.
  const bind = useRef(bindVideo).current;
  const { dropping, ...drop } = useDrop();
  const { status } = camera.value;
  const seen = status === 'on' && !probe.value;
  const recorded = classes.value.find((entry) => entry.id === recording.value);
  const state = `${recorded ? `is-recording tone-${recorded.tone.value}` : ''} ${dropping ? 'is-dropping' : ''}`;
  return (
    <div class={`preview ${state}`} {...drop}>
      <video
        ref={bind}
        class={`preview-picture fit-${fit} ${mirrored.value ? 'is-mirrored' : ''}`}
        playsinline
        muted
        autoplay
        hidden={!seen}
        aria-hidden="true"
      />
      {probe.value ? <Photo photo={probe.value} fit={fit} /> : status !== 'on' && <Idle />}
      {seen && !recorded && <TurnButton />}
      {countdown.value !== null && (
        <p class="preview-countdown" key={countdown.value} aria-hidden="true">
          {countdown.value}
        </p>
      )}
      {recorded && (
        <p class="preview-badge" aria-hidden="true">
          <span class="preview-badge-dot" />
          <span class="preview-badge-name">{nameOf(recorded)}</span>
          <span class="preview-badge-count">{recorded.photos.value.length}</span>
        </p>
      )}
      {dropping && <p class="preview-drop">{strings.probe.drop}</p>}
    </div>
  );
}

function Photo({ photo, fit }: { photo: File; fit: 'crop' | 'stretch' }) {
  const [url, setUrl] = useState('');
  useEffect(() => {
    const made = URL.createObjectURL(photo);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [photo]);
  return (
    <>
      <img class={`preview-picture is-photo fit-${fit}`} src={url || undefined} alt={strings.probe.alt(photo.name)} />
      <button type="button" class="button preview-button" onClick={closePhoto}>
        <CameraIcon />
        <span class="preview-button-text">{strings.probe.close}</span>
      </button>
    </>
  );
}

/** What is there in the place of a picture, and what will be asked. */
function Idle() {
  const { status } = camera.value;
  return (
    <p class="preview-idle">
      <CameraIcon />
      <span>{IDLE[status]?.() ?? strings.camera.off}</span>
      {status === 'off' && permission.value !== 'granted' && (
        <span class="preview-why">
          {permission.value === 'denied' ? strings.camera.blocked : strings.camera.willAsk}
        </span>
      )}
    </p>
  );
}

/** By the camera's status. */
const IDLE: Record<string, () => string> = {
  starting: () => (permission.value === 'granted' ? strings.camera.starting : strings.camera.asking),
  asleep: () => strings.camera.asleep,
};

/** Front or back, on devices that have both. */
function TurnButton() {
  const side = lens.value?.facing;
  if (!side || cameras.value.length < 2) return null;
  const other = side === 'user' ? 'environment' : 'user';
  const label = strings.camera.turn[other];
  return (
    <button
      type="button"
      class="button stage-tool preview-button"
      aria-label={label}
      title={label}
      onClick={() => turnCamera(other)}
    >
      <TurnIcon />
    </button>
  );
}

/** A photo dropped here is asked about; it is not learned from. */
function useDrop() {
  const [dropping, setDropping] = useState(false);
  const over = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    event.stopPropagation();
    event.dataTransfer.dropEffect = 'copy';
    setDropping(true);
  };
  return {
    dropping,
    onDragEnter: over,
    onDragOver: over,
    onDragLeave: ({ currentTarget, relatedTarget }: DragEvent & { currentTarget: HTMLElement }) => {
      if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) setDropping(false);
    },
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      event.stopPropagation();
      setDropping(false);
      const photo = event.dataTransfer?.files[0];
      if (photo) showPhoto(photo);
      else warn(strings.probe.noFile);
    },
  };
}
