import { useEffect, useState } from 'preact/hooks';
import type { Photo } from '../document/state.ts';

/** A photo as an image. Its address exists only while it is on the page. */
export function Picture({
  photo: { picture },
  size,
  alt = '',
}: {
  photo: Photo;
  /** Edge in CSS pixels. */
  size: number;
  alt?: string;
}) {
  const [url, setUrl] = useState('');
  useEffect(() => {
    const made = URL.createObjectURL(picture);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [picture]);
  return <img src={url || undefined} alt={alt} width={size} height={size} decoding="async" draggable={false} />;
}
