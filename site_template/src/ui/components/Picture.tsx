import { useEffect, useState } from 'preact/hooks';

/**
 * A photo as an image. Its address exists only while it is on the page.
 * @param {object} props
 * @param {import('../state.js').Photo} props.photo
 * @param {number} props.size edge in CSS pixels
 * @param {string} [props.alt]
 */
export function Picture({ photo: { picture }, size, alt = '' }) {
  const [url, setUrl] = useState('');
  useEffect(() => {
    const made = URL.createObjectURL(picture);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [picture]);
  return <img src={url || undefined} alt={alt} width={size} height={size} decoding="async" draggable={false} />;
}
