import { useEffect, useState } from 'preact/hooks';
import type { EntryPictures, HistoryEntry } from '../history/history-entry.ts';
import { picturesOf } from '../history/requests.ts';
import { html } from '../parts/markup.ts';
import { texts } from '../parts/texts.ts';
import { BeforeAfter } from './before-after.ts';
import { BlobPicture, useObjectUrl } from './blob-picture.ts';

interface PictureViewProps {
  readonly entry: HistoryEntry;
  /** Which of its pictures is large. */
  readonly shown: number;
  readonly onShow: (index: number) => void;
}

/**
 * The pictures of a finished request: one large, beside its input where it had one, and the others to choose
 * from.
 */
export function PictureView({ entry, shown, onShow }: PictureViewProps) {
  const pictures = useEntryPictures(entry);
  const images = entry.result?.images ?? [];
  const alt = texts.stage.output(shown + 1, String(entry.body.prompt));
  const before = useObjectUrl(pictures?.input);
  const after = useOutputUrl(entry, pictures, shown);
  return html`
    <div class="mat">
      ${
        before !== undefined && after !== undefined
          ? html`<${BeforeAfter} before=${before} after=${after} alt=${alt} />`
          : after !== undefined && html`<img class="picture" src=${after} alt=${alt} />`
      }
    </div>
    ${
      images.length > 1 &&
      html`<div class="samples" role="group" aria-label=${texts.form.samples}>
        ${images.map(
          (image, index) => html`<button
            key=${image.file_name}
            type="button"
            aria-pressed=${index === shown}
            aria-label=${texts.stage.output(index + 1, String(entry.body.prompt))}
            onClick=${() => onShow(index)}
          >
            <${BlobPicture} blob=${pictures?.outputs?.[index]} alt="" />
          </button>`,
        )}
      </div>`
    }
  `;
}

/** A link that saves one of a request's pictures under the server's name for it. */
export function DownloadLink({ entry, shown }: { entry: HistoryEntry; shown: number }) {
  const url = useOutputUrl(entry, useEntryPictures(entry), shown);
  if (url === undefined) return undefined;
  return html`<a class="button primary" href=${url} download=${entry.result?.images[shown]?.file_name}>
    ${texts.stage.download}
  </a>`;
}

/** The pictures this browser keeps; undefined until they are read. */
function useEntryPictures({ id }: HistoryEntry): EntryPictures | undefined {
  const [pictures, setPictures] = useState<EntryPictures | undefined>(undefined);
  useEffect(() => void picturesOf(id).then(setPictures), [id]);
  return pictures;
}

/** Where this browser has kept none, the server's is shown for as long as it has it. */
function useOutputUrl(
  { result }: HistoryEntry,
  pictures: EntryPictures | undefined,
  shown: number,
): string | undefined {
  const own = useObjectUrl(pictures?.outputs?.[shown]);
  const url = result?.images[shown]?.url;
  if (own !== undefined || pictures === undefined || pictures.outputs) return own;
  return url?.slice(url.indexOf('/outputs/') + 1);
}
