// What this page holds of a visitor, and where.

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { autosave, classes, photoCount } from '../document/state.ts';
import { fileSize } from '../i18n/format.ts';
import { strings } from '../i18n/strings.ts';
import { Fact, Facts } from './Facts.tsx';

export function StoredFacts() {
  const { hood } = strings;
  /** Bytes that the browser keeps for this site's origin; null where it does not say. */
  const kept = useSignal<number | null>(null);
  useEffect(() => {
    const ask = async () => {
      const estimate = await navigator.storage?.estimate?.();
      kept.value = estimate?.usage ?? null;
    };
    ask().catch(() => {
      // Storage is refused here, so nothing is kept in it.
      kept.value = null;
    });
  }, [photoCount.value, autosave.value.status]);

  return (
    <>
      <p>{hood.nothingLeaves}</p>
      <Facts>
        <Fact term={hood.sent}>{hood.sentValue}</Fact>
        <Fact term={hood.photosHere}>{hood.photosHereValue(hood.photos(photoCount.value), fileSize(bytesHere()))}</Fact>
        <Fact term={hood.kept}>{kept.value === null ? hood.unknown : fileSize(kept.value)}</Fact>
      </Facts>
      <p class="hood-small">{autosave.value.status === 'failed' ? hood.notKept : hood.keptWhat}</p>
    </>
  );
}

function bytesHere() {
  let bytes = 0;
  for (const { photos } of classes.value) for (const { picture } of photos.value) bytes += picture.size;
  return bytes;
}
