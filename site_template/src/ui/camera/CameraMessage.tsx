// What is wrong with the camera, and the way out; or what had to be done without.

import type { ComponentChildren } from 'preact';
import { type CameraFault, camera, cameras, lens } from '../document/state.ts';
import { strings } from '../i18n/strings.ts';
import { AlertIcon, CameraIcon } from '../shared/Icons.tsx';
import { framed } from './camera.ts';

export function CameraMessage() {
  const { status, fault, compromise } = camera.value;
  if (fault) return <Fault fault={fault} />;
  if (status === 'asleep') return <Callout>{strings.camera.sleeping}</Callout>;
  if (status === 'on' && compromise) return <Callout>{strings.camera.compromises[compromise]}</Callout>;
  return null;
}

function Fault({ fault }: { fault: CameraFault }) {
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

function Callout({ error = false, children }: { error?: boolean; children: ComponentChildren }) {
  return (
    <p class={`callout ${error ? 'callout-error' : ''}`}>
      {error ? <AlertIcon /> : <CameraIcon />}
      <span>{children}</span>
    </p>
  );
}
