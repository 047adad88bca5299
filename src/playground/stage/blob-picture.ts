import { useEffect, useState } from 'preact/hooks';
import { html } from '../parts/markup.ts';

/** An address for a blob, taken back when it is no longer shown. */
export function useObjectUrl(blob: Blob | undefined): string | undefined {
  const [shown, setShown] = useState<{ blob: Blob; url: string } | undefined>(undefined);
  useEffect(() => {
    if (blob === undefined) return setShown(undefined);
    const url = URL.createObjectURL(blob);
    setShown({ blob, url });
    return () => URL.revokeObjectURL(url);
  }, [blob]);
  return shown?.blob === blob ? shown?.url : undefined;
}

interface BlobPictureProps {
  readonly blob: Blob | undefined;
  readonly alt: string;
  readonly class?: string;
}

export function BlobPicture({ blob, alt, class: name }: BlobPictureProps) {
  const url = useObjectUrl(blob);
  return url === undefined
    ? html`<span class=${name} role="presentation"></span>`
    : html`<img class=${name} src=${url} alt=${alt} />`;
}
