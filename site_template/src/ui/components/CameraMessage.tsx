// What is wrong with the camera, and the way out; or what had to be done without.

import { framed } from '../camera.js';
import { camera, cameras, lens } from '../state.js';
import { strings } from '../strings.js';
import { AlertIcon, CameraIcon } from './Icons.jsx';

export function CameraMessage() {
  const { status, fault, compromise } = camera.value;
  if (fault) return <Fault fault={fault} />;
  if (status === 'asleep') return <Callout>{strings.camera.sleeping}</Callout>;
  if (status === 'on' && compromise) return <Callout>{strings.camera.compromises[compromise]}</Callout>;
  return null;
}

/** @param {{fault: import('../state.js').CameraFault}} props */
function Fault({ fault }) {
  const { faults, returned, another, open } = strings.camera;
  if (fault === 'unplugged' || fault === 'missing') {
    // Where the browser names no ids, any camera may be the one that was lost.
    const lost = fault === 'unplugged' ? lens.value?.id : undefined;
    if (cameras.value.some(({ id }) => !id || !lost || id === lost)) return <Callout>{returned}</Callout>;
    if (cameras.value.length) return <Callout error>{another}</Callout>;
  }
  if (fault === 'refused' && framed) return <Callout error>{faults.refusedInFrame}</Callout>;
  if (fault === 'policy' && !framed) return <Callout error>{faults.policyOfHost}</Callout>;
  if (fault !== 'policy') return <Callout error>{faults[fault]}</Callout>;
  return (
    <Callout error>
      {faults.policy}{' '}
      <a href={location.href} target="_blank" rel="noopener">
        {open}
      </a>
    </Callout>
  );
}

/** @param {{error?: boolean, children: import('preact').ComponentChildren}} props */
function Callout({ error = false, children }) {
  return (
    <p class={`callout ${error ? 'callout-error' : ''}`}>
      {error ? <AlertIcon /> : <CameraIcon />}
      <span>{children}</span>
    </p>
  );
}
